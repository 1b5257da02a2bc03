// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provisioning/claim_rates.h"

namespace imprint::provisioning {
namespace {

using registry::ClaimBudget;
using registry::Rate;
using registry::SerialRange;
using testing::HasSubstr;
using Kind = ClaimVerdict::Kind;

constexpr std::int64_t kNow = 1'000'000;

std::vector<Network> networks(std::initializer_list<const char*> texts) {
  std::vector<Network> out;
  for (const char* text : texts) out.push_back(*Network::parse(text));
  return out;
}

ClaimUse registers(const char* serial_number, const char* template_name = "T") {
  return {.registers = ClaimUse::Registration{*TemplateName::parse(template_name), serial_number}};
}
ClaimUse registers_again() {
  ClaimUse use = registers("A-07");
  use.is_new_device = false;
  return use;
}

TEST(ClaimBudget, AllowsRefusesOrFreezesByEachRule) {
  const ClaimBudget none;
  const ClaimBudget hundred{.max_devices = 100};
  const ClaimBudget hall{.networks = networks({"10.1.0.0/16", "2001:db8::/32"})};
  const ClaimBudget learner{.max_devices = 100, .learning_devices = 3};
  const ClaimBudget batch{.serials = SerialRange{"A-01", "A-50"}};
  const ClaimBudget two{.templates = {*TemplateName::parse("T"), *TemplateName::parse("U")}};
  const ClaimBudget shift{.from = from_milliseconds(kNow), .until = from_milliseconds(kNow + 10)};
  const struct {
    const char* name;
    const ClaimBudget& budget;
    ClaimUse use;
    Timestamp now;
    const char* source_ip;
    std::int64_t devices;
    Kind kind;
    const char* because;
  } rows[] = {
      {"no budget", none, registers(""), {}, "", 1'000'000, Kind::allow, ""},
      {"the last device allowed", hundred, registers("x"), {}, "10.1.1.1", 99, Kind::allow, ""},
      {"one device too many",
       hundred,
       registers("x"),
       {},
       "10.1.1.1",
       100,
       Kind::freeze,
       "100 of 100 are registered (rule max-devices)"},
      {"a certificate request after the last device",
       hundred,
       {},
       {},
       "10.1.1.1",
       100,
       Kind::freeze,
       "(rule max-devices)"},
      {"a limit lowered below the count",
       hundred,
       {},
       {},
       "10.1.1.1",
       107,
       Kind::freeze,
       "107 of 100"},
      {"a known device registers again",
       hundred,
       registers_again(),
       {},
       "10.1.1.1",
       100,
       Kind::allow,
       ""},
      {"inside", hall, {}, {}, "10.1.255.1", 0, Kind::allow, ""},
      {"inside, v6", hall, {}, {}, "2001:db8::9", 0, Kind::allow, ""},
      {"inside, mapped", hall, {}, {}, "::ffff:10.1.0.9", 0, Kind::allow, ""},
      {"outside",
       hall,
       {},
       {},
       "10.2.0.1",
       0,
       Kind::freeze,
       "from 10.2.0.1, outside its networks 10.1.0.0/16, 2001:db8::/32 (rule networks)"},
      {"outside, a known device",
       hall,
       registers_again(),
       {},
       "10.2.0.1",
       0,
       Kind::freeze,
       "networks"},
      {"no source address", hall, {}, {}, "", 0, Kind::freeze, "networks"},
      {"from a learned network", learner, {}, {}, "192.0.2.99", 50, Kind::allow, ""},
      {"still learning", learner, {}, {}, "198.51.100.1", 2, Kind::allow, ""},
      {"from an unknown network after learning",
       learner,
       {},
       {},
       "198.51.100.1",
       3,
       Kind::freeze,
       "rule learn-networks"},
      {"the last serial number of the batch", batch, registers("A-50"), {}, "", 0, Kind::allow, ""},
      {"a certificate request has no serial number", batch, {}, {}, "", 0, Kind::allow, ""},
      {"after the end of the batch",
       batch,
       registers("A-51"),
       {},
       "",
       0,
       Kind::freeze,
       "serial number \"A-51\", outside A-01..A-50 (rule serials)"},
      {"another batch", batch, registers("B-01"), {}, "", 0, Kind::freeze, "rule serials"},
      {"no serial number", batch, registers(""), {}, "", 0, Kind::refuse, "rule serials"},
      {"one template", two, registers("x", "T"), {}, "", 0, Kind::allow, ""},
      {"the other template", two, registers("x", "U"), {}, "", 0, Kind::allow, ""},
      {"a template that is not listed",
       two,
       registers("x", "V"),
       {},
       "",
       0,
       Kind::refuse,
       "template \"T\" or \"U\" only, not with \"V\""},
      {"too early", shift, {}, from_milliseconds(kNow - 1), "", 0, Kind::refuse, "rule from"},
      {"at the start", shift, {}, from_milliseconds(kNow), "", 0, Kind::allow, ""},
      {"just before the end", shift, {}, from_milliseconds(kNow + 9), "", 0, Kind::allow, ""},
      {"too late", shift, {}, from_milliseconds(kNow + 10), "", 0, Kind::refuse, "rule until"},
  };
  for (const auto& row : rows) {
    registry::Certificate claim{.id = CertificateId(Sha256{1}), .pem = {}};
    claim.claim_budget = row.budget;
    claim.claim_networks = networks({"192.0.2.0/24"});
    const ClaimVerdict verdict = decide(
        claim, row.use, {.now = row.now, .source_ip = row.source_ip, .devices = row.devices});
    EXPECT_EQ(verdict.kind, row.kind) << row.name << ": " << verdict.because;
    EXPECT_THAT(verdict.because, HasSubstr(row.because)) << row.name;
    EXPECT_EQ(verdict.because.empty(), row.kind == Kind::allow) << row.name;
    EXPECT_EQ(verdict.learns.has_value(), std::string_view(row.name) == "still learning");
  }
}

TEST(ClaimState, FollowsFromStatusBudgetAndTime) {
  using enum ClaimState;
  const Timestamp now = from_milliseconds(kNow);
  const auto claim = [&](auto change) {
    registry::Certificate out{.id = CertificateId(Sha256{1}),
                              .pem = {},
                              .status = registry::CertificateStatus::active,
                              .not_after = now + Seconds(10)};
    out.claim_budget.max_devices = 3;
    change(out);
    return out;
  };
  const struct {
    ClaimState state;
    std::int64_t devices;
    std::function<void(registry::Certificate&)> change;
  } rows[] = {
      {in_service, 2, [](auto&) {}},
      {used_up, 3, [](auto&) {}},
      {expired, 3, [&](auto& c) { c.not_after = now - Seconds(1); }},
      {ended, 0, [&](auto& c) { c.claim_budget.until = now; }},
      {not_begun, 0, [&](auto& c) { c.claim_budget.from = now + Seconds(1); }},
      {in_service, 0, [&](auto& c) { c.claim_budget.from = now; }},
      {frozen, 0,
       [](auto& c) {
         c.status = registry::CertificateStatus::inactive;
         c.frozen = registry::Freeze{.because = "x"};
       }},
      {inactive, 0, [](auto& c) { c.status = registry::CertificateStatus::inactive; }},
      {revoked, 0, [](auto& c) { c.status = registry::CertificateStatus::revoked; }},
  };
  for (const auto& row : rows)
    EXPECT_EQ(state_of(claim(row.change), row.devices, now), row.state) << to_string(row.state);
}

TEST(ClaimBudget, LearnsAtMostSixtyFourNetworks) {
  registry::Certificate claim{.id = CertificateId(Sha256{1}), .pem = {}};
  claim.claim_budget.learning_devices = 1;
  for (int i = 0; i < 70; ++i) {
    const auto verdict = decide(claim, {}, {.source_ip = fmt::format("10.0.{}.7", i)});
    ASSERT_EQ(verdict.kind, Kind::allow);
    if (verdict.learns) claim.claim_networks.push_back(*verdict.learns);
  }
  ASSERT_EQ(claim.claim_networks.size(), 64U);
  EXPECT_EQ(claim.claim_networks.front().text(), "10.0.0.0/24");
}

TEST(SerialRanges, ContainSerialNumbersOfTheirFormBetweenTheirEnds) {
  const struct {
    const char* first;
    const char* last;
    const char* serial;
    bool inside;
  } rows[] = {
      {"A-0001", "A-0100", "A-0001", true},
      {"A-0001", "A-0100", "A-0100", true},
      {"A-0001", "A-0100", "A-0099", true},
      {"A-0001", "A-0100", "A-0000", false},
      {"A-0001", "A-0100", "A-0101", false},
      {"A-0001", "A-0100", "A-00500", false},
      {"A-0001", "A-0100", "A-050", false},
      {"A-0001", "A-0100", "A-00x5", false},
      {"A-0001", "A-0100", "A-005 ", false},
      {"A-0001", "A-0100", "B-0050", false},
      {"A-0001", "A-0100", "a-0050", false},
      {"A-0001", "A-0100", "", false},
      {"A-0190", "A-0299", "A-0200", true},
      {"A-0190", "A-0299", "A-0300", false},
      {"00A0", "0F5C", "01FF", true},
      {"00A0", "0F5C", "01ff", false},
      {"00a0", "0f5c", "01ff", true},
      {"00A0", "0F5C", "009F", false},
      {"X", "X", "X", true},
      {"X", "X", "Y", false},
  };
  for (const auto& row : rows) {
    const SerialRange range{row.first, row.last};
    EXPECT_TRUE(check_serial_range(range)) << row.first << ".." << row.last;
    EXPECT_EQ(lies_in(range, row.serial), row.inside)
        << row.first << ".." << row.last << " " << row.serial;
  }
}

TEST(ClaimBudget, RefusesRulesThatNoRequestCouldMeet) {
  const struct {
    ClaimBudget budget;
    const char* because;
  } rows[] = {
      {{.serials = SerialRange{"", "A"}}, "empty"},
      {{.serials = SerialRange{"A-1", "A-10"}}, "same length"},
      {{.serials = SerialRange{"A-9", "A-1"}}, "before its beginning"},
      {{.serials = SerialRange{"A-1", "B-2"}}, "must consist of digits"},
      {{.serials = SerialRange{"A-0x", "A-9y"}}, "must consist of digits"},
      {{.serials = SerialRange{"aF", "Af"}}, "must consist of digits"},
      {{.from = from_milliseconds(2), .until = from_milliseconds(2)}, "not after"},
      {{.networks = networks({"10.0.0.0/8", "10.1.0.0/8"})}, "the range is 10.0.0.0/8"},
  };
  for (const auto& row : rows) {
    const auto checked = check_budget(row.budget);
    ASSERT_FALSE(checked) << row.because;
    EXPECT_THAT(checked.error().message, HasSubstr(row.because));
    EXPECT_FALSE(checked.error().where.empty());
  }
}

TEST(ClaimRates, HoldInEverySlidingWindow) {
  ClaimRates rates;
  const CertificateId claim{Sha256{1}};
  const Rate rate{.most = 3, .per = Seconds(10)};
  const auto at = [](int seconds) { return Monotonic{} + Seconds(seconds); };
  EXPECT_TRUE(rates.take(claim, rate, at(0)));
  EXPECT_TRUE(rates.take(claim, rate, at(8)));
  EXPECT_TRUE(rates.has_room(claim, rate, at(9)));
  EXPECT_TRUE(rates.take(claim, rate, at(9)));
  EXPECT_FALSE(rates.take(claim, rate, at(9)));
  EXPECT_FALSE(rates.has_room(claim, rate, at(9)));
  EXPECT_TRUE(rates.take(CertificateId(Sha256{2}), rate, at(9))) << "each claim has its own rate";
  EXPECT_TRUE(rates.take(claim, rate, at(10))) << "the first use has left the window";
  EXPECT_FALSE(rates.take(claim, rate, at(17)));
  EXPECT_TRUE(rates.take(claim, rate, at(18)));
}

}  // namespace
}  // namespace imprint::provisioning
