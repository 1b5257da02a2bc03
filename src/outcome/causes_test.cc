// SPDX-License-Identifier: Apache-2.0

#include "outcome/causes.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <set>

namespace imprint::outcome {
namespace {

using ::testing::HasSubstr;

TEST(Causes, HaveNamesOfTheirOwnAndSayHowTheyAreAnswered) {
  std::set<std::string_view> names;
  for (const CauseInfo& info : kCauses) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(find_cause(info.name), Cause(info));
    EXPECT_EQ(info.status == 0, info.wire_code.empty()) << info.name;
    if (info.status == 429 || info.status >= 500) EXPECT_EQ(info.again, Again::later) << info.name;
  }
  EXPECT_FALSE(find_cause("of a later version"));
}

TEST(Causes, AnErrorHasItsOwnOrTheOneOfItsFault) {
  const struct {
    Error error;
    Cause cause;
    Cause answered;
  } rows[] = {
      {{Fault::invalid, "m", "", "InvalidCsr"_cause}, "InvalidCsr"_cause, "InvalidCsr"_cause},
      {{Fault::forbidden, "m", "", "NotListed"_cause}, "NotListed"_cause, "NotListed"_cause},
      // One that no request is answered with.
      {{Fault::forbidden, "m", "", "PolicyDenies"_cause},
       "PolicyDenies"_cause,
       "AccessDenied"_cause},
      {{Fault::invalid, "m"}, "InvalidParameters"_cause, "InvalidParameters"_cause},
      {{Fault::forbidden, "m"}, "AccessDenied"_cause, "AccessDenied"_cause},
      {{Fault::not_found, "m"}, "ResourceNotFound"_cause, "ResourceNotFound"_cause},
      {{Fault::conflict, "m"}, "ResourceConflicts"_cause, "ResourceConflicts"_cause},
      {{Fault::exhausted, "m"}, "Throttled"_cause, "Throttled"_cause},
      {{Fault::unavailable, "m"}, "ServiceUnavailable"_cause, "ServiceUnavailable"_cause},
      {{Fault::internal, "m"}, "InternalError"_cause, "InternalError"_cause},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(name_of(cause_of(row.error)), name_of(row.cause));
    EXPECT_EQ(name_of(answered_cause_of(row.error)), name_of(row.answered));
  }
}

TEST(Causes, HaveRemediesThatNameNothingButTheEventsOwn) {
  for (const CauseInfo& info : kCauses) {
    for (const std::string_view remedy : {info.remedy, info.first_connection_remedy}) {
      EXPECT_NO_THROW(std::ignore = fmt::format(fmt::runtime(remedy), fmt::arg("certificate", "ab"),
                                                fmt::arg("hook", "arn")))
          << info.name;
    }
  }
}

TEST(Causes, DoNotRevealTheOperatorsRulesToDevices) {
  for (const std::string_view name : {"NotListed", "Blocked", "ListMissing", "ClaimRefused",
                                      "HookDenied", "LimitReached", "KeyRefused"})
    EXPECT_EQ(find_cause(name)->wire_code, "AccessDenied") << name;
  EXPECT_EQ("DuplicateDevice"_cause->wire_code, "ResourceConflicts");
}

TEST(FailureCategories, HaveDistinctNamesAndSayWhatToDo) {
  std::set<std::string_view> names;
  for (const FailureCategoryInfo& info : failure_categories()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.title.empty());
    EXPECT_FALSE(info.remedy.empty());
    EXPECT_EQ(&info_of(info.category), &info);
    EXPECT_EQ(find_category(info.name), info.category);
  }
  EXPECT_FALSE(find_category("of a later version"));
}

// ---- docs/causes.md ----

/// docs/causes.md, made of the table.
std::string page() {
  std::string out =
      "# Why a device was refused\n\n"
      "Every refusal has a cause. `imprint explain` goes by it, the audit trail has it as `cause` "
      "in an event's\ndetail, and it decides what the device is told, what the failure counts as "
      "and what there is to do.\n\n"
      "This page is made of the table in `src/outcome/causes.h` by "
      "`IMPRINT_UPDATE_GOLDEN=1 build/bin/outcome_test`.\n";
  for (const CauseInfo& info : kCauses) {
    out += fmt::format("\n## {}\n\n", info.name);
    if (info.status != 0)
      out += fmt::format("- The device is told: {} `{}`\n", info.status, info.wire_code);
    out += fmt::format("- Counts as: `{}`\n", to_string(info.category));
    out += fmt::format("- The same request again: {}\n",
                       info.again == Again::later ? "may succeed later by itself"
                                                  : "fails again until something is changed");
    if (!info.remedy.empty()) out += fmt::format("\n{}\n", info.remedy);
    if (!info.first_connection_remedy.empty())
      out += fmt::format("\nAt a first connection: {}\n", info.first_connection_remedy);
  }
  return out;
}

TEST(Causes, AreTheOnesOfThePageOnThem) {
  const std::string path = IMPRINT_TEST_DIR "/../docs/causes.md";
  if (std::getenv("IMPRINT_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << page();
  std::ifstream file(path);
  const std::string found((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(found, page()) << "IMPRINT_UPDATE_GOLDEN=1 writes it anew";
  for (const CauseInfo& info : kCauses)
    EXPECT_THAT(found, HasSubstr(fmt::format("\n## {}\n", info.name)));
}

}  // namespace
}  // namespace imprint::outcome
