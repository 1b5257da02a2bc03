// SPDX-License-Identifier: Apache-2.0
#include "audit/verify.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/archive.h"
#include "audit/continuity.h"
#include "audit/trail_reader.h"
#include "registry/audit_chain.h"
#include "registry/sqlite/sqlite_store.h"
#include "registry/sqlite/statement.h"
#include "test/support/fake_clock.h"
#include "test/support/quiet_log.h"
#include "test/support/scratch_folder.h"

namespace imprint::audit {
namespace {

using registry::AuditEvent;
using registry::ChainPlace;
using runtime::run_blocking;
using testing::HasSubstr;

/// A deployment's trail of 12 events, three in each file of the archive; the store has deleted the
/// first four.
class Verify : public testing::Test {
 protected:
  Verify() {
    auto store = *registry::SqliteStore::open(files_.store);
    for (int i = 1; i <= 12; ++i) record(*store, i);
    archive(*store);
    const auto all =
        *run_blocking(registry::list_all<AuditEvent>(*store, registry::query::AuditEvents{}));
    for (const AuditEvent& event : all) places_[event.sequence] = registry::place_of(event);
    head_ = places_.at(12);
    registry::ChangeSet forget;
    forget.changes.emplace_back(registry::Forget{4});
    EXPECT_TRUE(run_blocking(store->commit(std::move(forget))));
  }

  static void record(registry::Store& store, int number) {
    registry::ChangeSet changes;
    changes.events.push_back({.time = from_milliseconds(1'772'366'400'000 + number),
                              .step = "connect",
                              .outcome = "ok",
                              .client = fmt::format("c{}", number)});
    EXPECT_TRUE(run_blocking(store.commit(std::move(changes))));
  }

  void archive(registry::Store& store) {
    Archive archive(store, {.folder = files_.archive, .file_size = 800}, clock_, log_);
    archive.start();
    archive.stop();
    EXPECT_EQ(archive.problem(), "");
  }

  /// A place in the original trail.
  [[nodiscard]] ChainPlace place_of(std::int64_t sequence) const { return places_.at(sequence); }

  Report report(const std::optional<ChainPlace>& noted = {}) {
    auto report = verify(files_, noted);
    EXPECT_TRUE(report) << report.error().message;
    return *report;
  }

  void expect_finding(std::string_view what, std::int64_t sequence, const std::string& where,
                      std::size_t line, const std::string& because,
                      const std::optional<ChainPlace>& noted = {}) {
    const Report found = report(noted);
    ASSERT_TRUE(found.finding);
    EXPECT_EQ(to_string(found.finding->problem.what), what) << found.finding->problem.because;
    EXPECT_EQ(found.finding->problem.sequence, sequence) << found.finding->problem.because;
    EXPECT_THAT(found.finding->where, HasSubstr(where));
    EXPECT_EQ(found.finding->line, line);
    EXPECT_THAT(found.finding->problem.because, HasSubstr(because));
  }

  void expect_lost(const std::string& part) {
    const auto checked = check_continuity(files_);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().fault, Fault::conflict);
    EXPECT_THAT(checked.error().message, HasSubstr(part));
  }

  void sql(const std::string& text) {
    auto raw =
        *registry::Connection::open(files_.store.string(), registry::Connection::Mode::read_write);
    const auto done = raw->execute(text);
    ASSERT_TRUE(done) << done.error().message;
  }

  std::vector<std::string> lines_of(std::size_t file) {
    std::vector<std::string> out;
    std::ifstream in((*archive_files(files_.archive))[file].path);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  void write_lines(std::size_t file, const std::vector<std::string>& lines) {
    std::ofstream out((*archive_files(files_.archive))[file].path, std::ios::trunc);
    for (const std::string& line : lines) out << line << '\n';
  }

  std::map<std::int64_t, ChainPlace> places_;
  ChainPlace head_;
  test::ScratchFolder scratch_;
  TrailFiles files_{scratch_ / "imprint.db", scratch_ / "audit"};
  test::FakeClock clock_;
  telemetry::Log log_ = test::quiet_log();
};

TEST_F(Verify, AcceptsAnUnchangedTrail) {
  const Report found = report();
  EXPECT_FALSE(found.finding) << found.finding->problem.because;
  EXPECT_EQ(found.archive.events, 12);
  EXPECT_EQ(found.archive.first, 1);
  EXPECT_EQ(found.archive.last, 12);
  EXPECT_EQ(found.store.events, 8);
  EXPECT_EQ(found.store.first, 5);
  EXPECT_GE(found.files, 3U);
  EXPECT_EQ(found.head.sequence, 12);
  EXPECT_TRUE(found.notes.empty());
  EXPECT_FALSE(report(found.head).finding);
}

TEST_F(Verify, AnArchiveIsContinuedOnlyByTheStoreThatItWasWrittenFrom) {
  EXPECT_TRUE(check_continuity(files_));
  write_lines(archive_files(files_.archive)->size() - 1, {"nonsense"});
  EXPECT_TRUE(check_continuity(files_)) << "the store has the remaining events";
  sql("UPDATE audit_trail SET body=json_set(body,'$.head',5)");
  expect_lost("the store with event 5");
  sql("UPDATE audit_trail SET body=json_set(body,'$.head',12); "
      "UPDATE audit_events SET body=json_set(body,'$.outcome','denied')");
  EXPECT_TRUE(check_continuity(files_)) << "altered events are found by imprint audit verify";
}

TEST_F(Verify, CountsEventsAndRevocationsThatAnOlderStoreLacks) {
  std::filesystem::copy_file(files_.store, scratch_ / "older.db");
  std::filesystem::remove_all(files_.archive);
  {
    const auto store = *registry::SqliteStore::open(files_.store);
    registry::ChangeSet changes;
    for (const auto& [status, outcome] : {std::pair("REVOKED", "ok"), std::pair("INACTIVE", "ok"),
                                          std::pair("REVOKED", "denied")}) {
      changes.events.push_back({.step = "update_certificate",
                                .outcome = outcome,
                                .certificate = std::string(64, 'a'),
                                .detail = fmt::format(R"({{"to":"{}"}})", status)});
    }
    ASSERT_TRUE(run_blocking(store->commit(std::move(changes))));
    archive(*store);
  }
  EXPECT_FALSE(*find_gap(files_));
  std::filesystem::rename(scratch_ / "older.db", files_.store);
  const auto gap = find_gap(files_);
  ASSERT_TRUE(gap && *gap);
  EXPECT_FALSE((*gap)->is_store_empty());
  EXPECT_EQ((*gap)->events, 3);
  EXPECT_EQ((*gap)->revoked, 1);
  EXPECT_EQ((*gap)->named, std::vector{std::string(64, 'a')});
  expect_lost("at least 3 events, in which 1 certificate was revoked");
}

TEST_F(Verify, AnEmptyOrDifferentStoreDoesNotContinueTheArchive) {
  std::filesystem::remove(files_.store);
  {
    const auto made = *registry::SqliteStore::open(files_.store);
  }
  expect_lost("ends with event 12, the store with event 0");
  {
    const auto other = *registry::SqliteStore::open(files_.store);
    for (int i = 21; i <= 40; ++i) record(*other, i);
  }
  expect_lost("the store with event 20, and the two differ");
  const auto aside = set_aside_path(files_.archive, clock_.now());
  ASSERT_TRUE(set_aside(files_.archive, aside));
  EXPECT_FALSE(archive_files(aside)->empty());
  EXPECT_TRUE(check_continuity(files_));
  EXPECT_EQ(set_aside_path(files_.archive, clock_.now()).string(), "");
}

TEST_F(Verify, FindsChangesToTheStore) {
  sql("UPDATE audit_events SET body=json_set(body,'$.outcome','denied') WHERE sequence=7");
  expect_finding("altered", 7, "the store", 0, "event 7 does not match its hash");
  sql("UPDATE audit_events SET body=json_set(body,'$.outcome','ok') WHERE sequence=7");
  EXPECT_FALSE(report().finding);
  sql("UPDATE audit_events SET client='x' WHERE sequence=8");
  expect_finding("altered", 8, "the store", 0, "filed under the client \"x\"");
  sql("UPDATE audit_events SET client='c8' WHERE sequence=8; "
      "DELETE FROM audit_events WHERE sequence IN (9,10)");
  expect_finding("removed", 9, "the store", 0, "events 9 to 10 are missing");
  sql("DELETE FROM audit_events WHERE sequence>8");
  expect_finding("removed", 9, "the store", 0, "ends with event 8 but should end with event 12");
}

TEST_F(Verify, FindsAnEventInsertedBeforeTheFirst) {
  sql("INSERT INTO audit_events (sequence, body) VALUES (3, '{\"sequence\":3,\"step\":\"x\"}')");
  expect_finding("inserted", 3, "the store", 0, "event 3 is where event 5 should be");
}

TEST_F(Verify, FindsAStoreThatWasCutTogetherWithItsHead) {
  const ChainPlace eighth = place_of(8);
  sql("DELETE FROM audit_events WHERE sequence>8; "
      "UPDATE audit_trail SET body=json_set(body,'$.head',8,'$.head_hash','" +
      to_string(eighth).substr(2) + "')");
  expect_finding("removed", 9, "the store", 0, "events 9 to 12 are only in the archive");
  std::filesystem::remove_all(files_.archive);
  EXPECT_FALSE(report().finding) << "the store alone does not show it";
  expect_finding("removed", 9, "the store", 0, "event 12 was noted", head_);
}

TEST_F(Verify, FindsAStoreWhoseChainWasRecomputed) {
  std::filesystem::remove(files_.store);
  {
    auto store = *registry::SqliteStore::open(files_.store);
    for (int i = 1; i <= 12; ++i) record(*store, i == 7 ? 70 : i);
  }
  expect_finding("altered", 12, "the store", 0, "differs from the one in the archive");
  std::filesystem::remove_all(files_.archive);
  EXPECT_FALSE(report().finding);
  expect_finding("altered", 12, "the store", 0, "is not the noted one", head_);
}

TEST_F(Verify, FindsChangesToAnArchiveFile) {
  const std::vector<std::string> whole = lines_of(1);
  ASSERT_GE(whole.size(), 3U);
  const std::string name = (*archive_files(files_.archive))[1].path.filename().string();
  const std::int64_t first = (*archive_files(files_.archive))[1].first;
  auto lines = whole;
  lines[1].replace(lines[1].find("\"ok\""), 4, "\"no\"");
  write_lines(1, lines);
  expect_finding("altered", first, name, 2, "does not match its hash");
  lines = whole;
  std::swap(lines[1], lines[2]);
  write_lines(1, lines);
  expect_finding("reordered", first, name, 2, "comes after later events");
  lines = whole;
  lines.insert(lines.begin() + 2, lines[1]);
  write_lines(1, lines);
  expect_finding("inserted", first, name, 3, "is where event");
  lines = whole;
  lines.erase(lines.begin() + 1);
  write_lines(1, lines);
  expect_finding("removed", first, name, 2, "is missing");
  lines = whole;
  lines[1] = "gone";
  write_lines(1, lines);
  expect_finding("altered", first, name, 2, "the line cannot be read");
  lines = whole;
  lines[0] = "{}";
  write_lines(1, lines);
  expect_finding("altered", first, name, 1, "not the header of an audit archive");
  lines = whole;
  lines.pop_back();
  write_lines(1, lines);
  const std::string next = (*archive_files(files_.archive))[2].path.filename().string();
  expect_finding("removed", first + static_cast<std::int64_t>(whole.size()) - 2, next, 1,
                 "the previous file ends");
  write_lines(1, whole);
  EXPECT_FALSE(report().finding);
  std::filesystem::remove((*archive_files(files_.archive))[1].path);
  expect_finding("removed", first, next, 1, "are missing: the previous file ends with event");
}

TEST_F(Verify, NotesAFileThatIsBeingWritten) {
  const auto newest = archive_files(files_.archive)->back().path;
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) - 5);
  const Report found = report();
  EXPECT_FALSE(found.finding) << found.finding->problem.because;
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_THAT(found.notes[0], HasSubstr("in the middle of a line"));
  const auto oldest = archive_files(files_.archive)->front().path;
  std::filesystem::resize_file(oldest, std::filesystem::file_size(oldest) - 5);
  EXPECT_TRUE(report().finding) << "no longer being written";
}

TEST_F(Verify, NotesEventsDeletedBeforeTheyWereArchived) {
  {
    auto store = *registry::SqliteStore::open(files_.store);
    for (int i = 13; i <= 16; ++i) record(*store, i);
    registry::ChangeSet forget;
    forget.changes.emplace_back(registry::Forget{14});
    EXPECT_TRUE(run_blocking(store->commit(std::move(forget))));
  }
  const Report without = report();
  EXPECT_FALSE(without.finding);
  ASSERT_EQ(without.notes.size(), 1U);
  EXPECT_THAT(without.notes[0], HasSubstr("events 13 to 14 are neither"));
  archive(**registry::SqliteStore::open(files_.store));
  const Report with = report();
  EXPECT_FALSE(with.finding);
  ASSERT_EQ(with.notes.size(), 1U);
  EXPECT_THAT(with.notes[0], HasSubstr("deleted events 13 to 14 before they were archived"));
}

TEST_F(Verify, FindsArchivedEventsMissingFromTheArchiveAndDeletedFromTheStore) {
  {
    auto store = *registry::SqliteStore::open(files_.store);
    registry::ChangeSet forget;
    forget.changes.emplace_back(registry::Forget{11, true});
    EXPECT_TRUE(run_blocking(store->commit(std::move(forget))));
  }
  EXPECT_FALSE(report().finding);
  std::filesystem::remove(archive_files(files_.archive)->back().path);
  expect_finding("removed", report().archive.last + 1, "the archive", 0, "to 11 were archived");
  std::filesystem::remove_all(files_.archive);
  EXPECT_FALSE(report().finding) << "the archive may have been moved";
  EXPECT_THAT(report().notes.at(0), HasSubstr("up to 11 were archived"));
}

TEST_F(Verify, ComparesANotedHeadOnlyWithExistingEvents) {
  EXPECT_FALSE(report(place_of(2)).finding) << "in the archive";
  expect_finding("altered", 2, "events-", 0, "not the noted one", ChainPlace{2, {}});
  std::filesystem::remove_all(files_.archive);
  EXPECT_FALSE(report(place_of(6)).finding) << "in the store";
  const auto forgotten = verify(files_, ChainPlace{2, {}});
  ASSERT_FALSE(forgotten);
  EXPECT_EQ(forgotten.error().fault, Fault::not_found);
}

TEST_F(Verify, ReadsEventsDeletedFromTheStoreInTheArchive) {
  const auto sequences = [&](std::int64_t after) {
    std::vector<std::int64_t> out;
    const auto last = for_each_event(files_, after, [&](const AuditEvent& event) -> Result<bool> {
      out.push_back(event.sequence);
      return out.size() < 100;
    });
    EXPECT_TRUE(last);
    return out;
  };
  EXPECT_THAT(sequences(0), testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  EXPECT_THAT(sequences(3), testing::ElementsAre(4, 5, 6, 7, 8, 9, 10, 11, 12));
  EXPECT_THAT(sequences(11), testing::ElementsAre(12));
  EXPECT_THAT(sequences(12), testing::ElementsAre());
  std::filesystem::remove_all(files_.archive);
  EXPECT_THAT(sequences(0), testing::ElementsAre(5, 6, 7, 8, 9, 10, 11, 12));
}

TEST(Place, RoundTripsThroughText) {
  Sha256 hash{};
  hash.fill(0xAB);
  const ChainPlace place{81'234, hash};
  EXPECT_EQ(*parse_place(to_string(place)), place);
  for (const std::string_view text :
       {"", ":", "5", "5:", "x:", "-5:0", "5:00", "99999999999999999999:00"}) {
    EXPECT_FALSE(parse_place(text)) << text;
    EXPECT_FALSE(parse_place(std::string(text) + "zz")) << text;
  }
}

}  // namespace
}  // namespace imprint::audit
