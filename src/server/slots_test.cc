// SPDX-License-Identifier: Apache-2.0
#include "server/slots.h"

#include <gtest/gtest.h>

#include "server/household_counts.h"

namespace imprint::server {
namespace {

TEST(Slots, NobodyIsEvictedWhilePlacesAreFree) {
  Slots slots(2);
  EXPECT_EQ(slots.next_to_evict(), std::nullopt);
  slots.take(1, "192.0.2.1");
  EXPECT_EQ(slots.next_to_evict(), std::nullopt);
  slots.take(2, "192.0.2.1");
  EXPECT_EQ(slots.next_to_evict(), 1U);
  slots.release(1);
  slots.release(1);
  slots.mark_active(1);
  EXPECT_EQ(slots.next_to_evict(), std::nullopt);
  EXPECT_EQ(slots.taken(), 1U);
}

TEST(Slots, TheAddressWithTheMostGivesWayFirst) {
  Slots slots(16);
  slots.take(1, "192.0.2.1");  // a device that is slow to send
  for (std::uint64_t n = 2; n <= 16; ++n) slots.take(n, "198.51.100.1");
  EXPECT_EQ(slots.next_to_evict(), 2U);
  for (std::uint64_t n = 2; n <= 16; ++n) slots.mark_active(n);
  EXPECT_EQ(slots.next_to_evict(), 2U) << "activity does not help the payer with the most";
  slots.release(2);
  slots.take(17, "198.51.100.1");
  EXPECT_EQ(slots.next_to_evict(), 17U) << "its idle one first";
}

TEST(Slots, AmongManyAddressesTheOldestIdleOneGivesWayFirst) {
  Slots slots(4);
  for (std::uint64_t n = 1; n <= 4; ++n) slots.take(n, "192.0.2." + std::to_string(n));
  slots.mark_active(1);
  EXPECT_EQ(slots.next_to_evict(), 2U);
  for (std::uint64_t n = 2; n <= 4; ++n) slots.mark_active(n);
  EXPECT_TRUE(slots.next_to_evict().has_value());
}

TEST(Slots, AnIpv6NetworkIsOnePayer) {
  Slots slots(4);
  slots.take(1, "2001:db8:1:3::1");
  slots.take(2, "2001:db8:1:2::1");
  slots.take(3, "2001:db8:1:2:3:4:5:6");
  EXPECT_EQ(slots.taken_by("2001:db8:1:2::7"), 2U);
  slots.take(4, "192.0.2.1");
  EXPECT_EQ(slots.next_to_evict(), 2U) << "of the network that has two";
  slots.release(2);
  EXPECT_EQ(slots.taken_by("2001:db8:1:2::7"), 1U);
}

TEST(Slots, IdleOnesGiveWayBeforeActiveOnes) {
  Slots slots(3);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    slots.take(n, "AKIA1");
    slots.mark_active(n);
  }
  EXPECT_EQ(slots.next_to_evict(), 1U);
  slots.mark_idle(2);
  slots.mark_idle(7);
  EXPECT_TRUE(slots.is_idle(2));
  EXPECT_EQ(slots.next_to_evict(), 2U);
  slots.mark_active(2);
  EXPECT_EQ(slots.next_to_evict(), 1U);
}

TEST(HouseholdCounts, CountAnIpv6NetworkAsOne) {
  HouseholdCounts counts;
  counts.add("2001:db8:1:2::1");
  counts.add("2001:db8:1:2:3:4:5:6");
  counts.add("2001:db8:1:3::1");
  counts.add("192.0.2.1");
  EXPECT_EQ(counts.of("2001:db8:1:2::9"), 2U);
  EXPECT_EQ(counts.of("2001:db8:1:3::9"), 1U);
  EXPECT_EQ(counts.of("192.0.2.2"), 0U);
  EXPECT_EQ(counts.of("::ffff:192.0.2.1"), 1U);
  counts.remove("2001:db8:1:2::1");
  counts.remove("2001:db8:1:2::2");
  counts.remove("2001:db8:1:3::1");
  counts.remove("192.0.2.1");
  counts.remove("192.0.2.1");
  EXPECT_EQ(counts.households(), 0U);
}

}  // namespace
}  // namespace imprint::server
