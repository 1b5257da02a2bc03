// SPDX-License-Identifier: Apache-2.0
#include "provisioning/outside_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outcome/causes.h"
#include "test/support/memory_store.h"
#include "test/support/test_ca.h"
#include "x509/digest.h"

namespace imprint::provisioning {
namespace {

using runtime::run_blocking;
using testing::HasSubstr;

void put(registry::Store& store, const x509::Certificate& ca) {
  registry::ChangeSet changes;
  changes.changes.emplace_back(
      registry::Put{registry::CaCertificate{.id = ca.id(),
                                            .pem = ca.pem(),
                                            .is_active = true,
                                            .subject = x509::sha256(ca.subject().der()),
                                            .not_after = ca.not_after()}});
  ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
}

TEST(OutsideCertificate, ThatHasExpiredIsRefused) {
  const test::Identity ca = test::make_root("CA");
  const test::Identity device = test::make_device(ca, "unit");
  EXPECT_TRUE(check_outside_certificate(device.certificate, test::kToday));
  const auto ended =
      check_outside_certificate(device.certificate, device.certificate.not_after() + Seconds(1));
  ASSERT_FALSE(ended);
  EXPECT_EQ(name_of(ended.error().cause), "CertificateValidation");
}

TEST(OutsideCertificate, HasOneSigner) {
  test::MemoryStore store;
  const test::Identity ca = test::make_root("CA");
  const x509::Certificate device = test::make_device(ca, "unit").certificate;
  const auto unknown = run_blocking(find_signer(store, device, {}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(name_of(unknown.error().cause), "CertificateValidation");
  EXPECT_THAT(unknown.error().message, HasSubstr("RegisterCACertificate"));
  put(store, ca.certificate);
  const auto signer = run_blocking(find_signer(store, device, {}));
  ASSERT_TRUE(signer) << signer.error().message;
  EXPECT_EQ(signer->id, ca.certificate.id());
  // The CA's certificate was renewed with the same key.
  const x509::Certificate renewed =
      test::make_child(ca, "CA", ca.key, [&](x509::TbsCertificate& tbs) {
        tbs.subject = ca.certificate.subject();
        tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true};
        tbs.extensions.key_usage = x509::key_cert_sign;
      });
  put(store, renewed);
  const auto ambiguous = run_blocking(find_signer(store, device, {}));
  ASSERT_FALSE(ambiguous);
  EXPECT_EQ(name_of(ambiguous.error().cause), "CertificateConflict");
  EXPECT_TRUE(run_blocking(find_signer(store, device, renewed.id())))
      << "the CA that the caller names";
}

}  // namespace
}  // namespace imprint::provisioning
