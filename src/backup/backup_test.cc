// SPDX-License-Identifier: Apache-2.0
#include "backup/backup.h"

#include <atomic>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "audit/archive.h"
#include "audit/verify.h"
#include "backup/tar.h"
#include "base/file.h"
#include "deployment/create.h"
#include "deployment/doctor.h"
#include "encoding/text.h"
#include "registry/sqlite/sqlite_store.h"
#include "test/support/fake_clock.h"
#include "test/support/quiet_log.h"
#include "test/support/shell.h"
#include "x509/digest.h"

namespace imprint::backup {
namespace {

using runtime::run_blocking;
using testing::HasSubstr;

constexpr std::string_view kDigest =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // of "abc"

std::string manifest_of(const std::string& files, const std::string& version = "1") {
  return R"({"format":"imprint-backup","version":)" + version + R"(,"created":5,"files":[)" +
         files + "]}";
}

std::string file_of(const std::string& path, const std::string& mode = "0600",
                    const std::string& size = "3") {
  return fmt::format(R"({{"path":"{}","mode":"{}","size":{},"sha256":"{}"}})", path, mode, size,
                     kDigest);
}

TEST(Manifest, RoundTrips) {
  const auto parsed = Manifest::parse(
      manifest_of(file_of("ca/issuing-ca.key") + "," + file_of("imprint.toml", "0644")));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto again = Manifest::parse(parsed->text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->entries, parsed->entries);
  EXPECT_EQ(again->created, parsed->created);
  EXPECT_EQ(again->total_bytes(), 6U);
}

TEST(Manifest, RefusesHarmfulAndInvalidManifests) {
  const struct {
    std::string name;
    std::string text;
    std::string message;
  } rows[] = {
      {"nothing", "", "JSON"},
      {"no object", "[]", "not an object"},
      {"another format", R"({"format":"tar","version":1})", "\"tar\""},
      {"a later version", manifest_of("", "2"), "format version 2"},
      {"no version", R"({"format":"imprint-backup"})", "version"},
      {"no files", R"({"format":"imprint-backup","version":1,"created":1})", "files"},
      {"no time", R"({"format":"imprint-backup","version":1,"files":[]})", "created"},
      {"a file that is none", manifest_of("1"), "not an object"},
      {"another file", manifest_of(file_of("passwd")), "not a file of a deployment"},
      {"an absolute path", manifest_of(file_of("/etc/passwd")), "not a file of a deployment"},
      {"upwards", manifest_of(file_of("../imprint.toml")), "not a file of a deployment"},
      {"upwards within", manifest_of(file_of("ca/../../x")), "not a file of a deployment"},
      {"two dots", manifest_of(file_of("ca/..")), "not a file of a deployment"},
      {"a deeper folder", manifest_of(file_of("ca/a/b")), "not a file of a deployment"},
      {"a task's folder", manifest_of(file_of("registrations/t")), "not a file of a deployment"},
      {"deeper than a task", manifest_of(file_of("registrations/t/a/b")),
       "not a file of a deployment"},
      {"upwards from a task", manifest_of(file_of("registrations/../x")),
       "not a file of a deployment"},
      {"a task without name", manifest_of(file_of("registrations//x")),
       "not a file of a deployment"},
      {"a hidden file", manifest_of(file_of("ca/.x")), "not a file of a deployment"},
      {"an empty name", manifest_of(file_of("ca/")), "not a file of a deployment"},
      {"no name", manifest_of(file_of("")), "not a file of a deployment"},
      {"a backslash", manifest_of(file_of("ca/a\\\\b")), "not a file of a deployment"},
      {"a null", manifest_of(file_of("ca/a\\u0000b")), "not a file of a deployment"},
      {"the log beside the store", manifest_of(file_of("imprint.db-wal")),
       "not a file of a deployment"},
      {"a folder", manifest_of(file_of("ca")), "not a file of a deployment"},
      {"a long name", manifest_of(file_of("ca/" + std::string(300, 'a'))),
       "not a file of a deployment"},
      {"twice", manifest_of(file_of("ca/a") + "," + file_of("ca/a")), "twice"},
      {"others may write", manifest_of(file_of("ca/a", "0666")), "\"0666\""},
      {"runs as its owner", manifest_of(file_of("ca/a", "4600")), "\"4600\""},
      {"a program", manifest_of(file_of("ca/a", "0755")), "\"0755\""},
      {"nobody may read", manifest_of(file_of("ca/a", "0000")), "\"0000\""},
      {"no octal mode", manifest_of(file_of("ca/a", "rw--")), "\"rw--\""},
      {"a negative size", manifest_of(file_of("ca/a", "0600", "-1")), "size"},
      {"half a byte", manifest_of(file_of("ca/a", "0600", "0.5")), "size"},
  };
  for (const auto& row : rows) {
    const auto parsed = Manifest::parse(row.text);
    ASSERT_FALSE(parsed) << row.name;
    EXPECT_EQ(parsed.error().fault, Fault::invalid) << row.name;
    EXPECT_THAT(parsed.error().message, HasSubstr(row.message)) << row.name;
  }
}

class BackupTest : public testing::Test {
 protected:
  BackupTest() : layout_(folder_ / "d") {
    EXPECT_TRUE(deployment::create(layout_.directory(), {}, clock_, random_));
    EXPECT_TRUE(registry::SqliteStore::open(layout_.store()));
  }
  void put_things(registry::Store& store, int from, int to) {
    for (int i = from; i < to; ++i) {
      registry::ChangeSet changes;
      changes.changes.emplace_back(registry::Put{
          registry::Thing{.name = *ThingName::parse(fmt::format("t{}", i)), .id = "i"}});
      changes.changes.emplace_back(registry::Count{"things"});
      ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
    }
  }
  Result<Manifest> back_up_now() { return back_up(layout_, folder_ / "b.tar", clock_); }
  Result<Manifest> restore_now(const std::string& file = "b.tar") {
    return restore(folder_ / file, folder_ / "r", random_);
  }
  /// A tar file with these members, in place of a backup.
  void forge(const std::vector<std::pair<std::string, std::string>>& members) {
    std::FILE* file = std::fopen((folder_ / "b.tar").c_str(), "w");
    ASSERT_NE(file, nullptr);
    {
      auto tar = TarWriter::open(fileno(file));
      ASSERT_TRUE(tar);
      for (const auto& [path, text] : members) {
        ASSERT_TRUE(tar->begin(path, 0600, text.size()));
        ASSERT_TRUE(tar->write(as_bytes(text)));
      }
      ASSERT_TRUE(tar->close());
    }
    std::fclose(file);
  }
  std::string listing() { return test::shell(folder_, "ls -A").output; }

  test::ScratchFolder folder_;
  deployment::Layout layout_;
  SystemClock clock_;
  SystemRandom random_;
};

TEST_F(BackupTest, IsRestoredWithContentAndModesAndIsHealthy) {
  {
    const auto store = registry::SqliteStore::open(layout_.store());
    ASSERT_TRUE(store);
    put_things(**store, 0, 10);
  }
  const auto made = back_up_now();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(test::shell(folder_, "stat -c %a b.tar").output, "600\n");
  EXPECT_EQ(listing(), "b.tar\nd\n") << "no temporary file is left";
  const auto restored = restore_now();
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->entries, made->entries);
  // Everything but the store, which is written anew, is identical bit for bit.
  EXPECT_EQ(test::shell(folder_, "diff -r --exclude='imprint.db*' d r").output, "");
  const std::string modes = " ! -name 'imprint.db-*' ! -name '*.lock' -printf '%P %m\\n' | sort";
  EXPECT_EQ(test::shell(folder_, "find r" + modes).output,
            test::shell(folder_, "find d" + modes).output);
  for (const deployment::Check& check : deployment::examine(folder_ / "r", clock_)) {
    // Another server on this machine may use the ports, and the limit of open files is the
    // machine's.
    if (check.name.ends_with("port") || check.name == "open files") continue;
    EXPECT_EQ(check.health, deployment::Health::ok) << check.name << ": " << check.found;
  }
  const auto store = registry::SqliteStore::open(deployment::Layout(folder_ / "r").store());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(
      run_blocking(registry::list_all<registry::Thing>(**store, registry::query::Things{}))->size(),
      10U);
}

TEST_F(BackupTest, CapturesOneMomentOfAStoreInUse) {
  auto store = registry::SqliteStore::open(layout_.store());
  ASSERT_TRUE(store);
  put_things(**store, 0, 200);
  std::atomic<bool> stop = false;
  std::atomic<int> written = 200;
  std::thread writer([&] {
    while (!stop) {
      put_things(**store, written, written + 1);
      ++written;
    }
  });
  std::vector<std::string> copies;
  for (int i = 0; i < 5; ++i) {
    const auto made = back_up(layout_, folder_ / fmt::format("b{}.tar", i), clock_);
    EXPECT_TRUE(made) << made.error().message;
  }
  stop = true;
  writer.join();
  for (int i = 0; i < 5; ++i) {
    const std::string copy = folder_ / fmt::format("r{}", i);
    const auto restored = restore(folder_ / fmt::format("b{}.tar", i), copy, random_);
    ASSERT_TRUE(restored) << restored.error().message;
    const auto again = registry::SqliteStore::open(deployment::Layout(copy).store());
    ASSERT_TRUE(again) << again.error().message;
    const auto things =
        run_blocking(registry::list_all<registry::Thing>(**again, registry::query::Things{}));
    const auto count = run_blocking(registry::get(**again, registry::counter_key("things")));
    ASSERT_TRUE(things && count);
    EXPECT_GE(things->size(), 200U);
    EXPECT_EQ(things->size(), static_cast<std::size_t>(count->value)) << "no partial transaction";
  }
}

TEST_F(BackupTest, IsRefusedWithoutAStore) {
  ASSERT_TRUE(back_up_now());
  const std::string before = test::slurp(folder_ / "b.tar");
  std::filesystem::remove(layout_.store());
  const auto refused = back_up_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::not_found);
  EXPECT_THAT(refused.error().message, HasSubstr("start imprintd once"));
  EXPECT_EQ(test::slurp(folder_ / "b.tar"), before) << "the good backup is kept";
}

TEST_F(BackupTest, ContainsReportsAndTheInputOfRunningTasks) {
  const auto folder = layout_.registrations();
  std::filesystem::create_directories(folder / "task-1");
  std::filesystem::create_directories(folder / "task-2");
  test::spill(folder / "task-1/results-00000.ndjson", "one\n");
  test::spill(folder / "task-1/errors-00000.ndjson", "");
  test::spill(folder / "task-2/input.ndjson", std::string(std::size_t{2} << 20U, 'x'));
  test::spill(folder / "task-2/input.ndjson.tmp", "half a copy");
  std::filesystem::create_directories(layout_.uploads() / "bucket");
  test::spill(layout_.uploads() / "bucket/key", "left out");
  ASSERT_TRUE(back_up_now());
  const auto restored = restore_now();
  ASSERT_TRUE(restored) << restored.error().message;
  const std::string differences = "diff -r --exclude='imprint.db*' d r";
  EXPECT_EQ(test::shell(folder_, differences).output,
            "Only in d/registrations/task-2: input.ndjson.tmp\nOnly in d: uploads\n");
  EXPECT_EQ(test::shell(folder_, "stat -c %a r/registrations r/registrations/task-1").output,
            "700\n700\n");
  std::filesystem::create_directory(folder / "task-1/folder");
  EXPECT_THAT(back_up_now().error().message, HasSubstr("task-1/folder"));
}

TEST_F(BackupTest, ContainsTheAuditArchiveUpToTheStoresPosition) {
  const auto record = [](registry::Store& store, int count) {
    registry::ChangeSet changes;
    for (int i = 0; i < count; ++i) changes.events.push_back({.step = "connect", .outcome = "ok"});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  };
  telemetry::Log log = test::quiet_log();
  const auto archive = [&](registry::Store& store, const deployment::Layout& layout) {
    audit::Archive archive(store, {.folder = layout.audit(), .file_size = 500}, clock_, log);
    archive.start();
    archive.stop();
    EXPECT_EQ(archive.problem(), "");
  };
  {
    const auto store = *registry::SqliteStore::open(layout_.store());
    record(*store, 6);
    archive(*store, layout_);
  }
  std::filesystem::copy_file(layout_.store(), folder_ / "older.db");
  {
    const auto store = *registry::SqliteStore::open(layout_.store());
    record(*store, 5);
    archive(*store, layout_);
  }
  // The archive has grown since the store was copied.
  std::filesystem::rename(folder_ / "older.db", layout_.store());
  ASSERT_TRUE(back_up_now());
  const auto restored = restore_now();
  ASSERT_TRUE(restored) << restored.error().message;
  const deployment::Layout at(folder_ / "r");
  EXPECT_EQ(test::shell(folder_, "stat -c %a r/audit").output, "700\n");
  {
    const auto store = *registry::SqliteStore::open(at.store());
    record(*store, 3);
    archive(*store, at);
  }
  const auto report = audit::verify({at.store(), at.audit()}, std::nullopt);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->finding) << report->finding->problem.because;
  EXPECT_EQ(report->archive.last, 9);
  EXPECT_EQ(report->store.last, 9);
}

TEST_F(BackupTest, CopiesReportsWhileTheyGrow) {
  const auto folder = layout_.registrations() / "task";
  std::filesystem::create_directories(folder);
  const auto report = folder / "results-00000.ndjson";
  test::spill(report, "begun\n");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) std::ofstream(report, std::ios::app) << "line\n";
  });
  for (int i = 0; i < 20; ++i) {
    const auto made = back_up_now();
    EXPECT_TRUE(made) << made.error().message;
  }
  stop = true;
  writer.join();
  ASSERT_TRUE(restore_now());
  EXPECT_THAT(test::slurp(folder_ / "r/registrations/task/results-00000.ndjson"),
              testing::StartsWith("begun\n"));
}

TEST_F(BackupTest, IsRefusedWhenItsStoreIsDamaged) {
  {
    const auto store = registry::SqliteStore::open(layout_.store());
    ASSERT_TRUE(store);
    put_things(**store, 0, 300);
  }
  std::string bytes = test::slurp(layout_.store());
  constexpr std::size_t kPage = 4096;
  ASSERT_GT(bytes.size(), 40 * kPage);
  bytes.replace(30 * kPage, kPage, kPage, '\xA5');
  const std::string digest = encoding::to_hex(x509::sha256(as_bytes(bytes)));
  // The backup itself is sound: the store in it was damaged before.
  forge({{"manifest.json", manifest_of(fmt::format(
                               R"({{"path":"imprint.db","mode":"0600","size":{},"sha256":"{}"}})",
                               bytes.size(), digest))},
         {"imprint.db", bytes}});
  const auto restored = restore_now();
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().fault, Fault::invalid);
  EXPECT_THAT(restored.error().message,
              testing::AllOf(HasSubstr("imprint.db in the backup"), HasSubstr("damaged"),
                             HasSubstr("use another backup")));
  EXPECT_EQ(listing(), "b.tar\nd\n");
  test::spill(layout_.store(), bytes);
  const auto made = back_up_now();
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("damaged"));
}

TEST_F(BackupTest, ReplacesAnOlderBackupOnlyWhenComplete) {
  ASSERT_TRUE(back_up_now());
  const std::string before = test::slurp(folder_ / "b.tar");
  std::filesystem::create_directory(folder_ / "d/ca/folder");
  const auto refused = back_up_now();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("ca/folder"));
  EXPECT_EQ(test::slurp(folder_ / "b.tar"), before);
  EXPECT_EQ(listing(), "b.tar\nd\n");
}

TEST_F(BackupTest, RefusesAnInvalidDeploymentOrTarget) {
  EXPECT_FALSE(back_up(deployment::Layout(folder_ / "gone"), folder_ / "b.tar", clock_));
  EXPECT_FALSE(back_up(layout_, folder_ / "no/such/folder/b.tar", clock_));
  std::filesystem::create_symlink("/etc/passwd", folder_ / "d/ca/link");
  EXPECT_FALSE(back_up_now()) << "a link could lead anywhere";
  EXPECT_EQ(listing(), "d\n");
}

TEST_F(BackupTest, LeavesAnExistingDirectoryAlone) {
  ASSERT_TRUE(back_up_now());
  std::filesystem::create_directory(folder_ / "r");
  const auto refused = restore_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::conflict);
  EXPECT_EQ(listing(), "b.tar\nd\nr\n");
  EXPECT_EQ(test::shell(folder_, "ls -A r").output, "");
}

TEST_F(BackupTest, RefusesACopyDamagedAnywhere) {
  ASSERT_TRUE(back_up_now());
  const std::string whole = test::slurp(folder_ / "b.tar");
  const auto expect_refused = [&](const std::string& bytes, const std::string& what) {
    test::spill(folder_ / "bad.tar", bytes);
    const auto restored = restore_now("bad.tar");
    EXPECT_FALSE(restored) << what;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "r")) << what;
    EXPECT_EQ(listing(), "b.tar\nbad.tar\nd\n") << what;
  };
  for (std::size_t cut = 0; cut + 20 * 512 < whole.size(); cut += 777)
    expect_refused(whole.substr(0, cut), fmt::format("cut at {}", cut));
  const std::size_t key = whole.find("PRIVATE KEY");
  ASSERT_NE(key, std::string::npos);
  std::string changed = whole;
  changed[key + 40] = changed[key + 40] == 'A' ? 'B' : 'A';
  expect_refused(changed, "one letter of a key");
  expect_refused("not a backup at all", "another file");
  expect_refused(std::string(4096, '\0'), "zeros");
}

TEST_F(BackupTest, RefusesAnArchiveThatDiffersFromItsManifest) {
  const std::string manifest = manifest_of(file_of("ca/a"));
  using Members = std::vector<std::pair<std::string, std::string>>;
  const struct {
    std::string name;
    Members members;
    std::string message;
  } rows[] = {
      {"no manifest", {{"ca/a", "abc"}}, "does not begin with manifest.json"},
      {"manifest later", {{"ca/a", "abc"}, {"manifest.json", manifest}}, "does not begin"},
      {"a file missing", {{"manifest.json", manifest}}, "ends before ca/a"},
      {"another file", {{"manifest.json", manifest}, {"ca/b", "abc"}}, "\"ca/b\""},
      {"another size", {{"manifest.json", manifest}, {"ca/a", "abcd"}}, "4 bytes"},
      {"another content", {{"manifest.json", manifest}, {"ca/a", "abd"}}, "SHA-256"},
      {"one file more",
       {{"manifest.json", manifest}, {"ca/a", "abc"}, {"../x", "abc"}},
       "\"../x\""},
      {"a path upwards",
       {{"manifest.json", manifest_of(file_of("../x"))}, {"../x", "abc"}},
       "not a file of a deployment"},
      {"an absolute path",
       {{"manifest.json", manifest_of(file_of("/tmp/imprint-x"))}, {"/tmp/imprint-x", "abc"}},
       "not a file of a deployment"},
  };
  for (const auto& row : rows) {
    forge(row.members);
    const auto restored = restore_now();
    ASSERT_FALSE(restored) << row.name;
    EXPECT_EQ(restored.error().fault, Fault::invalid) << row.name;
    EXPECT_THAT(restored.error().message, HasSubstr(row.message)) << row.name;
    EXPECT_EQ(listing(), "b.tar\nd\n") << row.name;
  }
}

TEST_F(BackupTest, IsRefusedWithoutTheRegistry) {
  const struct {
    std::string name;
    std::vector<std::pair<std::string, std::string>> members;
    std::string message;
  } rows[] = {
      {"an empty manifest", {{"manifest.json", manifest_of("")}}, "names no file"},
      {"no store",
       {{"manifest.json", manifest_of(file_of("ca/a"))}, {"ca/a", "abc"}},
       "has no imprint.db"},
      {"another file in its place",
       {{"manifest.json", manifest_of(file_of("imprint.db"))}, {"imprint.db", "abc"}},
       "cannot be used"},
  };
  for (const auto& row : rows) {
    forge(row.members);
    const auto restored = restore_now();
    ASSERT_FALSE(restored) << row.name;
    EXPECT_EQ(restored.error().fault, Fault::invalid) << row.name;
    EXPECT_THAT(restored.error().message, HasSubstr(row.message)) << row.name;
    EXPECT_EQ(listing(), "b.tar\nd\n") << row.name;
  }
}

TEST_F(BackupTest, DoesNotFollowLinks) {
  ASSERT_TRUE(back_up_now());
  test::shell(folder_, "mkdir x && printf '%s' '" + manifest_of(file_of("ca/a")) +
                           "' > x/manifest.json && mkdir x/ca && ln -s /etc/passwd x/ca/a && "
                           "tar -C x -cf link.tar manifest.json ca/a");
  const auto restored = restore_now("link.tar");
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().message, HasSubstr("ca/a"));
}

}  // namespace
}  // namespace imprint::backup
