// SPDX-License-Identifier: Apache-2.0
#include "issuance/revocation_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/shell.h"
#include "test/support/test_ca.h"

namespace imprint::issuance {
namespace {

using test::kDay;
using test::kToday;
using testing::HasSubstr;
using testing::Not;

class RevocationListTest : public testing::TestWithParam<x509::KeyAlgorithm> {
 protected:
  RevokedSerial revoked(std::uint64_t number,
                        RevocationReason reason = RevocationReason::unspecified) {
    return {test::serial(number), kToday - kDay, reason};
  }
  Result<RevocationList> make(std::vector<RevokedSerial> all, std::uint64_t number = 7) {
    return make_revocation_list(issuer_, std::move(all), {kToday, kToday + 30 * kDay, number});
  }
  /// The output of openssl for a list: its text, and whether the CA's signature verifies.
  std::string openssl(const RevocationList& list) {
    test::spill(folder_ / "list.pem", list.pem());
    test::spill(folder_ / "ca.pem", ca_.certificate.pem());
    return test::shell(folder_, "openssl crl -in list.pem -CAfile ca.pem -noout -text").output;
  }

  test::ScratchFolder folder_;
  test::Identity ca_ = test::make_root("Issuing CA", GetParam());
  Issuer issuer_ = *Issuer::make(
      ca_.certificate,
      std::make_shared<FileSigner>(*x509::PrivateKey::from_pem(ca_.key.pem_pkcs8().reveal())));
};

INSTANTIATE_TEST_SUITE_P(Keys, RevocationListTest,
                         testing::Values(x509::KeyAlgorithm::ec_p256, x509::KeyAlgorithm::ec_p384,
                                         x509::KeyAlgorithm::rsa_2048));

TEST_P(RevocationListTest, IsReadableByOpenssl) {
  const auto list = make({revoked(0x0a0b), revoked(0x01, RevocationReason::certificate_hold),
                          revoked(0xff, RevocationReason::cessation_of_operation)});
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->entries, 3U);
  const std::string text = openssl(*list);
  for (const char* part :
       {"verify OK", "Version 2 (0x1)", "Issuer: CN = Issuing CA",
        "Last Update: Jan  1 00:00:00 2026", "Next Update: Jan 31 00:00:00 2026",
        "X509v3 CRL Number: \n                7", "X509v3 Authority Key Identifier",
        "Serial Number: 0A0B", "Serial Number: 01", "Serial Number: FF", "Certificate Hold",
        "Cessation Of Operation", "Revocation Date: Dec 31 00:00:00 2025"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("Unspecified")));
}

TEST_P(RevocationListTest, MayBeEmptyAndNamesEachSerialOnce) {
  const auto empty = make({});
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_THAT(openssl(*empty), HasSubstr("No Revoked Certificates"));
  const auto twice = make({revoked(5), revoked(6), revoked(5)});
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->entries, 2U);
}

TEST_P(RevocationListTest, ExcludesExactlyTheListedCertificates) {
  const auto bad = test::make_child(ca_, "bad", [](x509::TbsCertificate& tbs) {
    tbs.serial = test::serial(0x80);  // so that its INTEGER needs a leading zero
  });
  const auto good = test::make_child(
      ca_, "good", [](x509::TbsCertificate& tbs) { tbs.serial = test::serial(0x81); });
  const auto list = make({revoked(0x80)});
  ASSERT_TRUE(list);
  test::spill(folder_ / "all.pem", ca_.certificate.pem() + list->pem());
  for (const auto& [name, identity] : {std::pair{"bad", &bad}, std::pair{"good", &good}}) {
    test::spill(folder_ / "one.pem", identity->certificate.pem());
    const auto verified = test::shell(
        folder_, fmt::format("openssl verify -crl_check -attime {} -CAfile all.pem one.pem",
                             to_milliseconds(kToday) / 1000));
    EXPECT_EQ(verified.exit_code == 0, std::string_view(name) == "good") << verified.output;
  }
}

TEST_P(RevocationListTest, RefusesTermsThatMakeNoSense) {
  for (const auto next : {kToday, kToday - kDay}) {
    const auto list = make_revocation_list(issuer_, {}, {kToday, next, 1});
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().fault, Fault::invalid);
  }
}

/// Signs once, as Issuer::make requires, and then corrupts what it signs, or fails.
class SpoilingSigner final : public Signer {
 public:
  SpoilingSigner(x509::PrivateKey key, bool fails) : inner_(std::move(key)), fails_(fails) {}
  [[nodiscard]] x509::SignatureAlgorithm algorithm() const override { return inner_.algorithm(); }
  Result<Bytes> sign(BytesView message) override {
    auto signature = inner_.sign(message);
    if (++calls_ == 1) return signature;
    if (fails_) return fail(Fault::unavailable, "the token does not answer");
    signature->back() ^= 1;
    return signature;
  }

 private:
  FileSigner inner_;
  bool fails_;
  int calls_ = 0;
};

TEST_P(RevocationListTest, IsNeverReturnedWithAnInvalidSignature) {
  for (const bool fails : {false, true}) {
    const auto issuer = Issuer::make(
        ca_.certificate, std::make_shared<SpoilingSigner>(
                             *x509::PrivateKey::from_pem(ca_.key.pem_pkcs8().reveal()), fails));
    ASSERT_TRUE(issuer);
    const auto list = make_revocation_list(*issuer, {}, {kToday, kToday + kDay, 1});
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().fault, fails ? Fault::unavailable : Fault::internal);
  }
}

}  // namespace
}  // namespace imprint::issuance
