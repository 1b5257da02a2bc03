// SPDX-License-Identifier: Apache-2.0
// A revoked device stays out, however it encodes its certificate.
#include <gmock/gmock.h>

#include "provisioning/key_history.h"
#include "test/support/factory_world.h"
#include "test/support/twin.h"

namespace imprint::server {
namespace {

using provisioning::JitpMode;
using provisioning::Reprovision;
using registry::CertificateStatus;
using test::eventually;
using test::MqttDevice;

constexpr auto kRules = {Reprovision::same_key, Reprovision::replace, Reprovision::operator_decides,
                         Reprovision::never, Reprovision::aws};
constexpr auto kModes = {JitpMode::inline_registration, JitpMode::aws};

/// A factory with one provisioned device.
struct RevokedWorld : test::FactoryWorld {
  explicit RevokedWorld(Reprovision rule = Reprovision::same_key,
                        JitpMode mode = JitpMode::inline_registration, bool has_template = true) {
    server.set({.reprovision = rule, .jitp = mode});
    if (!has_template) set_ca([](registry::CaCertificate& record) { record.registration.reset(); });
    connects(device);
    EXPECT_EQ(has_template, connects(device));
  }

  bool connects(const test::Enrolled& as) { return FactoryWorld::connects(as, "unit-1"); }
  /// The same signed certificate in its other encoding, with the device's key.
  [[nodiscard]] test::Enrolled twin() const {
    const auto made = test::twin_of(*x509::Certificate::from_pem(device.tls.certificate));
    return {made.id(), {.certificate = made.pem(), .key = device.tls.key}};
  }
  /// Cleans up as an operator would: detaches the certificate from everything and deletes the
  /// thing.
  void clean_up() {
    for (const auto& attached :
         server.all<registry::ThingPrincipal>(registry::query::ThingsOfPrincipal{device.id})) {
      server.erase(registry::key_of(attached));
      server.erase(registry::thing_key(attached.thing));
    }
    server.erase(
        registry::attachment_key(*PolicyName::parse("All"), registry::PolicyTarget(device.id)));
  }
  void delete_certificate() {
    registry::ChangeSet changes;
    changes.changes =
        provisioning::removal_changes(server.certificate(device.id), server.clock.now());
    server.commit(std::move(changes));
  }
  void expect_refused(const test::Enrolled& as, const std::string& when) {
    // In mode aws the first connection would register the device and the second one would be
    // admitted.
    EXPECT_FALSE(connects(as)) << when;
    EXPECT_FALSE(connects(as)) << when;
  }

  test::Enrolled device = make_device("unit-1");
};

TEST(RevokedDevice, StaysOutInAnyEncodingUnderEverySetting) {
  for (const Reprovision rule : kRules) {
    for (const JitpMode mode : kModes) {
      for (const auto status : {CertificateStatus::revoked, CertificateStatus::inactive}) {
        RevokedWorld world(rule, mode);
        const std::string when = fmt::format("{} rule {} mode {}", registry::to_string(status),
                                             static_cast<int>(rule), static_cast<int>(mode));
        world.server.set_status(world.device.id, status);
        world.expect_refused(world.twin(), when);
        world.clean_up();
        world.expect_refused(world.twin(), when + ", cleaned up");
        EXPECT_FALSE(world.is_known(world.twin().id)) << when;
        if (status != CertificateStatus::revoked) continue;
        world.delete_certificate();
        world.expect_refused(world.twin(), when + ", deleted");
        world.expect_refused(world.device, when + ", deleted, as it was");
      }
    }
  }
}

TEST(RevokedDevice, StaysOutIfAnOperatorActivates) {
  RevokedWorld world(Reprovision::same_key, JitpMode::inline_registration, false);
  world.server.set_status(world.device.id, CertificateStatus::revoked);
  world.expect_refused(world.twin(), "revoked");
  EXPECT_FALSE(world.is_known(world.twin().id)) << "nobody can activate it by mistake";
}

TEST(RevokedDevice, ComesBackWhenItsRevocationIsLifted) {
  RevokedWorld world;
  world.server.set_status(world.device.id, CertificateStatus::revoked);
  world.clean_up();
  world.delete_certificate();
  world.expect_refused(world.device, "deleted");
  world.server.erase(registry::tombstone_key(world.device.id));
  EXPECT_TRUE(world.connects(world.device));
}

TEST(RevokedDevice, DoesNotAffectOthersOfItsCa) {
  RevokedWorld world;
  world.server.set_status(world.device.id, CertificateStatus::revoked);
  const auto other = world.server.make_client(world.ca, "unit-2");
  MqttDevice client;
  EXPECT_TRUE(client.connect(world.server.port(), other.tls, "unit-2"));
}

TEST(RevokedDevice, IssuerAndSerialNumberExcludeAnotherKeyToo) {
  RevokedWorld world;
  world.server.set_status(world.device.id, CertificateStatus::revoked);
  const auto first = *x509::Certificate::from_pem(world.device.tls.certificate);
  const test::Identity again = test::make_child(world.ca, "unit-9", [&](x509::TbsCertificate& tbs) {
    tbs.serial = test::serial(std::stoull(first.serial_hex(), nullptr, 16));
    tbs.not_before = world.server.clock.now() - test::kDay;
    tbs.not_after = world.server.clock.now() + test::kDay;
  });
  ASSERT_EQ(again.certificate.issued_as(), first.issued_as());
  world.expect_refused(
      {again.certificate.id(),
       {.certificate = again.certificate.pem(), .key = again.key.pem_pkcs8().reveal()}},
      "the same serial number");
}

TEST(RenewedDevice, MayHaveANewCertificateForItsKey) {
  RevokedWorld world;
  const auto key = *x509::PrivateKey::from_pem(world.device.tls.key);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    const test::Identity renewed =
        test::make_child(world.ca, "unit-1", [&](x509::TbsCertificate& tbs) {
          tbs.serial = test::serial(1000 + round);
          tbs.public_key = key.public_key();
          tbs.extensions.subject_key_id = x509::key_identifier(key.public_key());
          tbs.not_before = world.server.clock.now() - test::kDay;
          tbs.not_after = world.server.clock.now() + test::kDay;
        });
    EXPECT_TRUE(
        world.connects({renewed.certificate.id(),
                        {.certificate = renewed.certificate.pem(), .key = world.device.tls.key}}))
        << round << ": the replaced one does not block it";
  }
}

}  // namespace
}  // namespace imprint::server
