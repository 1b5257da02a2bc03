// SPDX-License-Identifier: Apache-2.0
#include "telemetry/audit_budget.h"

#include <gtest/gtest.h>

namespace imprint::telemetry {
namespace {

TEST(AuditBudget, RefillsUpToTheBurst) {
  AuditBudget budget{Monotonic{}};
  Monotonic now{};
  for (int i = 1; i <= AuditBudget::kBurst; ++i) {
    const auto grant = budget.take(now);
    ASSERT_TRUE(grant) << i;
    EXPECT_EQ(grant->is_last, i == AuditBudget::kBurst) << i;
  }
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(budget.take(now));
  now += AuditBudget::kEach;
  EXPECT_EQ(budget.take(now)->left_out, 3U);
  EXPECT_FALSE(budget.take(now));
  now += AuditBudget::kEach * 1'000'000;
  EXPECT_EQ(budget.take(now)->left_out, 1U);
  for (int i = 1; i < AuditBudget::kBurst; ++i) EXPECT_EQ(budget.take(now)->left_out, 0U) << i;
  EXPECT_FALSE(budget.take(now));
}

}  // namespace
}  // namespace imprint::telemetry
