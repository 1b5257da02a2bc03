// SPDX-License-Identifier: Apache-2.0
#include "provisioning/failure_category.h"

#include <gtest/gtest.h>

#include "provisioning/caller.h"

namespace imprint::provisioning {
namespace {

using enum telemetry::FailureCategory;

TEST(FailureCategory, FollowsTheCodeAndThenTheFault) {
  struct Row {
    Error error;
    telemetry::FailureCategory expected;
  };
  const std::vector<Row> rows = {
      {{Fault::invalid, "m", "", code::kInvalidCsr}, invalid_csr},
      {{Fault::invalid, "m", "", code::kInvalidToken}, invalid_token},
      {{Fault::forbidden, "m", "", code::kNotListed}, not_admitted},
      {{Fault::forbidden, "m", "", code::kClaimRefused}, claim_refused},
      {{Fault::unavailable, "m", "", code::kHookTimedOut}, hook_timed_out},
      {{Fault::conflict, "m", "", code::kDuplicateDevice}, duplicate_device},
      {{Fault::conflict, "m", "", code::kRegistrationFailure}, template_failed},
      {{Fault::forbidden, "m", "", code::kLimitReached}, limit_reached},
      {{Fault::unavailable, "m"}, unavailable},
      {{Fault::internal, "m"}, internal},
      {{Fault::exhausted, "m"}, throttled},
      {{Fault::invalid, "m", "", "SomethingNew"}, invalid_parameters},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(to_string(category_of(row.error)), to_string(row.expected)) << row.error.code;
  }
}

TEST(Codes, NarrowOnesStayInside) {
  EXPECT_EQ(code::on_the_wire(code::kHookFailed), code::kAccessDenied);
  EXPECT_EQ(code::on_the_wire(code::kDuplicateDevice), code::kResourceConflicts);
  EXPECT_EQ(code::on_the_wire(code::kInvalidCsr), code::kInvalidCsr);
  EXPECT_EQ(code::on_the_wire(""), "");
}

}  // namespace
}  // namespace imprint::provisioning
