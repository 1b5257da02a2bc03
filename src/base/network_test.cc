// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <gtest/gtest.h>

#include "base/household.h"

namespace imprint {
namespace {

TEST(Network, ComparesBitsOfBothFamilies) {
  const struct {
    const char* network;
    const char* host;
    bool inside;
  } rows[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.1", "10.0.0.1", true},
      {"10.0.0.1", "10.0.0.2", false},
      {"192.168.1.128/25", "192.168.1.127", false},
      {"192.168.1.128/25", "192.168.1.129", true},
      {"0.0.0.0/0", "1.2.3.4", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "1.2.3.4", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"fe80::/10", "fe80::1%eth0", true},
      {"fe80::/64", "fe80:1::1%2", false},
      {"10.0.0.0/8", "::ffff:10.1.1.1", true},
      {"fe80::/10", "fe80::1", true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Network::parse(row.network)->contains(*Network::parse(row.host)), row.inside)
        << row.network << " " << row.host;
  }
  for (const char* bad : {"", "/", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/33", "::/129", "1.2.3.4.5",
                          "::g", "10.0.0.1/8/8"}) {
    EXPECT_FALSE(Network::parse(bad)) << bad;
  }
}

TEST(Network, ItsTextRoundTrips) {
  const struct {
    const char* text;
    const char* written;
    const char* first;
    const char* site;
  } rows[] = {
      {"10.1.2.3/8", "10.1.2.3/8", "10.0.0.0/8", "10.1.2.0/24"},
      {"10.1.2.3", "10.1.2.3", "10.1.2.3", "10.1.2.0/24"},
      {"0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/24"},
      {"::ffff:10.1.2.3", "10.1.2.3", "10.1.2.3", "10.1.2.0/24"},
      {"2001:db8:1:2::3", "2001:db8:1:2::3", "2001:db8:1:2::3", "2001:db8:1::/48"},
      {"2001:db8:ffff::/33", "2001:db8:ffff::/33", "2001:db8:8000::/33", "2001:db8:ffff::/48"},
      {"::/0", "::/0", "::/0", "::/48"},
  };
  for (const auto& row : rows) {
    const Network network = *Network::parse(row.text);
    EXPECT_EQ(network.text(), row.written);
    EXPECT_EQ(network.first().text(), row.first) << row.text;
    EXPECT_EQ(network.site().text(), row.site) << row.text;
    EXPECT_EQ(*Network::parse(row.written), network) << row.text;
  }
}

TEST(Household, IsTheNetworkOfAnIpv6AddressAndAnIpv4AddressItself) {
  EXPECT_EQ(household_of("2001:db8:1:2:3:4:5:6"), household_of("2001:db8:1:2::7"));
  EXPECT_NE(household_of("2001:db8:1:2::1"), household_of("2001:db8:1:3::1"));
  EXPECT_EQ(household_of("fe80::1%eth0"), household_of("fe80::2"));
  EXPECT_NE(household_of("192.0.2.1"), household_of("192.0.2.2"));
  EXPECT_EQ(household_of("::ffff:192.0.2.1"), household_of("192.0.2.1"));
  EXPECT_EQ(household_of("AKIAIOSFODNN7EXAMPLE"), "AKIAIOSFODNN7EXAMPLE");
}

}  // namespace
}  // namespace imprint
