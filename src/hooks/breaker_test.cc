// SPDX-License-Identifier: Apache-2.0
#include "hooks/breaker.h"

#include <gtest/gtest.h>

namespace imprint::hooks {
namespace {

using Rests = Breaker::Rests;
constexpr Milliseconds kPause{100};

const Payer kA{.name = "a"};
const Payer kB{.name = "b"};
const Payer kC{.name = "c"};
const Payer kD{.name = "d"};

Payer device(int number, const std::string& ca = "ca") {
  return {.name = ca + "/" + std::to_string(number), .group = ca};
}

TEST(Breaker, OpensAfterConsecutiveFailuresAndAdmitsOneTryAfterThePause) {
  Breaker breaker(3, kPause);
  Monotonic now{};
  breaker.failed(kA, now);
  breaker.failed(kA, now);
  breaker.succeeded(kA);  // so that only failures in a row count
  breaker.failed(kA, now);
  breaker.failed(kA, now);
  EXPECT_TRUE(breaker.admits(kA, now));
  breaker.failed(kA, now);
  EXPECT_EQ(breaker.resting(kA), Rests::payer);
  EXPECT_FALSE(breaker.admits(kA, now + Milliseconds(99)));
  now += kPause;
  EXPECT_TRUE(breaker.admits(kA, now));
  EXPECT_FALSE(breaker.admits(kA, now)) << "one at a time";
  breaker.failed(kA, now);
  EXPECT_FALSE(breaker.admits(kA, now + Milliseconds(99))) << "one failure is enough now";
  EXPECT_TRUE(breaker.admits(kA, now + kPause));
  breaker.succeeded(kA);
  EXPECT_TRUE(breaker.admits(kA, now));
  EXPECT_FALSE(breaker.is_open_for_any());
}

TEST(Breaker, OneFailingPayerDoesNotBlockOthers) {
  Breaker breaker(3, kPause);
  for (int i = 0; i < 100; ++i) breaker.failed(kA, Monotonic());
  EXPECT_FALSE(breaker.admits(kA, Monotonic()));
  EXPECT_TRUE(breaker.admits(kB, Monotonic()));
  EXPECT_EQ(breaker.resting(kB), Rests::nobody);
  EXPECT_TRUE(breaker.is_open_for_any());
}

TEST(Breaker, SeveralFailingPayersOpenItForEverybody) {
  Breaker breaker(3, kPause);
  Monotonic now{};
  for (const Payer& payer : {kA, kB}) breaker.failed(payer, now);
  EXPECT_TRUE(breaker.admits(kD, now));
  breaker.failed(kC, now);
  EXPECT_EQ(breaker.resting(kD), Rests::all);
  EXPECT_FALSE(breaker.admits(kD, now));
  now += kPause;
  EXPECT_TRUE(breaker.admits(kA, now));
  EXPECT_FALSE(breaker.admits(kD, now)) << "one at a time";
  breaker.failed(kA, now);
  now += kPause;
  EXPECT_FALSE(breaker.admits(kA, now)) << "the next try belongs to another payer";
  EXPECT_TRUE(breaker.admits(kD, now));
  breaker.succeeded(kD);
  EXPECT_EQ(breaker.resting(kD), Rests::nobody);
  EXPECT_TRUE(breaker.admits(kA, now));
}

TEST(Breaker, FailuresOfManyDevicesOfOneCaRestOnlyThatCa) {
  Breaker breaker(3, kPause);
  Monotonic now{};
  for (int i = 0; i < 5000; ++i) breaker.failed(device(i), now);
  EXPECT_EQ(breaker.resting(device(5000)), Rests::group);
  EXPECT_FALSE(breaker.admits(device(5000), now)) << "a device that was never seen";
  EXPECT_EQ(breaker.resting(kA), Rests::nobody);
  EXPECT_TRUE(breaker.admits(kA, now)) << "a claim";
  EXPECT_TRUE(breaker.admits(device(1, "another ca"), now));
  now += kPause;
  EXPECT_TRUE(breaker.admits(device(5000), now));
  EXPECT_FALSE(breaker.admits(device(5001), now)) << "one at a time";
  breaker.failed(device(5000), now);
  EXPECT_FALSE(breaker.admits(device(5001), now));
  now += kPause;
  EXPECT_FALSE(breaker.admits(device(5000), now)) << "the next try belongs to another device";
  EXPECT_TRUE(breaker.admits(device(5001), now));
  breaker.succeeded(device(5001));
  EXPECT_EQ(breaker.resting(device(5002)), Rests::nobody);
}

TEST(Breaker, OneDeviceOfACaRestsAlone) {
  Breaker breaker(3, kPause);
  for (int i = 0; i < 100; ++i) breaker.failed(device(1), Monotonic());
  EXPECT_EQ(breaker.resting(device(1)), Rests::payer);
  EXPECT_TRUE(breaker.admits(device(2), Monotonic()));
}

TEST(Breaker, SeveralFailingCasAndClaimsOpenItForEverybody) {
  Breaker breaker(3, kPause);
  for (int i = 0; i < 100; ++i) breaker.failed(device(i), Monotonic());
  breaker.failed(kA, Monotonic());
  EXPECT_EQ(breaker.resting(kB), Rests::nobody);
  breaker.failed(device(1, "another ca"), Monotonic());
  EXPECT_EQ(breaker.resting(kB), Rests::all);
}

TEST(Breaker, ATryThatWasNotSentDoesNotCount) {
  Breaker breaker(1, kPause);
  for (const Payer& payer : {kA, kB, kC}) breaker.failed(payer, Monotonic());
  const Monotonic later = Monotonic() + kPause;
  EXPECT_TRUE(breaker.admits(kD, later));
  breaker.gave_up(kD);
  EXPECT_TRUE(breaker.admits({.name = "e"}, later));

  Breaker of_ca(1, kPause);
  for (int i = 0; i < 3; ++i) of_ca.failed(device(i), Monotonic());
  EXPECT_TRUE(of_ca.admits(device(4), later));
  of_ca.gave_up(device(4));
  EXPECT_TRUE(of_ca.admits(device(5), later));
}

}  // namespace
}  // namespace imprint::hooks
