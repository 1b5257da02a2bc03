// SPDX-License-Identifier: Apache-2.0
#include "audit/chain_check.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "registry/audit_chain.h"

namespace imprint::audit {
namespace {

using registry::AuditEvent;
using registry::ChainPlace;
using testing::HasSubstr;

/// Events 1 to `count`, chained as a store does it.
std::vector<AuditEvent> chain(std::size_t count) {
  registry::AuditTrail trail;
  std::vector<AuditEvent> events;
  for (std::size_t i = 0; i < count; ++i) {
    events.push_back({.time = from_milliseconds(static_cast<std::int64_t>(1000 + i)),
                      .step = "connect",
                      .outcome = i % 3 == 0 ? "denied" : "ok",
                      .client = fmt::format("c{}", i)});
  }
  registry::append(trail, events);
  return events;
}

std::optional<Problem> check(const std::vector<AuditEvent>& events, ChainPlace from = {}) {
  ChainCheck check(from);
  std::size_t place = 0;
  for (const AuditEvent& event : events) check.take(event, place++);
  return check.finish();
}

TEST(ChainCheck, AcceptsAnUnchangedTrailAndItsLaterPart) {
  const std::vector<AuditEvent> events = chain(10);
  EXPECT_FALSE(check(events));
  EXPECT_FALSE(check({}));
  const std::vector<AuditEvent> rest(events.begin() + 4, events.end());
  EXPECT_FALSE(check(rest, registry::place_of(events[3])));
  ChainCheck counts(ChainPlace{});
  for (const AuditEvent& event : events) counts.take(event);
  EXPECT_EQ(counts.checked(), 10);
  EXPECT_EQ(counts.at(), registry::place_of(events.back()));
}

struct Case {
  std::string name;
  std::function<void(std::vector<AuditEvent>&)> change;
  Tampering what;
  std::int64_t sequence;
  std::string because;
};

TEST(ChainCheck, ReportsTheFirstChangeAndItsKind) {
  const std::vector<Case> cases = {
      {"another outcome", [](auto& e) { e[4].outcome = "ok!"; }, Tampering::altered, 5,
       "event 5 does not match its hash"},
      {"another time", [](auto& e) { e[4].time += Milliseconds(1); }, Tampering::altered, 5,
       "event 5"},
      {"another hash", [](auto& e) { (*e[4].hash)[31] ^= 1U; }, Tampering::altered, 5, "event 5"},
      {"no hash", [](auto& e) { e[4].hash.reset(); }, Tampering::altered, 5, "has no hash"},
      {"an altered event with a hash that matches it",
       [](auto& e) {
         e[4].client = "somebody else";
         e[4].hash = registry::chain_hash(*e[3].hash, e[4]);
       },
       Tampering::altered, 6, "event 6"},
      {"the first event is missing", [](auto& e) { e.erase(e.begin()); }, Tampering::removed, 1,
       "event 1 is missing"},
      {"two events are missing", [](auto& e) { e.erase(e.begin() + 4, e.begin() + 6); },
       Tampering::removed, 5, "events 5 to 6 are missing: event 4 is followed by event 7"},
      {"one event is missing and the rest renumbered",
       [](auto& e) {
         e.erase(e.begin() + 4);
         for (std::size_t i = 4; i < e.size(); ++i) --e[i].sequence;
       },
       Tampering::altered, 5, "event 5"},
      {"a duplicate event", [](auto& e) { e.insert(e.begin() + 5, e[4]); }, Tampering::inserted, 5,
       "event 5 is where event 6 should be"},
      {"an invented event",
       [](auto& e) {
         AuditEvent invented = e[4];
         invented.client = "nobody";
         e.insert(e.begin() + 4, invented);
       },
       Tampering::inserted, 5, "an event was inserted before event 5"},
      {"an invented event with a matching hash",
       [](auto& e) {
         AuditEvent invented = e[4];
         invented.client = "nobody";
         invented.hash = registry::chain_hash(*e[3].hash, invented);
         e.insert(e.begin() + 4, invented);
       },
       Tampering::inserted, 5, "event 5 is where event 6 should be"},
      {"two events swapped", [](auto& e) { std::swap(e[4], e[5]); }, Tampering::reordered, 5,
       "event 5 comes after later events"},
      {"an event moved to the end",
       [](auto& e) { std::rotate(e.begin() + 2, e.begin() + 3, e.end()); }, Tampering::reordered, 3,
       "event 3 comes after later events"},
  };
  for (const Case& one : cases) {
    std::vector<AuditEvent> events = chain(10);
    one.change(events);
    const auto problem = check(events);
    ASSERT_TRUE(problem) << one.name;
    EXPECT_EQ(to_string(problem->what), to_string(one.what)) << one.name;
    EXPECT_EQ(problem->sequence, one.sequence) << one.name;
    EXPECT_THAT(problem->because, HasSubstr(one.because)) << one.name;
  }
}

TEST(ChainCheck, ReportsAnUnreadableEntryAsAltered) {
  const std::vector<AuditEvent> events = chain(3);
  ChainCheck check(ChainPlace{});
  check.take(events[0], 0);
  check.take_unreadable("line 2 is not JSON", 1);
  check.take(events[2], 2);
  EXPECT_EQ(check.finish(), (Problem{Tampering::altered, 2, 1, "line 2 is not JSON"}));
}

/// Text of any bytes, possibly empty.
const auto kAnyText = rc::gen::container<std::string>(rc::gen::arbitrary<char>());

AuditEvent any_event() {
  AuditEvent event;
  event.time = from_milliseconds(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000));
  for (std::string* field :
       {&event.step, &event.outcome, &event.actor, &event.correlation, &event.thing,
        &event.certificate, &event.client, &event.serial_number, &event.detail})
    *field = *kAnyText;
  return event;
}

std::vector<AuditEvent> any_chain() {
  registry::AuditTrail trail;
  std::vector<AuditEvent> events(static_cast<std::size_t>(*rc::gen::inRange(1, 12)));
  for (AuditEvent& event : events) event = any_event();
  registry::append(trail, events);
  return events;
}

/// Whether the trail is unchanged up to `head`. Without the head, events cut off at the end could
/// not be noticed.
bool is_whole(const std::vector<AuditEvent>& events, const ChainPlace& head) {
  ChainCheck check(ChainPlace{});
  for (const AuditEvent& event : events) check.take(event);
  return !check.finish() && check.at() == head;
}

RC_GTEST_PROP(ChainCheck, FindsAnyChangeOfAnyField, ()) {
  std::vector<AuditEvent> events = any_chain();
  const ChainPlace head = registry::place_of(events.back());
  RC_ASSERT(is_whole(events, head));
  const std::vector<AuditEvent> before = events;
  AuditEvent& event = events[*rc::gen::inRange<std::size_t>(0, events.size())];
  const int which = *rc::gen::inRange(0, 12);
  std::string* const texts[] = {&event.step,        &event.outcome,       &event.actor,
                                &event.correlation, &event.thing,         &event.certificate,
                                &event.client,      &event.serial_number, &event.detail};
  if (which < 9) {
    *texts[which] = *kAnyText;
  } else if (which == 9) {
    event.time += Milliseconds(*rc::gen::inRange(-5, 5));
  } else if (which == 10) {
    event.sequence += *rc::gen::inRange(-5, 5);
  } else {
    (*event.hash)[*rc::gen::inRange<std::size_t>(0, 32)] = *rc::gen::arbitrary<std::uint8_t>();
  }
  RC_PRE(events != before);
  RC_ASSERT(!is_whole(events, head));
}

RC_GTEST_PROP(ChainCheck, FindsACharacterMovedFromOneFieldToTheNext, ()) {
  std::vector<AuditEvent> events = any_chain();
  const ChainPlace head = registry::place_of(events.back());
  AuditEvent& event = events.front();
  RC_PRE(!event.actor.empty());
  event.correlation.insert(event.correlation.begin(), event.actor.back());
  event.actor.pop_back();
  RC_ASSERT(!is_whole(events, head));
}

RC_GTEST_PROP(ChainCheck, FindsAnyRemovalInsertionAndSwap, ()) {
  std::vector<AuditEvent> events = any_chain();
  const ChainPlace head = registry::place_of(events.back());
  const std::size_t at = *rc::gen::inRange<std::size_t>(0, events.size());
  const std::size_t other = *rc::gen::inRange<std::size_t>(0, events.size());
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      events.erase(events.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 1: {  // by somebody who knows how hashes are computed
      AuditEvent invented = any_event();
      invented.sequence = events[at].sequence;
      invented.hash = registry::chain_hash(at == 0 ? Sha256{} : *events[at - 1].hash, invented);
      events.insert(events.begin() + static_cast<std::ptrdiff_t>(at), invented);
      break;
    }
    case 2:
      events.insert(events.begin() + static_cast<std::ptrdiff_t>(at), events[other]);
      break;
    default:
      RC_PRE(at != other);
      std::swap(events[at], events[other]);
  }
  RC_ASSERT(!is_whole(events, head));
}

}  // namespace
}  // namespace imprint::audit
