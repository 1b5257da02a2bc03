// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imprint::provisioning {
namespace {

using ::testing::HasSubstr;

Network site(int number) { return *Network::parse(fmt::format("10.0.{}.0/24", number)); }

/// The result of several uses in succession, with the stored state.
struct Claim {
  alarms::NewPlaceOptions options = {.after_devices = 5, .most_places = 2};
  ClaimPlaces known = {};

  std::string use(int place, std::int64_t devices) {
    PlaceVerdict verdict = judge_place(options, known, site(place), devices);
    if (verdict.remember) {
      const auto kept = write_places(CertificateId(Sha256{}), *verdict.remember, {});
      known = read_places(kept);
      EXPECT_EQ(known.version, kept.version);
      EXPECT_EQ(known.learned, verdict.remember->learned);
      EXPECT_EQ(known.alarmed, verdict.remember->alarmed);
    }
    return verdict.alarm;
  }
};

TEST(ClaimPlaces, RaiseOneAlarmForANewPlaceAfterLearning) {
  Claim claim;
  EXPECT_EQ(claim.use(1, 0), "");
  EXPECT_EQ(claim.use(2, 4), "");
  EXPECT_EQ(claim.use(1, 5), "");
  EXPECT_THAT(claim.use(3, 5), HasSubstr("it is used from 10.0.3.0/24"));
  EXPECT_EQ(claim.use(3, 6), "") << "told";
  EXPECT_THAT(claim.use(4, 6), HasSubstr("came from 10.0.1.0/24, 10.0.2.0/24"));
}

TEST(ClaimPlaces, OfAClaimUsedFromManyNetworksRaiseNoAlarm) {
  Claim claim;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(claim.use(i, 1), "");
  EXPECT_EQ(claim.known.learned.size(), 3U) << "no further places are stored";
  EXPECT_EQ(claim.use(9, 100), "");
}

TEST(ClaimPlaces, OfAnExistingClaimAreLearnedFirst) {
  Claim claim;
  EXPECT_EQ(claim.use(1, 1000), "");
  EXPECT_EQ(claim.use(2, 1004), "");
  EXPECT_NE(claim.use(3, 1005), "");
}

TEST(ClaimPlaces, AreBounded) {
  Claim claim;
  claim.use(1, 0);
  int alarms = 0;
  for (int i = 2; i < 250; ++i) alarms += claim.use(i, 10).empty() ? 0 : 1;
  EXPECT_EQ(alarms, 32);
  EXPECT_EQ(claim.known.alarmed.size(), 32U);
}

TEST(ClaimPlaces, AreNotWatchedWhenSwitchedOff) {
  Claim claim;
  claim.options.enabled = false;
  claim.use(1, 0);
  EXPECT_EQ(claim.use(2, 100), "");
  EXPECT_EQ(claim.known, ClaimPlaces());
}

TEST(ClaimPlaces, MalformedRecordsCountAsNone) {
  for (const char* value : {"", "[]", "{", R"({"learned":1,"told":[1,"x"],"firstDevices":"y"})"}) {
    const ClaimPlaces places = read_places(registry::Setting{.name = "s", .value = value});
    EXPECT_TRUE(places.learned.empty() && places.alarmed.empty()) << value;
    EXPECT_EQ(places.version, 1);
  }
  EXPECT_EQ(read_places(std::nullopt), ClaimPlaces());
}

}  // namespace
}  // namespace imprint::provisioning
