// SPDX-License-Identifier: Apache-2.0
// Concurrent registrations, and registrations whose store or signer fails.
#include "provisioning/cleanup.h"
#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using registry::CertificateStatus;
using runtime::run_blocking;
using test::at_once;
using test::kKeepAll;

TEST(Races, ConcurrentRegistrationsOfAThingLeaveOneActiveCertificate) {
  World world;
  world.put(registry::Thing{.name = *ThingName::parse("device-S"),
                            .id = "i",
                            .attributes = {{"firmwareVersion", "1.0.0"}}});
  std::atomic<int> accepted = 0;
  at_once(12, [&](int) {
    if (world.onboard(test::make_key(), "S")) ++accepted;
  });
  EXPECT_GE(accepted.load(), 1);
  EXPECT_EQ(world.active_certificates_of("device-S").size(), 1U);
}

/// A device that starts again, with its key or (`fresh`) with a new one, until it is registered.
Result<RegisteredThing> insist(World& world, x509::PrivateKey& key, bool fresh) {
  auto done = world.onboard(key, "S");
  for (int attempt = 0; !done && attempt < 3; ++attempt) {
    if (fresh) key = test::make_key();
    done = world.onboard(key, "S");
  }
  return done;
}

TEST(NeverHalfProvisioned, WhicheverStoreCallFails) {
  for (const auto when : {test::FaultyStore::When::before, test::FaultyStore::When::after}) {
    for (const bool fresh : {false, true}) {
      for (int n = 1;; ++n) {
        World world;
        world.store.fail_call(n, when);
        x509::PrivateKey key = test::make_key();
        const auto done = insist(world, key, fresh);
        ASSERT_TRUE(done) << "call " << n << ": " << describe(done.error());
        EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U) << n;
        const auto active = world.active_certificates_of("device-S");
        ASSERT_EQ(active.size(), 1U) << "call " << n;
        EXPECT_EQ(active[0], done->certificate);
        EXPECT_EQ(world.certificate(active[0]).public_key, key.public_key().sha256())
            << "the device's own key";
        world.clock.advance(std::chrono::hours(2));
        ASSERT_TRUE(run_blocking(clean_up(world.memory, world.clock, kKeepAll)));
        for (const auto& certificate : world.device_certificates()) {
          EXPECT_NE(certificate.status, CertificateStatus::pending_activation) << n;
        }
        EXPECT_TRUE(world.all<registry::IssuanceIntent>(registry::query::Intents{world.clock.now()})
                        .empty());
        if (!world.store.has_failed()) break;  // the run needed fewer calls than n: all were tried
        ASSERT_LT(n, 100);
      }
    }
  }
}

TEST(NeverHalfProvisioned, WhenTheSignerFails) {
  World world;
  world.signer->fail_next = 1;
  x509::PrivateKey key = test::make_key();
  const auto done = insist(world, key, false);
  ASSERT_TRUE(done);
  EXPECT_EQ(world.active_certificates_of("device-S").size(), 1U);
  EXPECT_EQ(world.device_certificates().size(), 1U);
}

}  // namespace
}  // namespace imprint::provisioning
