// SPDX-License-Identifier: Apache-2.0
#include "audit/archive.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "audit/archive_line.h"
#include "audit/chain_check.h"
#include "registry/audit_chain.h"
#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"
#include "test/support/quiet_log.h"
#include "test/support/scratch_folder.h"

namespace imprint::audit {
namespace {

using registry::AuditEvent;
using registry::ChainPlace;
using runtime::run_blocking;
using testing::HasSubstr;

constexpr Timestamp kNoon{Milliseconds(1'772'366'400'000)};  // 2026-03-01T12:00:00Z
constexpr auto kDay = std::chrono::hours(24);

/// Events chained as a store does it.
std::vector<AuditEvent> chain(std::size_t count, Timestamp from = kNoon,
                              Milliseconds apart = std::chrono::minutes(1)) {
  registry::AuditTrail trail;
  std::vector<AuditEvent> events;
  for (std::size_t i = 0; i < count; ++i) {
    events.push_back({.time = from + apart * static_cast<std::int64_t>(i),
                      .step = "connect",
                      .outcome = "ok",
                      .client = fmt::format("c{}", i),
                      .detail = R"({"a":"\n"})"});
  }
  registry::append(trail, events);
  return events;
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

/// All events in the files of an archive. Checks that each file continues the previous one.
std::vector<AuditEvent> read_back(const std::filesystem::path& folder, ChainPlace from = {}) {
  std::vector<AuditEvent> out;
  const std::vector<ArchiveFile> files = *archive_files(folder);
  for (const ArchiveFile& file : files) {
    const auto done = for_each_line(file.path, [&](const Line& line) -> Result<bool> {
      EXPECT_TRUE(line.is_complete) << file.path;
      if (line.number == 1) {
        const auto header = parse_header(line.text);
        EXPECT_TRUE(header) << file.path;
        EXPECT_EQ(header->after, out.empty() ? from : registry::place_of(out.back()));
        EXPECT_EQ(file.first, header->after.sequence + 1);
      } else {
        out.push_back(*parse_event(line.text));
      }
      return true;
    });
    EXPECT_TRUE(done);
  }
  return out;
}

class ArchiveFiles : public testing::Test {
 protected:
  ArchiveWriter open(std::uint64_t file_size = 1U << 20U, std::optional<Seconds> keep = {}) {
    ArchiveWriter writer({.folder = folder_, .file_size = file_size, .keep = keep}, disk_);
    const auto found = writer.recover();
    EXPECT_TRUE(found) << found.error().message;
    if (!writer.last()) writer.begin_after({}, std::nullopt);
    return writer;
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    const std::vector<ArchiveFile> files = *archive_files(folder_);
    for (const ArchiveFile& file : files) out.push_back(file.path.filename().string());
    return out;
  }

  test::ScratchFolder scratch_;
  std::filesystem::path folder_ = scratch_ / "audit";
  ArchiveDisk disk_;
};

using Names = std::vector<std::string>;

TEST_F(ArchiveFiles, HoldEveryEventInOrderAndAreReadableByTheirOwnerOnly) {
  const std::vector<AuditEvent> events = chain(5);
  ArchiveWriter writer = open();
  ASSERT_TRUE(writer.append(std::span(events).first(2), kNoon));
  ASSERT_TRUE(writer.append(std::span(events).subspan(2), kNoon));
  EXPECT_EQ(read_back(folder_), events);
  EXPECT_EQ(names(), Names{"events-0000000000000001-20260301.jsonl"});
  EXPECT_EQ(mode_of(folder_), 0700U);
  EXPECT_EQ(mode_of(folder_ / names()[0]), 0600U);
}

TEST_F(ArchiveFiles, AreContinuedAfterARestart) {
  const std::vector<AuditEvent> events = chain(5);
  ASSERT_TRUE(open().append(std::span(events).first(2), kNoon));
  ArchiveWriter writer = open();
  EXPECT_EQ(writer.last(), registry::place_of(events[1]));
  ASSERT_TRUE(writer.append(std::span(events).subspan(2), kNoon));
  EXPECT_EQ(read_back(folder_), events);
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(ArchiveFiles, AreRotatedBySizeAndByDay) {
  const std::vector<AuditEvent> events =
      chain(4, kNoon + std::chrono::hours(12) - std::chrono::minutes(2));
  ASSERT_TRUE(open().append(events, kNoon));
  EXPECT_EQ(names(), (Names{"events-0000000000000001-20260301.jsonl",
                            "events-0000000000000003-20260302.jsonl"}));
  EXPECT_EQ(read_back(folder_), events);
  std::filesystem::remove_all(folder_);
  ASSERT_TRUE(open(1).append(events, kNoon));
  EXPECT_EQ(names().size(), 4U) << "each event fills its file";
  EXPECT_EQ(read_back(folder_), events);
}

TEST_F(ArchiveFiles, AreNotRotatedBackInTime) {
  std::vector<AuditEvent> events = chain(3);
  events[1].time -= kDay;
  ASSERT_TRUE(open().append(events, kNoon));
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(ArchiveFiles, AreRemovedWhenTheyAreOldButNeverTheNewest) {
  const std::vector<AuditEvent> events = chain(3);
  ArchiveWriter writer = open(1, Seconds(kDay));
  for (std::size_t i = 0; i < 3; ++i)
    ASSERT_TRUE(writer.append(std::span(events).subspan(i, 1), kNoon + i * kDay));
  EXPECT_EQ(*writer.prune(kNoon + kDay), 0U);
  EXPECT_EQ(*writer.prune(kNoon + 2 * kDay), 1U) << "the second began a day ago";
  EXPECT_EQ(*writer.prune(kNoon + 99 * kDay), 1U);
  EXPECT_EQ(names(), Names{"events-0000000000000003-20260301.jsonl"});
  EXPECT_EQ(*open(1).prune(kNoon + 999 * kDay), 0U) << "for ever";
}

TEST_F(ArchiveFiles, AreCutAfterTheLastCompleteLineWrittenBeforeACrash) {
  const std::vector<AuditEvent> events = chain(4);
  ASSERT_TRUE(open().append(events, kNoon));
  const std::filesystem::path file = folder_ / names()[0];
  const std::string whole = [&] {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  // Every length that a crash can leave, followed by bytes that a disk may leave in place of the
  // rest.
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    for (const std::string& rest : {std::string(), std::string(20, '\0'), std::string("x\ny\n")}) {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directory(folder_);
      std::ofstream(file) << whole.substr(0, length) << (length == 0 ? "" : rest);
      ArchiveWriter writer({.folder = folder_}, disk_);
      const auto found = writer.recover();
      if (!found) {  // not even a header: not a file of ours
        EXPECT_EQ(found.error().fault, Fault::conflict) << length << rest;
        continue;
      }
      if (!writer.last()) writer.begin_after({}, std::nullopt);
      const auto next = static_cast<std::size_t>(writer.last()->sequence);
      ASSERT_TRUE(writer.append(std::span(events).subspan(next), kNoon)) << length;
      EXPECT_EQ(read_back(folder_), events) << length << rest;
    }
  }
}

TEST_F(ArchiveFiles, AreKeptUnchangedIfDamagedBeforeTheirEnd) {
  const std::vector<AuditEvent> events = chain(20'000, kNoon, Milliseconds(1));
  ASSERT_TRUE(open(std::uint64_t{1} << 30U).append(std::span(events).first(19'000), kNoon));
  const std::filesystem::path file = folder_ / names()[0];
  const auto bytes = std::filesystem::file_size(file);
  {
    std::fstream damage(file, std::ios::in | std::ios::out);
    damage.seekp(2'000);
    damage << "\n";
    std::ofstream more(file, std::ios::app);
    more << std::string(std::size_t{6} << 20U, '\n');
  }
  ArchiveWriter writer({.folder = folder_}, disk_);
  const auto found = writer.recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->damaged, file.string());
  EXPECT_EQ(found->cut, 0U);
  EXPECT_GT(std::filesystem::file_size(file), bytes);
  const auto next = static_cast<std::size_t>(found->last->sequence);
  EXPECT_LT(next, 20U);
  ASSERT_TRUE(writer.append(std::span(events).subspan(next, 2), kNoon));
  EXPECT_EQ(names().size(), 2U);
}

/// Loses power at the Nth operation: a write then stores only half of its bytes.
class FailingDisk final : public ArchiveDisk {
 public:
  struct PowerCut {};
  explicit FailingDisk(int left) : left_(left) {}
  bool throws = true;

  Result<void> write(int descriptor, std::string_view bytes,
                     const std::filesystem::path& path) override {
    if (!is_last()) return ArchiveDisk::write(descriptor, bytes, path);
    EXPECT_TRUE(ArchiveDisk::write(descriptor, bytes.substr(0, bytes.size() / 2), path));
    return give_up();
  }
  Result<void> sync(int descriptor, const std::filesystem::path& path) override {
    return is_last() ? give_up() : ArchiveDisk::sync(descriptor, path);
  }
  Result<void> sync_folder(const std::filesystem::path& folder) override {
    return is_last() ? give_up() : ArchiveDisk::sync_folder(folder);
  }

 private:
  bool is_last() { return left_-- == 0; }
  Result<void> give_up() const {
    if (throws) throw PowerCut();
    return fail(Fault::unavailable, "the disk is full");
  }
  int left_;
};

/// Appends in batches of three, to files of about two events; true if all events were appended.
bool append_all(ArchiveWriter& writer, const std::vector<AuditEvent>& events) {
  if (!writer.recover()) return false;
  if (!writer.last()) writer.begin_after({}, std::nullopt);
  for (auto next = static_cast<std::size_t>(writer.last()->sequence); next < events.size();
       next = static_cast<std::size_t>(writer.last()->sequence)) {
    const std::size_t count = std::min<std::size_t>(3, events.size() - next);
    if (!writer.append(std::span(events).subspan(next, count), kNoon)) return false;
  }
  return true;
}

TEST_F(ArchiveFiles, AreSetAsideIfDamagedFromTheFirstEventOn) {
  const std::vector<AuditEvent> events = chain(3);
  ASSERT_TRUE(open().append(std::span(events).first(1), kNoon));
  const std::filesystem::path file = folder_ / names()[0];
  std::string header;
  std::getline(std::ifstream(file), header);
  std::ofstream(file, std::ios::trunc) << header << "\n" << std::string(6U << 20U, 'x') << "\n";
  ArchiveWriter writer({.folder = folder_}, disk_);
  const auto found = writer.recover();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->damaged, file.string() + ".damaged");
  EXPECT_GT(std::filesystem::file_size(found->damaged), 6U << 20U) << "as it was";
  ASSERT_TRUE(writer.append(events, kNoon));
  EXPECT_EQ(read_back(folder_), events);
  EXPECT_EQ(ArchiveWriter({.folder = folder_}, disk_).recover()->damaged, "");
}

TEST_F(ArchiveFiles, AreCompleteWhereverThePowerIsCut) {
  const std::vector<AuditEvent> events = chain(9);
  bool is_done = false;
  int crashes = 0;
  for (int n = 0; !is_done; ++n) {
    std::filesystem::remove_all(folder_);
    FailingDisk disk(n);
    try {
      ArchiveWriter writer({.folder = folder_, .file_size = 500}, disk);
      is_done = append_all(writer, events);
      EXPECT_TRUE(is_done);
    } catch (const FailingDisk::PowerCut&) {
      ++crashes;
    }
    ArchiveWriter after({.folder = folder_, .file_size = 500}, disk_);
    ASSERT_TRUE(append_all(after, events)) << n;
    EXPECT_EQ(read_back(folder_), events) << "power cut " << n;
  }
  EXPECT_GT(crashes, 12);
}

TEST_F(ArchiveFiles, AreCompleteAfterTheDiskWasFull) {
  const std::vector<AuditEvent> events = chain(9);
  for (int n = 0; n < 25; ++n) {
    std::filesystem::remove_all(folder_);
    FailingDisk disk(n);
    disk.throws = false;
    ArchiveWriter writer({.folder = folder_, .file_size = 500}, disk);
    if (!append_all(writer, events)) ASSERT_TRUE(append_all(writer, events)) << n;
    EXPECT_EQ(read_back(folder_), events) << "failure " << n;
  }
}

TEST(ArchiveLine, RoundTripsThroughText) {
  const AuditEvent event = chain(1)[0];
  std::string line = write_event(event);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  line.pop_back();
  EXPECT_EQ(*parse_event(line), event);
  const FileHeader header{registry::place_of(event), kNoon, 1};
  line = write_header(header);
  line.pop_back();
  EXPECT_EQ(*parse_header(line), header);
}

TEST(ArchiveLine, RejectsMalformedLines) {
  const std::string hash(64, '0');
  const std::pair<std::string, std::string> headers[] = {
      {"", "JSON"},
      {"[]", "not the header"},
      {R"({"archive":"imprint-audit-2"})", "not the header"},
      {R"({"archive":"imprint-audit-1"})", "after is missing or not a valid number"},
      {R"({"archive":"imprint-audit-1","after":-1,"created":0})",
       "after is missing or not a valid number"},
      {R"({"archive":"imprint-audit-1","after":1.5,"created":0})",
       "after is missing or not a valid number"},
      {R"({"archive":"imprint-audit-1","after":0})", "created is missing or not a valid number"},
      {R"({"archive":"imprint-audit-1","after":0,"created":0})", "no hash"},
      {R"({"archive":"imprint-audit-1","after":0,"created":0,"hash":"00"})", "no hash"},
      {R"({"archive":"imprint-audit-1","after":0,"created":0,"hash":")" + hash +
           R"(","missing_from":"x"})",
       "missing_from is missing or not a valid number"},
  };
  for (const auto& [line, message] : headers) {
    const auto parsed = parse_header(line);
    ASSERT_FALSE(parsed) << line;
    if (message != "JSON") EXPECT_THAT(parsed.error().message, HasSubstr(message)) << line;
  }
  for (const std::string& line :
       {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"sequence":-1})"),
        std::string(R"({"sequence":1,"time":-5})"),
        std::string(R"({"sequence":1,"time":1,"step":2})"),
        std::string(R"({"sequence":1,"time":1,"hash":"x"})"),
        std::string(R"({"sequence":9223372036854775807,"time":1})")})
    EXPECT_FALSE(parse_event(line)) << line;
}

// ---- following a store ----

class FollowingArchive : public testing::Test {
 protected:
  void record(std::size_t count) {
    registry::ChangeSet changes;
    for (std::size_t i = 0; i < count; ++i)
      changes.events.push_back({.time = clock_.now(), .step = "connect", .outcome = "ok"});
    EXPECT_TRUE(run_blocking(store_.commit(std::move(changes))));
  }
  void forget(std::int64_t through) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Forget{through});
    EXPECT_TRUE(run_blocking(store_.commit(std::move(changes))));
  }
  /// Runs an archive from start to stop: all events recorded before are archived.
  std::int64_t archive(std::string* problem = nullptr) {
    Archive archive(store_, {.folder = folder_}, clock_, log_);
    archive.start();
    archive.stop();
    if (problem != nullptr) *problem = archive.problem();
    return archive.through();
  }
  std::vector<AuditEvent> recorded() {
    return *run_blocking(registry::list_all<AuditEvent>(store_, registry::query::AuditEvents{}));
  }

  test::MemoryStore store_;
  test::FakeClock clock_;
  telemetry::Log log_ = test::quiet_log();
  test::ScratchFolder scratch_;
  std::filesystem::path folder_ = scratch_ / "audit";
};

TEST_F(FollowingArchive, WritesAllEventsOfTheStoreFromTheFirstOn) {
  EXPECT_EQ(archive(), 0);
  record(2'500);
  EXPECT_EQ(archive(), 2'500);
  record(3);
  EXPECT_EQ(archive(), 2'503);
  EXPECT_EQ(read_back(folder_), recorded());
}

TEST_F(FollowingArchive, WritesEventsWhileTheyAreRecorded) {
  Archive archive(store_, {.folder = folder_}, clock_, log_);
  store_.watch([&](const registry::ChangeSet&) { archive.wake(); });
  archive.start();
  for (int i = 0; i < 50; ++i) record(3);
  archive.stop();
  EXPECT_EQ(read_back(folder_), recorded());
}

TEST_F(FollowingArchive, BeginsWithTheOldestStoredEventAndRecordsAGap) {
  record(5);
  forget(2);
  EXPECT_EQ(archive(), 5);
  const ChainPlace second = std::get<registry::AuditTrail>(
                                **run_blocking(store_.find({registry::audit_trail_key()}))->begin())
                                .forgotten;
  EXPECT_EQ(read_back(folder_, second), recorded());
  // The archive is switched off for a while.
  record(5);
  forget(8);
  EXPECT_EQ(archive(), 10);
  const auto files = *archive_files(folder_);
  ASSERT_EQ(files.size(), 2U);
  ASSERT_TRUE(for_each_line(files[1].path, [](const Line& line) -> Result<bool> {
    const auto header = parse_header(line.text);
    EXPECT_EQ(header->missing_from, 6);
    EXPECT_EQ(header->after.sequence, 8);
    return false;
  }));
}

TEST_F(FollowingArchive, IsNotContinuedFromAnotherStore) {
  record(5);
  EXPECT_EQ(archive(), 5);
  test::MemoryStore& other = store_;
  std::destroy_at(&other);
  std::construct_at(&other);
  clock_.advance(Seconds(1));
  record(2);
  std::string problem;
  EXPECT_EQ(archive(&problem), 0) << "so that retention deletes nothing";
  EXPECT_THAT(problem, HasSubstr("ends with event 5"));
  record(9);
  EXPECT_EQ(archive(&problem), 0);
  EXPECT_THAT(problem, HasSubstr("does not have"));
}

}  // namespace
}  // namespace imprint::audit
