// SPDX-License-Identifier: Apache-2.0
#include "trail/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "outcome/causes.h"

namespace imprint::trail {
namespace {

TEST(Steps, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const StepInfo& info : kSteps) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.tried.empty()) << info.name;
    EXPECT_EQ(find_step(info.name), Step(info));
  }
  EXPECT_FALSE(find_step("update_thing")) << "an operation of the REST API";
}

TEST(Outcomes, AreReadAsTheyAreWritten) {
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(parse_outcome(to_string(outcome)), outcome);
  }
  EXPECT_EQ(parse_outcome("of a later version"), Outcome::failed);
}

TEST(Events, AreReadAsTheyAreWritten) {
  const Told told{.is_of_claim = true,
                  .from = "10.0.0.1",
                  .resource = "a/b",
                  .because = "it is so",
                  .cause = "NotListed"_cause,
                  .category = outcome::FailureCategory::not_admitted};
  const registry::AuditEvent stored =
      record({.actor = "ab", .client = "d"}, "register_thing"_step, Outcome::rejected, told,
             Rejection{.template_name = "T",
                       .status_code = 403,
                       .error_code = "AccessDenied",
                       .is_final = true,
                       .rule = "list a"});
  EXPECT_EQ(stored.step, "register_thing");
  EXPECT_EQ(stored.outcome, "rejected");
  EXPECT_EQ(stored.refused_for, outcome::FailureCategory::not_admitted);
  EXPECT_EQ(stored.detail,
            R"({"claim":true,"from":"10.0.0.1","resource":"a/b","because":"it is so",)"
            R"("cause":"NotListed","category":"not-admitted","template":"T","statusCode":403,)"
            R"("errorCode":"AccessDenied","final":true,"rule":"list a"})");
  const Event event = read(stored);
  EXPECT_TRUE(event.is("register_thing"_step));
  EXPECT_EQ(event.outcome, Outcome::rejected);
  EXPECT_EQ(event.record, stored);
  EXPECT_TRUE(event.told.is_of_claim);
  EXPECT_EQ(event.told.from, "10.0.0.1");
  EXPECT_EQ(event.told.resource, "a/b");
  EXPECT_EQ(event.told.because, "it is so");
  EXPECT_EQ(event.told.cause, "NotListed"_cause);
  EXPECT_EQ(event.told.category, outcome::FailureCategory::not_admitted);
  const auto& rejection = event.detail_as<Rejection>();
  EXPECT_EQ(rejection.template_name, "T");
  EXPECT_EQ(rejection.status_code, 403);
  EXPECT_EQ(rejection.error_code, "AccessDenied");
  EXPECT_TRUE(rejection.is_final);
  EXPECT_EQ(rejection.rule, "list a");
}

TEST(Events, OnlyARefusalIsSearchedByItsCategory) {
  const Told told{.category = outcome::FailureCategory::throttled};
  for (const Outcome outcome : {Outcome::rejected, Outcome::denied, Outcome::failed})
    EXPECT_EQ(record({}, "connect"_step, outcome, told).refused_for, told.category);
  EXPECT_FALSE(record({}, "connect"_step, Outcome::ok, told).refused_for);
  EXPECT_FALSE(record({}, "connect"_step, Outcome::denied).refused_for);
}

/// Each struct of details is what some step tells, and comes back as what it was.
TEST(Events, EveryStepReadsTheDetailThatItWrites) {
  for (const StepInfo& info : kSteps) {
    for (const auto& [outcome, read_detail] :
         {std::pair(Outcome::ok, info.ok), std::pair(Outcome::denied, info.refused)}) {
      const Detail wanted = read_detail(encoding::json::object());
      const Event event = read(record({}, Step(info), outcome, {}, wanted));
      EXPECT_EQ(event.detail.index(), wanted.index()) << info.name;
      EXPECT_TRUE(event.is(Step(info)));
    }
  }
}

TEST(Events, AreReadWithoutAMalformedDetail) {
  for (const char* detail : {"", "{", "[]", "7", R"({"because":7,"statusCode":"x","cause":[]})"}) {
    const Event event = read({.step = "register_thing", .outcome = "rejected", .detail = detail});
    EXPECT_TRUE(event.is("register_thing"_step)) << detail;
    EXPECT_EQ(event.detail_as<Rejection>().error_code, "") << detail;
    EXPECT_EQ(event.told.because, "") << detail;
  }
}

TEST(Events, KeepReadableFieldsBesideUnreadableOnes) {
  const Event event = read({.step = "connect",
                            .outcome = "denied",
                            .detail = R"({"claim":true,"category":"of a later version",)"
                                      R"("resource":7,"because":"so"})"});
  EXPECT_TRUE(event.told.is_of_claim);
  EXPECT_FALSE(event.told.category);
  EXPECT_EQ(event.told.resource, "");
  EXPECT_EQ(event.told.because, "so");
}

TEST(Events, OfAnOperationKeepItsOwnMembers) {
  const Event event = read({.step = "update_thing", .outcome = "ok", .detail = R"({"a":{"b":1}})"});
  EXPECT_FALSE(event.step);
  const auto* change = std::get_if<Change>(&event.detail);
  ASSERT_NE(change, nullptr);
  EXPECT_TRUE(change->contains("a"));
}

TEST(Events, AConnectionThatEndedIsTheDevicesDoingWhereItHasACause) {
  EXPECT_TRUE(read(record({}, "disconnect"_step, Outcome::failed, {.cause = "SlowReader"_cause}))
                  .is_of_device());
  EXPECT_FALSE(read(record({}, "disconnect"_step, Outcome::failed)).is_of_device());
  EXPECT_TRUE(read(record({}, "connect"_step, Outcome::ok)).is_of_device());
  EXPECT_FALSE(read(record({}, "alarm"_step, Outcome::raised)).is_of_device());
}

TEST(Events, CanGetFurtherDetails) {
  const registry::AuditEvent event =
      with({.step = "create_claim", .outcome = "ok", .detail = R"({"source_ip":"::1"})"},
           Issued{.serial = "07"});
  EXPECT_EQ(event.detail, R"({"source_ip":"::1","serial":"07"})");
}

}  // namespace
}  // namespace imprint::trail
