// SPDX-License-Identifier: Apache-2.0
#include "monitoring/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "alarms/point_alarms.h"
#include "test/support/fake_clock.h"

namespace imprint::monitoring {
namespace {

using alarms::Finding;
using alarms::Kind;
using registry::Alarm;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum Finding::State;

constexpr Kind kRatio[] = {Kind::failure_ratio};
constexpr Kind kExpiry[] = {Kind::ca_expiring};

class BoardTest : public ::testing::Test {
 protected:
  BoardTest() { board_.use_channels({"webhook", "mail"}); }
  void judge(Finding::State state, Seconds hold = Seconds(60)) {
    const Finding finding{.kind = Kind::failure_ratio,
                          .state = state,
                          .hold = hold,
                          .because = state == calm ? "all is well" : "7 of 100",
                          .next = "look"};
    board_.apply({&finding, 1}, kRatio, clock_.now(), clock_.monotonic());
  }
  void keep() {
    for (const registry::Change& change : board_.changes(clock_.now()).changes) {
      if (const auto* put = std::get_if<registry::Put>(&change)) {
        const auto& alarm = std::get<Alarm>(put->record);
        kept_.insert_or_assign(alarm.id, alarm);
      } else {
        kept_.erase(std::get<registry::Erase>(change).key.first);
      }
    }
    board_.committed(true);
  }
  Board restart() {
    std::vector<Alarm> alarms;
    for (const auto& [id, alarm] : kept_) alarms.push_back(alarm);
    Board next(random_);
    next.load(std::move(alarms));
    next.use_channels({"webhook", "mail"});
    return next;
  }
  bool is_raised() { return board_.is_raised(Kind::failure_ratio, ""); }

  SystemRandom random_;
  test::FakeClock clock_;
  Board board_{random_};
  std::map<std::string, Alarm> kept_;
};

TEST_F(BoardTest, ResolvesAnAlarmThatWasCalmForTheHoldTime) {
  judge(calm);
  judge(between);
  EXPECT_THAT(board_.all(), IsEmpty());
  judge(bad);
  ASSERT_TRUE(is_raised());
  clock_.advance(Seconds(59));
  judge(calm);
  clock_.advance(Seconds(59));
  judge(calm);
  EXPECT_TRUE(is_raised());
  judge(between);  // the hold time starts again
  clock_.advance(Seconds(59));
  judge(calm);
  clock_.advance(Seconds(59));
  judge(calm);
  EXPECT_TRUE(is_raised());
  clock_.advance(Seconds(1));
  judge(calm);
  EXPECT_FALSE(is_raised());
  const Alarm alarm = board_.all().at(0);
  EXPECT_EQ(alarm.because, "7 of 100");
  EXPECT_EQ(alarm.resolved_because, "all is well");
  EXPECT_EQ(alarm.resolved, clock_.now());
}

TEST_F(BoardTest, ReturnsChangesWithAuditEvents) {
  judge(bad);
  registry::ChangeSet raised = board_.changes(clock_.now());
  ASSERT_EQ(raised.events.size(), 1U);
  EXPECT_EQ(alarms::raised_by(raised.events[0]), Kind::failure_ratio);
  EXPECT_THAT(raised.events[0].detail, HasSubstr("7 of 100"));
  board_.committed(true);
  judge(calm, Seconds(0));
  registry::ChangeSet resolved = board_.changes(clock_.now());
  ASSERT_EQ(resolved.events.size(), 1U);
  EXPECT_EQ(resolved.events[0].outcome, "resolved");
  board_.committed(true);
  EXPECT_THAT(board_.changes(clock_.now()).changes, IsEmpty());
}

TEST_F(BoardTest, ReturnsChangesAgainAfterAFailedCommit) {
  judge(bad);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const registry::ChangeSet changes = board_.changes(clock_.now());
    EXPECT_EQ(changes.changes.size(), 1U) << attempt;
    EXPECT_EQ(changes.events.size(), 1U) << attempt;
    board_.committed(false);
  }
}

TEST_F(BoardTest, ARestartKeepsTheStateAndRepeatsNoNotification) {
  judge(bad);
  const std::string id = board_.all().at(0).id;
  for (const char* channel : {"webhook", "mail"}) {
    const auto pending = board_.first_pending(channel);
    ASSERT_TRUE(pending);
    board_.remove_pending(*pending);
  }
  keep();
  Board next = restart();
  EXPECT_TRUE(next.is_raised(Kind::failure_ratio, ""));
  const Finding still{.kind = Kind::failure_ratio, .state = bad};
  next.apply({&still, 1}, kRatio, clock_.now(), clock_.monotonic());
  EXPECT_FALSE(next.first_pending("webhook"));
  EXPECT_EQ(next.all().at(0).id, id);
  const Finding over{.kind = Kind::failure_ratio, .state = calm, .hold = Seconds(60)};
  next.apply({&over, 1}, kRatio, clock_.now(), clock_.monotonic());
  EXPECT_TRUE(next.is_raised(Kind::failure_ratio, "")) << "the hold time starts again";
  clock_.advance(Seconds(60));
  next.apply({&over, 1}, kRatio, clock_.now(), clock_.monotonic());
  ASSERT_TRUE(next.first_pending("webhook"));
  EXPECT_TRUE(next.first_pending("webhook")->is_resolved);
}

TEST_F(BoardTest, ARestartKeepsPendingNotifications) {
  judge(bad);
  board_.remove_pending(*board_.first_pending("webhook"));
  judge(calm, Seconds(0));
  keep();
  Board next = restart();
  EXPECT_TRUE(next.first_pending("webhook")->is_resolved);
  EXPECT_FALSE(next.first_pending("mail")->is_resolved) << "in order";
  next.use_channels({"webhook"});
  EXPECT_FALSE(next.first_pending("mail"));
}

TEST_F(BoardTest, ResolvesAlarmsWithoutAFinding) {
  const Finding findings[] = {{.kind = Kind::ca_expiring, .state = bad, .subject = "a"},
                              {.kind = Kind::ca_expiring, .state = bad, .subject = "b"}};
  board_.apply(findings, kExpiry, clock_.now(), clock_.monotonic());
  judge(bad);
  board_.apply({findings, 1}, kExpiry, clock_.now(), clock_.monotonic());
  EXPECT_THAT(board_.raised_subjects(Kind::ca_expiring), ElementsAre("a"));
  EXPECT_TRUE(is_raised()) << "belongs to another rule";
}

TEST_F(BoardTest, RaisesAnEventAlarmOnceAndResolvesItAfterTheQuietTime) {
  constexpr Kind kPassing[] = {Kind::duplicate_device};
  const Finding point{.kind = Kind::duplicate_device, .state = bad, .subject = "t"};
  board_.raise(point, clock_.now());
  board_.raise(point, clock_.now());
  EXPECT_EQ(board_.all().size(), 1U);
  EXPECT_THAT(board_.take_raised(), ElementsAre(Kind::duplicate_device));
  EXPECT_THAT(board_.changes(clock_.now()).events, IsEmpty()) << "its event is stored already";
  clock_.advance(std::chrono::hours(23));
  board_.raise(point, clock_.now());
  clock_.advance(std::chrono::hours(23));
  board_.resolve_quiet(kPassing, std::chrono::hours(24), clock_.now());
  EXPECT_TRUE(board_.is_raised(Kind::duplicate_device, "t"));
  clock_.advance(std::chrono::hours(1));
  board_.resolve_quiet(kPassing, std::chrono::hours(24), clock_.now());
  EXPECT_FALSE(board_.is_raised(Kind::duplicate_device, "t"));
  board_.resolve(Kind::duplicate_device, "t", "again", clock_.now());
  board_.resolve(Kind::duplicate_device, "never", "", clock_.now());
  EXPECT_EQ(board_.all().size(), 1U);
}

TEST_F(BoardTest, LimitsTheAlarmsOfEachKindSeparately) {
  for (std::size_t i = 0; i < Board::kMostRaised + 10; ++i) {
    board_.raise({.kind = Kind::duplicate_device, .subject = fmt::format("{}", i)}, clock_.now());
  }
  EXPECT_EQ(board_.all().size(), Board::kMostRaised);
  EXPECT_THAT(board_.take_full(), ElementsAre(Kind::duplicate_device)) << "reported once";
  EXPECT_THAT(board_.take_full(), IsEmpty());
  board_.raise({.kind = Kind::claim_frozen, .subject = "c"}, clock_.now());
  EXPECT_TRUE(board_.is_raised(Kind::claim_frozen, "c"));
}

TEST_F(BoardTest, RemovesTheOldestAlarmsAfterAllNotificationsAreSent) {
  constexpr Kind kPassing[] = {Kind::duplicate_device};
  const auto raise_and_resolve = [&](std::size_t round) {
    for (std::size_t i = 0; i < Board::kMostRaised; ++i) {
      board_.raise({.kind = Kind::duplicate_device, .subject = fmt::format("{} {}", round, i)},
                   clock_.now());
    }
    board_.resolve_quiet(kPassing, Seconds(0), clock_.now());
    keep();
  };
  for (std::size_t round = 0; round < 4; ++round) raise_and_resolve(round);
  EXPECT_EQ(kept_.size(), 4 * Board::kMostRaised) << "all have pending notifications";
  for (const char* channel : {"webhook", "mail"}) {
    while (const auto pending = board_.first_pending(channel)) board_.remove_pending(*pending);
  }
  keep();
  EXPECT_EQ(board_.all().size(), Board::kMostResolved);
  EXPECT_EQ(kept_.size(), Board::kMostResolved);
  clock_.advance(Board::kKeptResolved + Seconds(1));
  keep();
  EXPECT_THAT(kept_, IsEmpty());
}

TEST_F(BoardTest, NotifiesAgainWhenAnAlarmGetsMuchWorse) {
  Finding finding{
      .kind = Kind::ca_expiring, .state = bad, .subject = "ca", .because = "in 89 days"};
  const auto take = [&] { board_.apply({&finding, 1}, kExpiry, clock_.now(), clock_.monotonic()); };
  take();
  const auto send_all = [&] {
    std::size_t sent = 0;
    for (; const auto pending = board_.first_pending("mail"); ++sent)
      board_.remove_pending(*pending);
    return sent;
  };
  EXPECT_EQ(send_all(), 1U);
  finding.because = "in 88 days";
  clock_.advance(Seconds(120));
  take();
  EXPECT_EQ(board_.all().at(0).because, "in 88 days") << "the text is current";
  EXPECT_EQ(send_all(), 0U);
  finding.because = "in 6 days";
  finding.level = 1;
  take();
  EXPECT_EQ(send_all(), 1U);
  EXPECT_EQ(board_.all().size(), 1U) << "it is the same alarm";
  take();
  EXPECT_EQ(send_all(), 0U);
}

TEST_F(BoardTest, DeletesAlarmsOfUnknownKinds) {
  board_.load({Alarm{.id = "x", .kind = "flux-capacitor"}});
  EXPECT_THAT(board_.all(), IsEmpty());
  EXPECT_EQ(board_.changes(clock_.now()).changes.size(), 1U);
}

RC_GTEST_PROP(BoardProperty, RaisesAtMostOncePerHoldTime, ()) {
  SystemRandom random;
  test::FakeClock clock;
  Board board(random);
  const auto hold = Seconds(*rc::gen::inRange(1, 60));
  std::optional<Timestamp> raised;
  bool was_raised = false;
  for (const int word : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300))) {
    clock.advance(Seconds(word % 10));
    const Finding finding{.kind = Kind::failure_ratio,
                          .state = static_cast<Finding::State>(word / 10 % 3),
                          .hold = hold};
    board.apply({&finding, 1}, kRatio, clock.now(), clock.monotonic());
    const bool is_raised = board.is_raised(Kind::failure_ratio, "");
    if (is_raised && !was_raised) {
      RC_ASSERT(finding.state == bad);
      if (raised) RC_ASSERT(clock.now() - *raised >= hold);
      raised = clock.now();
    }
    if (!is_raised && was_raised) RC_ASSERT(finding.state == calm);
    was_raised = is_raised;
  }
}

}  // namespace
}  // namespace imprint::monitoring
