// SPDX-License-Identifier: Apache-2.0
#include "server/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace imprint::server {
namespace {

TEST(Descriptors, AlwaysLeaveAReserve) {
  for (const std::size_t all : {64U, 256U, 1024U, 4096U, 65'536U, 1'048'576U}) {
    const Descriptors shares = share_descriptors(all, 100'000, 10'000);
    EXPECT_GE(shares.devices, 1U);
    EXPECT_GE(shares.http, 8U);
    EXPECT_GE(all, shares.devices + shares.http + 20) << all;
  }
  EXPECT_EQ(share_descriptors(1'048'576, 100'000, 10'000).devices, 100'000U);
  EXPECT_EQ(share_descriptors(1'024, 100'000, 10'000).devices, 768U);
}

TEST(Descriptors, OneAddressHoldsAtMostHalfOfFew) {
  EXPECT_EQ(share_descriptors(1'024, 100'000, 10'000).devices_per_address, 384U);
  EXPECT_EQ(share_descriptors(1'024, 100'000, 5).devices_per_address, 5U);
  EXPECT_EQ(share_descriptors(8, 100'000, 10'000).devices_per_address, 1U);
  EXPECT_EQ(share_descriptors(1'048'576, 100'000, 10'000).devices_per_address, 10'000U);
  EXPECT_EQ(share_descriptors(1'048'576, 1'000, 10'000).devices_per_address, 10'000U)
      << "as configured";
}

TEST(Descriptors, TheLimitIsRaisedAsFarAsPermitted) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_GT(raise_descriptor_limit(), 256U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace imprint::server
