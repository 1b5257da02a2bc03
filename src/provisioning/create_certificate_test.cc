// SPDX-License-Identifier: Apache-2.0
#include "provisioning/create_certificate.h"

#include "provisioning/cleanup.h"
#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using runtime::run_blocking;
using test::at_once;
using test::kKeepAll;
using testing::HasSubstr;

TEST(CreateCertificate, LimitsTheUnregisteredCertificatesOfEachClaim) {
  World world;
  world.settings.set({.key_algorithm = x509::KeyAlgorithm::ec_p256, .pending_certificates = 2});
  const auto first = world.create(test::make_key());
  ASSERT_TRUE(first);
  ASSERT_TRUE(world.create(test::make_key()));
  const auto refused = world.create(test::make_key());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("pending-certificates"));

  world.caller.certificate = CertificateId(Sha256{2});
  EXPECT_TRUE(world.create(test::make_key())) << "each claim has its own limit";
  world.caller.certificate = CertificateId(Sha256{1});

  ASSERT_TRUE(world.register_with(first->ownership_token.reveal(), World::parameters("S1")));
  ASSERT_TRUE(world.create(test::make_key())) << "a registered certificate no longer counts";
  ASSERT_FALSE(world.create(test::make_key()));
  PendingCertificates restarted;
  ASSERT_TRUE(run_blocking(restarted.load(world.memory)));
  EXPECT_EQ(restarted.count(CertificateId(Sha256{1})), 2U);

  world.clock.advance(std::chrono::hours(2));
  ASSERT_TRUE(run_blocking(clean_up(world.memory, world.clock, kKeepAll)));
  EXPECT_TRUE(world.create(test::make_key()))
      << "expired certificates are removed and no longer count";
}

TEST(PendingCertificates, ReservedPlacesCountUntilTheyAreReleased) {
  PendingCertificates pending;
  const CertificateId claim(Sha256{1});
  auto first = pending.reserve(claim, 2);
  auto second = pending.reserve(claim, 2);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(pending.reserve(claim, 2)) << "requests in progress count too";
  EXPECT_TRUE(pending.reserve(CertificateId(Sha256{2}), 2));
  first.reset();
  EXPECT_TRUE(pending.reserve(claim, 2)) << "a released place is free again";
}

TEST(CreateCertificate, RecordsTheIssuedCertificateAndItsRequesterInTheAuditTrail) {
  World world;
  ASSERT_TRUE(world.create(test::make_key()));
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(events.size(), 1U);
  const auto certificate = world.certificate(*CertificateId::parse(events.front().certificate));
  const auto detail = *encoding::parse_json(events.front().detail);
  EXPECT_EQ(detail.at("serial").as_string(), certificate.serial);
  EXPECT_EQ(detail.at("requested_by").as_string(), world.caller.certificate.hex());
  EXPECT_EQ(detail.at("not_after").as_int64(), to_milliseconds(certificate.not_after) / 1000);
  EXPECT_FALSE(detail.at("profile").as_string().empty());
  EXPECT_THAT(std::string(detail.at("key_algorithm").as_string()), HasSubstr("P-256"));
}

TEST(CreateCertificate, AnotherClaimCannotRegisterTheCertificate) {
  World world;
  const auto key = test::make_key();
  const auto created = world.create(key);
  world.caller.certificate = CertificateId(Sha256{2});
  const auto stolen =
      world.register_with(created->ownership_token.reveal(), World::parameters("S1"));
  ASSERT_FALSE(stolen);
  EXPECT_EQ(stolen.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_NE(world.create(key)->id, created->id) << "another claim gets a certificate of its own";
}

TEST(CreateCertificate, OneKeyOnManyConnectionsGetsOneCertificate) {
  World world;
  const auto key = test::make_key();
  at_once(8, [&](int) { EXPECT_TRUE(world.create(key)); });
  EXPECT_EQ(world.device_certificates().size(), 1U);
}

TEST(OwnershipTokens, DependOnKeyRequesterAndRound) {
  World world;
  const auto created = world.create(test::make_key());
  const std::string token = created->ownership_token.reveal();
  EXPECT_LE(token.size(), 512U);
  registry::Certificate certificate = world.certificate(created->id);
  EXPECT_TRUE(world.tokens.matches(token, certificate));
  registry::Certificate other_round = certificate;
  ++other_round.ownership_round;
  EXPECT_FALSE(world.tokens.matches(token, other_round));
  registry::Certificate other_requester = certificate;
  other_requester.requested_by = CertificateId(Sha256{9});
  EXPECT_FALSE(world.tokens.matches(token, other_requester));
  EXPECT_FALSE(OwnershipTokens(Secret(std::string(64, 'x'))).matches(token, certificate));
}

}  // namespace
}  // namespace imprint::provisioning
