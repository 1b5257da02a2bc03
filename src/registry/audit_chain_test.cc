// SPDX-License-Identifier: Apache-2.0
#include "registry/audit_chain.h"

#include <gtest/gtest.h>
#include <set>

#include "encoding/text.h"

namespace imprint::registry {
namespace {

AuditEvent full_event() {
  return {.sequence = 7,
          .time = from_milliseconds(1'772'366'400'123),
          .step = "register_thing",
          .outcome = "ok",
          .actor = "ac",
          .correlation = "co",
          .thing = "device-1",
          .certificate = "ce",
          .client = "cl\xC3\xA9",
          .serial_number = "S1",
          .detail = R"({"template":"T"})"};
}

// The format must never change: anyone who compares hashes with those noted years ago must get the
// same ones. The hashes below were also computed by a program in another language.
TEST(AuditChain, HashFormatIsStable) {
  EXPECT_EQ(encoding::to_hex(as_bytes(canonical_form(full_event()))),
            "0000000f696d7072696e742d61756469742d31"
            "0000000137"
            "0000000d31373732333636343030313233"
            "0000000e72656769737465725f7468696e67"
            "000000026f6b"
            "000000026163"
            "00000002636f"
            "000000086465766963652d31"
            "000000026365"
            "00000004636cc3a9"
            "000000025331"
            "000000107b2274656d706c617465223a2254227d");
  EXPECT_EQ(encoding::to_hex(chain_hash({}, full_event())),
            "ee9c49a89fc533488237c1a2fcf5fab63977fabb80443952213bc1ca7cddd427");
  Sha256 previous{};
  previous.fill(0xAB);
  EXPECT_EQ(encoding::to_hex(chain_hash(previous, full_event())),
            "e5337ff96621112d9a92a6a9415acadec3f0a6ceacccf8893606c367a0e7e230");
  EXPECT_EQ(encoding::to_hex(chain_hash({}, AuditEvent{})),
            "e106a33781d7a1816b533c75f0e7c3c85ff27e346ae47bbd6957518f19fb7680");
}

TEST(AuditChain, EveryFieldChangesTheHash) {
  std::set<std::string> forms = {canonical_form(AuditEvent{})};
  std::size_t fields = 1;
  for (std::string AuditEvent::* const field :
       {&AuditEvent::step, &AuditEvent::outcome, &AuditEvent::actor, &AuditEvent::correlation,
        &AuditEvent::thing, &AuditEvent::certificate, &AuditEvent::client,
        &AuditEvent::serial_number, &AuditEvent::detail}) {
    AuditEvent event;
    event.*field = "x";
    forms.insert(canonical_form(event));
    ++fields;
  }
  AuditEvent numbered;
  numbered.sequence = 1;
  AuditEvent timed;
  timed.time = from_milliseconds(1);
  forms.insert(canonical_form(numbered));
  forms.insert(canonical_form(timed));
  EXPECT_EQ(forms.size(), fields + 2);
}

TEST(AuditChain, AppendsAtTheEndOfTheTrail) {
  AuditTrail trail{.unchained = 3, .forgotten = {1, {}}, .head = {3, {}}};
  EXPECT_EQ(trail.beginning(), (ChainPlace{3, {}}));
  std::vector<AuditEvent> events(2, full_event());
  append(trail, events);
  EXPECT_EQ(events[0].sequence, 4);
  EXPECT_EQ(events[1].sequence, 5);
  EXPECT_EQ(events[0].hash, chain_hash({}, events[0]));
  EXPECT_EQ(events[1].hash, chain_hash(*events[0].hash, events[1]));
  EXPECT_EQ(trail.head, place_of(events[1]));
}

}  // namespace
}  // namespace imprint::registry
