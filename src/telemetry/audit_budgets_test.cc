// SPDX-License-Identifier: Apache-2.0
#include "telemetry/audit_budgets.h"

#include <gtest/gtest.h>

namespace imprint::telemetry {
namespace {

TEST(AuditBudgets, KeepEachSourceApart) {
  AuditBudgets budgets(10, {1, Seconds(5)});
  EXPECT_TRUE(budgets.of("a", Monotonic{}).take(Monotonic{}));
  EXPECT_FALSE(budgets.of("a", Monotonic{}).take(Monotonic{}));
  EXPECT_TRUE(budgets.of("b", Monotonic{}).take(Monotonic{}));
}

TEST(AuditBudgets, RemoveTheLeastRecentlyUsedSource) {
  AuditBudgets budgets(3, {1, Seconds(1000)});
  const Monotonic now{};
  const auto take = [&](std::string_view who) {
    return budgets.of(who, now).take(now).has_value();
  };
  EXPECT_TRUE(take("loud"));
  EXPECT_TRUE(take("quiet"));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(take("loud")) << "other names do not reset it, at " << i;
    EXPECT_TRUE(take("name " + std::to_string(i)));
  }
  EXPECT_TRUE(take("quiet")) << "removed, so it has a new budget";
}

TEST(AuditBudgets, HaveTheGivenAllowance) {
  AuditBudgets budgets(1, {2, Seconds(5)});
  Monotonic now{};
  AuditBudget& budget = budgets.of("a", now);
  EXPECT_FALSE(budget.is_spent(now));
  EXPECT_FALSE(budget.take(now)->is_last);
  EXPECT_TRUE(budget.take(now)->is_last);
  EXPECT_TRUE(budget.is_spent(now));
  EXPECT_FALSE(budget.take(now));
  now += Seconds(5);
  EXPECT_FALSE(budget.is_spent(now));
  EXPECT_EQ(budget.take(now)->left_out, 1U) << "is_spent() does not count as an event";
  now += Seconds(4);
  EXPECT_TRUE(budget.is_spent(now));
}

}  // namespace
}  // namespace imprint::telemetry
