// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "audit/archive.h"
#include "encoding/text.h"
#include "operator_api/words.h"
#include "registry/sqlite/sqlite_store.h"
#include "registry/sqlite/statement.h"
#include "test/support/control_api_world.h"
#include "trail/event.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;

constexpr std::string_view kEvents = "/imprint/v1/audit-events";

/// Records events a minute apart, from now on: connects, every tenth of which is denied.
void record(ControlApiWorld& world, registry::Store& store, int count) {
  registry::ChangeSet changes;
  for (int i = 0; i < count; ++i) {
    changes.events.push_back({.time = world.clock.now() + std::chrono::minutes(i),
                              .step = "connect",
                              .outcome = i % 10 == 9 ? "denied" : "ok",
                              .client = fmt::format("c{}", i)});
  }
  ASSERT_TRUE(runtime::run_blocking(store.commit(std::move(changes))));
}

std::vector<std::int64_t> sequences(ControlApiWorld& world, const std::string& filter) {
  std::vector<std::int64_t> out;
  for (const std::string& element :
       world.follow("GET", fmt::format("{}?{}", kEvents, filter), "events", false, 7).elements)
    out.push_back(encoding::parse_json(element)->at("sequence").as_int64());
  return out;
}

TEST(AuditEvents, AreFilteredByStepOutcomeAndTimeNewestFirst) {
  ControlApiWorld world;
  const Timestamp start = world.clock.now();
  record(world, world.memory, 40);
  world.clock.advance(std::chrono::minutes(40));
  world.must("POST", "/things/t");
  EXPECT_THAT(sequences(world, "step=create_thing"), ElementsAre(41));
  EXPECT_THAT(sequences(world, "outcome=denied"), ElementsAre(40, 30, 20, 10));
  EXPECT_THAT(sequences(world, "outcome=denied&clientId=c9"), ElementsAre(10));
  EXPECT_THAT(sequences(world, "step=delete_thing"), ElementsAre());
  const auto at = [&](int minute) {
    return fmt::format("{:.3f}", epoch_seconds(start + std::chrono::minutes(minute)));
  };
  EXPECT_THAT(sequences(world, "step=connect&from=" + at(37)), ElementsAre(40, 39, 38));
  EXPECT_THAT(sequences(world, "step=connect&until=" + at(2)), ElementsAre(2, 1));
  EXPECT_THAT(sequences(world, "from=" + at(10) + "&until=" + at(12)), ElementsAre(12, 11));
  EXPECT_THAT(sequences(world, "from=" + at(1000)), ElementsAre());
  EXPECT_EQ(sequences(world, "step=connect").size(), 40U);
}

TEST(AuditEvents, RefuseFiltersThatCannotMatch) {
  ControlApiWorld world;
  const struct {
    std::string filter;
    const char* because;
  } rows[] = {
      {"outcome=bogus", "one of ok, rejected, denied, failed"},
      {"outcome=deneid", "did you mean \"denied\""},
      {"step=register_thin", "did you mean \"register_thing\""},
      {"step=zzzzzzzzzzzzzzzz", "register_thing, "},
      {"from=200&until=100", "later than from"},
      {"from=200&until=200", "later than from"},
  };
  for (const auto& row : rows) {
    const test::Reply reply = world.call("GET", fmt::format("{}?{}", kEvents, row.filter));
    EXPECT_EQ(reply.status, 400) << row.filter;
    EXPECT_THAT(reply.message(), HasSubstr(row.because)) << row.filter;
  }
  for (const rest::Operation& operation : world.api.router().operations()) {
    const std::string step = rest::step_of(operation.name);
    EXPECT_EQ(world.call("GET", fmt::format("{}?step={}", kEvents, step)).status, 200) << step;
  }
}

TEST(AuditEvents, AreFoundByTimeThoughTheyAreNotQuiteInOrder) {
  ControlApiWorld world;
  registry::ChangeSet changes;
  for (const int minute : {0, 4, 2, 6, 3, 8, 20}) {
    changes.events.push_back({.time = world.clock.now() + std::chrono::minutes(minute),
                              .step = "connect",
                              .outcome = "ok"});
  }
  ASSERT_TRUE(runtime::run_blocking(world.memory.commit(std::move(changes))));
  const auto at = [&](int minute) {
    return fmt::format("{:.0f}", epoch_seconds(world.clock.now() + std::chrono::minutes(minute)));
  };
  EXPECT_THAT(sequences(world, "until=" + at(4)), ElementsAre(5, 3, 1));
  EXPECT_THAT(sequences(world, "from=" + at(4)), ElementsAre(7, 6, 4, 2));
}

TEST(AuditEvents, AreFoundDespiteAnEventWithAWrongTime) {
  ControlApiWorld world;
  record(world, world.memory, 2);
  registry::ChangeSet changes;
  changes.events.push_back({.time = from_milliseconds(0), .step = "connect", .outcome = "ok"});
  ASSERT_TRUE(runtime::run_blocking(world.memory.commit(std::move(changes))));
  record(world, world.memory, 2);
  EXPECT_THAT(sequences(world, fmt::format("from={:.0f}", epoch_seconds(world.clock.now()))),
              ElementsAre(5, 4, 2, 1));
}

TEST(Refusals, AreListedByCategoryNewestFirst) {
  ControlApiWorld world;
  registry::ChangeSet changes;
  const auto add = [&](trail::Outcome outcome, trail::Told told) {
    changes.events.push_back(trail::record({.time = world.clock.now(), .client = "c"},
                                           "register_thing"_step, outcome, told));
  };
  constexpr auto kNotAdmitted = outcome::FailureCategory::not_admitted;
  add(trail::Outcome::rejected, {.category = kNotAdmitted});
  add(trail::Outcome::ok, {.category = kNotAdmitted});
  add(trail::Outcome::rejected, {.category = outcome::FailureCategory::throttled});
  add(trail::Outcome::denied, {});
  add(trail::Outcome::rejected, {});
  add(trail::Outcome::rejected, {.because = "<b>", .category = kNotAdmitted});
  const test::ScratchFolder folder;
  const auto sqlite = std::move(*registry::SqliteStore::open(folder / "imprint.db"));
  for (registry::Store* store : {static_cast<registry::Store*>(&world.memory),
                                 static_cast<registry::Store*>(sqlite.get())}) {
    ASSERT_TRUE(runtime::run_blocking(store->commit(changes)));
    const auto of = [&](std::optional<std::string> category) {
      std::vector<std::int64_t> out;
      registry::Cursor cursor{.limit = 2};
      while (true) {
        const auto page = *runtime::run_blocking(store->list(
            registry::query::AuditEvents{.ascending = false, .refusal = category}, cursor));
        for (const registry::Record& record : page.records)
          out.push_back(std::get<registry::AuditEvent>(record).sequence);
        if (!page.next) return out;
        cursor.after = *page.next;
      }
    };
    EXPECT_THAT(of("not-admitted"), ElementsAre(6, 1));
    EXPECT_THAT(of(""), ElementsAre(6, 3, 1));
    EXPECT_EQ(of(std::nullopt).size(), 6U);
  }
  const test::Reply page = world.must("GET", "/imprint/v1/refusals?category=throttled");
  ASSERT_EQ(page.list("events").size(), 1U);
  EXPECT_EQ(page.list("events")[0].at("sequence").as_int64(), 3);
  expect_refusals(world, {{"unknown", "GET", "/imprint/v1/refusals?category=nonsense", "", 400,
                           "InvalidRequestException", "not-admitted"}});
}

TEST(AuditEvents, LookOnlySoFarForOnePage) {
  ControlApiWorld world;
  record(world, world.memory, 1);
  record(world, world.memory, 6'000);
  const test::Reply first =
      world.must("GET", fmt::format("{}?clientId=c0&step=delete_thing", kEvents));
  EXPECT_TRUE(first.list("events").empty());
  EXPECT_EQ(first.text("nextToken"), "") << "the client's index finds two";
  const test::Reply page = world.must("GET", fmt::format("{}?step=delete_thing", kEvents));
  EXPECT_TRUE(page.list("events").empty());
  EXPECT_NE(page.text("nextToken"), "");
  EXPECT_THAT(sequences(world, "step=delete_thing"), ElementsAre());
}

TEST(AuditEvents, RefuseTimesThatAreNone) {
  ControlApiWorld world;
  expect_refusals(world, {{"words", "GET", fmt::format("{}?from=yesterday", kEvents), "", 400,
                           "InvalidRequestException", "from"},
                          {"two dots", "GET", fmt::format("{}?until=1.2.3", kEvents), "", 400,
                           "InvalidRequestException", "seconds since 1970"},
                          {"beyond", "GET", fmt::format("{}?until=99999999999999999999", kEvents),
                           "", 400, "InvalidRequestException", "seconds since 1970"}});
}

TEST(AuditTrailApi, SaysWhereItStandsAndThatItHolds) {
  ControlApiWorld world;
  const test::Reply empty = world.must("GET", "/imprint/v1/audit-trail");
  EXPECT_EQ(empty.body.at("events").as_int64(), 0);
  EXPECT_TRUE(world.must("POST", "/imprint/v1/audit-trail/verify").body.at("intact").as_bool());
  record(world, world.memory, 1'200);
  const test::Reply trail = world.must("GET", "/imprint/v1/audit-trail");
  EXPECT_EQ(trail.body.at("events").as_int64(), 1'200);
  EXPECT_EQ(trail.body.at("first").as_int64(), 1);
  EXPECT_EQ(trail.body.at("last").as_int64(), 1'200);
  EXPECT_TRUE(trail.list("archive").empty()) << "switched off";
  const test::Reply checked = world.must("POST", "/imprint/v1/audit-trail/verify");
  EXPECT_TRUE(checked.body.at("intact").as_bool());
  EXPECT_EQ(checked.body.at("checked").as_int64(), 1'200);
  EXPECT_EQ(checked.text("head"), trail.text("head"));
  EXPECT_EQ(world.events().size(), 1'200U) << "reading the trail adds no event";
}

TEST(AuditTrailApi, NamesWhatWasTamperedWith) {
  const test::ScratchFolder folder;
  const auto file = folder / "imprint.db";
  auto store = *registry::SqliteStore::open(file);
  ControlApiWorld world(store.get());
  record(world, *store, 50);
  {
    auto raw = *registry::Connection::open(file.string(), registry::Connection::Mode::read_write);
    ASSERT_TRUE(
        raw->execute("UPDATE audit_events SET body=json_set(body,'$.outcome','denied') "
                     "WHERE sequence=7"));
  }
  const test::Reply checked = world.must("POST", "/imprint/v1/audit-trail/verify");
  EXPECT_FALSE(checked.body.at("intact").as_bool());
  EXPECT_THAT(checked.text("problem"), HasSubstr("altered: event 7"));
  EXPECT_EQ(checked.body.at("checked").as_int64(), 6);
}

/// Operations that change no records, or whose event is tested elsewhere.
bool changes_nothing(std::string_view name) {
  static const std::set<std::string_view> kNames = {
      // answers only
      "Explain",     "SearchIndex",      "TestAuthorization", "LintTemplate",
      "TryTemplate", "VerifyAuditTrail", "WatchLive"};
  return kNames.contains(name) || name.starts_with("Get") || name.starts_with("List") ||
         name.starts_with("Describe");
}

TEST(AuditDuty, OnlyTheseOperationsThatAreNoGetLeaveNoEvent) {
  // A new operation that changes something needs a test in a ControlApiWorld, which fails on a
  // change without an event. The operations of this list do not need one.
  std::set<std::string_view> others;
  ControlApiWorld world;
  for (const rest::Operation& row : world.api.router().operations()) {
    if (row.method == "GET") EXPECT_TRUE(changes_nothing(row.name)) << row.name;
    if (row.method != "GET" && changes_nothing(row.name)) others.insert(row.name);
  }
  EXPECT_THAT(others, testing::UnorderedElementsAre("SearchIndex", "TestAuthorization",
                                                    "LintTemplate", "TryTemplate",
                                                    "ListAttachedPolicies", "ListTargetsForPolicy",
                                                    "VerifyAuditTrail", "GetEffectivePolicies"));
}

}  // namespace
}  // namespace imprint::operator_api
