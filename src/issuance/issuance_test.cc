// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <set>
#include <thread>
#include <type_traits>

#include "base/file.h"
#include "issuance/issuer.h"
#include "issuance/key_rules.h"
#include "issuance/lint.h"
#include "issuance/serial.h"
#include "outcome/causes.h"
#include "test/support/shell.h"
#include "test/support/test_ca.h"
#include "x509/chain.h"
#include "x509/der.h"
#include "x509/tbs_certificate.h"

namespace imprint::issuance {
namespace {

using test::kDay;
using test::kToday;

// The compiler enforces the order: approve, then sign once.
static_assert(!std::is_copy_constructible_v<ApprovedRequest>);
static_assert(!std::is_default_constructible_v<ApprovedRequest>);
static_assert(!std::is_invocable_v<decltype(&Issuer::sign), const Issuer&, ApprovedRequest&>);

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A Signer that fails its Nth call, or returns a wrong answer.
class FaultySigner final : public Signer {
 public:
  explicit FaultySigner(x509::PrivateKey key) : inner_(std::move(key)) {}
  [[nodiscard]] x509::SignatureAlgorithm algorithm() const override { return inner_.algorithm(); }
  Result<Bytes> sign(BytesView message) override {
    if (++calls_ == fail_at) return fail(Fault::unavailable, "the token does not answer");
    auto signature = inner_.sign(message);
    if (calls_ == corrupt_at) signature->back() ^= 1;
    if (calls_ == empty_at) signature->clear();
    return signature;
  }
  int fail_at = 0;
  int corrupt_at = 0;
  int empty_at = 0;

 private:
  FileSigner inner_;
  int calls_ = 0;
};

class Issuance : public ::testing::Test {
 protected:
  explicit Issuance(x509::KeyAlgorithm algorithm = x509::KeyAlgorithm::ec_p256)
      : ca_(test::make_root("Issuing CA", algorithm)) {}

  Profile profile(const ProfileOptions& options = {}) const {
    auto made = Profile::make(options, ca_.certificate);
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  std::shared_ptr<FaultySigner> signer() const {
    return std::make_shared<FaultySigner>(
        *x509::PrivateKey::from_pem(ca_.key.pem_pkcs8().reveal()));
  }
  x509::CertificateSerial serial() { return make_serial(random_); }

  SystemRandom random_;
  const test::Identity ca_;
  const x509::PrivateKey device_ = test::make_key();
};

TEST_F(Issuance, IssuesWhatTheOpensslToolAccepts) {
  const ProfileOptions options{.organization = "Acme",
                               .validity = 100 * kDay,
                               .crl_urls = {"http://a/1.crl"},
                               .ocsp_urls = {"http://a/ocsp"},
                               .ca_issuer_urls = {"http://a/ca.pem"}};
  const auto issuer = Issuer::make(ca_.certificate, signer());
  ASSERT_TRUE(issuer) << issuer.error().message;
  auto approved = approve(profile(options), device_.public_key(), kToday, serial());
  ASSERT_TRUE(approved) << approved.error().message;
  const std::string serial_hex = approved->serial().hex();
  EXPECT_EQ(approved->not_before(), kToday - std::chrono::minutes(5));
  EXPECT_EQ(approved->not_after(), kToday + 100 * kDay);
  const auto certificate = issuer->sign(std::move(*approved));
  ASSERT_TRUE(certificate) << certificate.error().message;
  EXPECT_EQ(certificate->serial_hex(), serial_hex);
  EXPECT_LT(certificate->pem().size(), 2048U);  // embedded clients' buffer

  const test::ScratchFolder folder;
  test::spill(folder / "ca.pem", ca_.certificate.pem());
  test::spill(folder / "d.pem", certificate->pem());
  const auto verified = test::shell(
      folder,
      "openssl verify -x509_strict -purpose sslclient -attime 1767225600 -CAfile ca.pem d.pem");
  EXPECT_EQ(verified.exit_code, 0) << verified.output;
  EXPECT_NE(test::shell(folder,
                        "openssl verify -purpose sslserver -attime 1767225600 "
                        "-CAfile ca.pem d.pem")
                .exit_code,
            0);
  const auto text = test::shell(folder, "openssl x509 -in d.pem -noout -text");
  for (const std::string part :
       {"Subject: O = Acme, CN = Imprint device certificate", "X509v3 Basic Constraints: critical",
        "CA:FALSE", "X509v3 Key Usage: critical", "TLS Web Client Authentication",
        "Not Before: Dec 31 23:55:00 2025 GMT", "URI:http://a/1.crl"}) {
    EXPECT_TRUE(contains(text.output, part)) << part << "\n" << text.output;
  }
  EXPECT_FALSE(contains(text.output, "Key Encipherment"));
}

TEST_F(Issuance, TakesOnlyTheKeyFromTheRequest) {
  const test::ScratchFolder folder;
  ASSERT_EQ(test::shell(folder,
                        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                        "-keyout k.pem -out c.pem -subj '/CN=admin/O=Evil' "
                        "-addext basicConstraints=critical,CA:TRUE,pathlen:3 "
                        "-addext keyUsage=keyCertSign -addext extendedKeyUsage=serverAuth "
                        "-addext subjectAltName=DNS:iot.example.com 2>/dev/null")
                .exit_code,
            0);
  const auto csr = read_csr(test::slurp(folder / "c.pem"));
  ASSERT_TRUE(csr) << csr.error().message;
  const auto issuer = Issuer::make(ca_.certificate, signer());
  const auto certificate = issuer->sign(*approve(profile(), *csr, kToday, serial()));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->subject().text(), "CN=Imprint device certificate");
  EXPECT_FALSE(certificate->is_ca());
  EXPECT_TRUE(certificate->extensions().alternative_names.empty());
  EXPECT_EQ(certificate->extensions().key_usage, x509::digital_signature);
  EXPECT_EQ(certificate->extensions().extended_key_usage,
            std::vector<std::string>{std::string(x509::kClientAuth)});
  EXPECT_EQ(certificate->public_key(), csr->public_key());
}

TEST_F(Issuance, TheSameRequestTwiceGivesTwoCertificates) {
  const auto issuer = Issuer::make(ca_.certificate, signer());
  const auto first = issuer->sign(*approve(profile(), device_.public_key(), kToday, serial()));
  const auto second = issuer->sign(*approve(profile(), device_.public_key(), kToday, serial()));
  EXPECT_NE(first->id(), second->id());
  EXPECT_NE(first->serial_hex(), second->serial_hex());
}

TEST_F(Issuance, ACertificateNeverOutlivesItsCa) {
  const auto approved =
      approve(profile({.validity = 36500 * kDay}), device_.public_key(), kToday, serial());
  ASSERT_TRUE(approved) << approved.error().message;
  EXPECT_EQ(approved->not_after(), ca_.certificate.not_after());
  // Back-dating does not reach before the CA's notBefore either.
  const auto early = approve(profile({.backdate = std::chrono::hours(24)}), device_.public_key(),
                             ca_.certificate.not_before() + std::chrono::hours(1), serial());
  EXPECT_EQ(early->not_before(), ca_.certificate.not_before());
}

TEST_F(Issuance, ValidityCrosses2050) {
  auto key = test::make_key();
  auto tbs = test::plain_tbs(key.public_key(), "Long CA");
  tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true};
  tbs.not_after = kToday + 40 * 366 * kDay;
  const auto ca = test::must_sign(tbs, key);
  const auto long_profile = Profile::make({.validity = 25 * 366 * kDay}, ca);
  const auto issuer = Issuer::make(ca, std::make_shared<FileSigner>(std::move(key)));
  const auto certificate =
      issuer->sign(*approve(*long_profile, device_.public_key(), kToday, serial()));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->not_after(), kToday + 25 * 366 * kDay);
  EXPECT_TRUE(certificate->verify_signed_by(ca));
}

TEST_F(Issuance, RefusesOutsideTheValidityOfTheCa) {
  for (const Timestamp now :
       {ca_.certificate.not_before() - Milliseconds(1), ca_.certificate.not_after(), Timestamp{}}) {
    const auto approved = approve(profile(), device_.public_key(), now, serial());
    ASSERT_FALSE(approved);
    EXPECT_EQ(approved.error().fault, Fault::unavailable);
  }
}

TEST_F(Issuance, RefusesWeakKeysEvenWithoutACsr) {
  const auto ed25519 = x509::PublicKey::from_spki(
      x509::der::sequence_of(x509::der::sequence_of(x509::der::oid("\x2b\x65\x70")),
                             x509::der::bit_string_of(Bytes(32, 1))));
  const auto approved = approve(profile(), *ed25519, kToday, serial());
  ASSERT_FALSE(approved);
  EXPECT_EQ(name_of(approved.error().cause), "InvalidCsr");
}

TEST_F(Issuance, ARequestApprovedForOneCaIsNotSignedByAnother) {
  auto approved = approve(profile(), device_.public_key(), kToday, serial());
  auto other = test::make_root("Issuing CA");
  const auto issuer =
      Issuer::make(other.certificate, std::make_shared<FileSigner>(std::move(other.key)));
  const auto certificate = issuer->sign(std::move(*approved));
  ASSERT_FALSE(certificate);
  EXPECT_TRUE(contains(certificate.error().message, "another issuing CA"));
}

TEST_F(Issuance, AnIssuerWithTheWrongKeyDoesNotStart) {
  const auto issuer = Issuer::make(ca_.certificate, std::make_shared<FileSigner>(test::make_key()));
  ASSERT_FALSE(issuer);
  EXPECT_TRUE(contains(issuer.error().message, "does not belong to the CA certificate"));
  const auto leaf = test::make_device(ca_, "leaf");
  EXPECT_FALSE(Issuer::make(leaf.certificate, signer()));
}

TEST_F(Issuance, ReturnsNothingIfTheSignerFailsOrSignsWrongly) {
  const struct {
    int FaultySigner::* when;
    Fault fault;
  } rows[] = {{&FaultySigner::fail_at, Fault::unavailable},
              {&FaultySigner::corrupt_at, Fault::internal},
              {&FaultySigner::empty_at, Fault::internal}};
  for (const auto& row : rows) {
    const auto faulty = signer();
    (*faulty).*row.when = 3;  // the first call is the trial of make()
    const auto issuer = Issuer::make(ca_.certificate, faulty);
    ASSERT_TRUE(issuer);
    const auto attempt = [&] {
      return issuer->sign(*approve(profile(), device_.public_key(), kToday, serial()));
    };
    EXPECT_TRUE(attempt());
    const auto second = attempt();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().fault, row.fault) << second.error().message;
    EXPECT_TRUE(attempt());
  }
  const auto dead = signer();
  dead->fail_at = 1;
  EXPECT_EQ(Issuer::make(ca_.certificate, dead).error().fault, Fault::unavailable);
}

TEST_F(Issuance, SeveralShardsSignAtOnce) {
  const auto issuer = Issuer::make(
      ca_.certificate,
      std::make_shared<FileSigner>(*x509::PrivateKey::from_pem(ca_.key.pem_pkcs8().reveal())));
  const Profile shared = profile();
  std::atomic<int> good = 0;
  std::vector<std::thread> shards;
  for (int shard = 0; shard < 4; ++shard) {
    shards.emplace_back([&] {
      SystemRandom random;
      for (int i = 0; i < 50; ++i) {
        const auto certificate =
            issuer->sign(*approve(shared, device_.public_key(), kToday, make_serial(random)));
        if (certificate && certificate->verify_signed_by(ca_.certificate)) ++good;
      }
    });
  }
  for (auto& shard : shards) shard.join();
  EXPECT_EQ(good, 200);
}

class RsaIssuance : public Issuance {
 protected:
  RsaIssuance() : Issuance(x509::KeyAlgorithm::rsa_2048) {}
};

TEST_F(RsaIssuance, RsaDevicesMayAlsoEncipherKeys) {
  const auto device = test::make_key(x509::KeyAlgorithm::rsa_2048);
  const auto issuer = Issuer::make(ca_.certificate, signer());
  const auto certificate = issuer->sign(*approve(profile(), device.public_key(), kToday, serial()));
  ASSERT_TRUE(certificate) << certificate.error().message;
  EXPECT_EQ(certificate->extensions().key_usage, x509::digital_signature | x509::key_encipherment);
  EXPECT_TRUE(certificate->verify_signed_by(ca_.certificate));
  EXPECT_LT(certificate->pem().size(), 2048U);
}

TEST(Serials, CarryThePrefixAnd136LiveBits) {
  SystemRandom random;
  std::set<Bytes> seen;
  std::array<int, 136> ones{};
  constexpr int kRounds = 4000;
  for (int i = 0; i < kRounds; ++i) {
    const auto serial = make_serial(random, 0x7F);
    ASSERT_EQ(serial.magnitude().size(), 18U);
    ASSERT_EQ(serial.magnitude()[0], 0x7F);
    ASSERT_TRUE(seen.insert(serial.magnitude()).second);
    for (std::size_t bit = 0; bit < ones.size(); ++bit)
      ones[bit] += serial.magnitude()[1 + bit / 8] >> (bit % 8) & 1;
  }
  // Every bit varies: 8 standard deviations around one half.
  for (const int count : ones) EXPECT_NEAR(count, kRounds / 2, 8 * 32);
}

TEST(Profiles, RefuseSettingsThatWouldMakeBadCertificates) {
  const auto ca = test::make_root("CA");
  const auto error = [&](const ProfileOptions& options) {
    const auto made = Profile::make(options, ca.certificate);
    return made ? std::string("made") : made.error().message;
  };
  EXPECT_EQ(error({}), "made");
  const struct {
    ProfileOptions options;
    std::string part;
  } rows[] = {
      {{.validity = Seconds(59)}, "outside 1 minute"},
      {{.validity = 36501 * kDay}, "100 years"},
      {{.backdate = Seconds(-1)}, "back-date"},
      {{.backdate = std::chrono::hours(25)}, "back-date"},
      {{.common_name = ""}, "0 characters"},
      {{.common_name = std::string(65, 'x')}, "65 characters"},
      {{.organization = "a\nb"}, "control character"},
      {{.crl_urls = {"https://a"}}, "CRL URL"},
      {{.ocsp_urls = {"http://"}}, "OCSP URL"},
      {{.ca_issuer_urls = {"http://a b"}}, "CA issuer URL"},
      {{.crl_urls = std::vector<std::string>(5, "http://a")}, "5 CRL URLs"},
  };
  for (const auto& row : rows)
    EXPECT_TRUE(contains(error(row.options), row.part)) << error(row.options);
  const auto leaf = test::make_device(ca, "leaf");
  EXPECT_TRUE(contains(Profile::make({}, leaf.certificate).error().message, "not a CA"));
}

/// One change to a good TBSCertificate, and the rule that must notice it.
class LintTest : public Issuance {};

TEST_F(LintTest, NoticesEverySingleDeviation) {
  const Profile wanted = profile({.validity = 100 * kDay, .crl_urls = {"http://a/1.crl"}});
  const auto good = [&] {
    x509::TbsCertificate tbs{serial(),
                             wanted.signature_algorithm(),
                             ca_.certificate.subject(),
                             kToday - std::chrono::minutes(5),
                             kToday + 100 * kDay,
                             wanted.subject(),
                             device_.public_key(),
                             {.basic_constraints = x509::BasicConstraints{},
                              .key_usage = x509::digital_signature,
                              .extended_key_usage = {std::string(x509::kClientAuth)},
                              .subject_key_id = x509::key_identifier(device_.public_key()),
                              .authority_key_id = ca_.certificate.extensions().subject_key_id,
                              .crl_urls = {"http://a/1.crl"}}};
    return tbs;
  };
  ASSERT_TRUE(lint(*x509::encode(good()), wanted, device_.public_key()));

  using T = x509::TbsCertificate;
  const auto other = test::make_key();
  const struct {
    std::string rule;
    std::function<void(T&)> change;
  } rows[] = {
      {"serial", [](T& t) { t.serial = test::serial(1); }},
      {"signature algorithm",
       [](T& t) { t.signature_algorithm = x509::SignatureAlgorithm::rsa_sha256; }},
      {"issuer", [](T& t) { t.issuer = test::common_name("Another CA"); }},
      {"subject", [](T& t) { t.subject = test::common_name("admin"); }},
      {"validity", [](T& t) { t.not_after += Seconds(2); }},
      {"validity", [](T& t) { t.not_before -= Seconds(2); }},
      {"public key", [&](T& t) { t.public_key = other.public_key(); }},
      {"BasicConstraints", [](T& t) { t.extensions.basic_constraints->ca = true; }},
      {"BasicConstraints", [](T& t) { t.extensions.basic_constraints.reset(); }},
      {"KeyUsage", [](T& t) { t.extensions.key_usage = x509::key_cert_sign; }},
      {"KeyUsage",
       [](T& t) { t.extensions.key_usage = x509::digital_signature | x509::key_encipherment; }},
      {"KeyUsage", [](T& t) { t.extensions.key_usage.reset(); }},
      {"ExtendedKeyUsage", [](T& t) { t.extensions.extended_key_usage = {}; }},
      {"ExtendedKeyUsage",
       [](T& t) { t.extensions.extended_key_usage.emplace_back(x509::kServerAuth); }},
      {"key identifiers", [](T& t) { t.extensions.subject_key_id[0] ^= 1; }},
      {"key identifiers", [](T& t) { t.extensions.authority_key_id.clear(); }},
      {"alternative names",
       [](T& t) { t.extensions.alternative_names = {{x509::AlternativeName::dns, "a"}}; }},
      {"URLs", [](T& t) { t.extensions.crl_urls.clear(); }},
      {"URLs", [](T& t) { t.extensions.ocsp_urls = {"http://evil"}; }},
  };
  for (const auto& row : rows) {
    T changed = good();
    row.change(changed);
    const auto verdict = lint(*x509::encode(changed), wanted, device_.public_key());
    ASSERT_FALSE(verdict) << row.rule;
    EXPECT_EQ(verdict.error().fault, Fault::internal);
    EXPECT_TRUE(contains(verdict.error().message, row.rule)) << verdict.error().message;
  }
  T late = good();
  late.not_before = ca_.certificate.not_after() - 10 * kDay;
  late.not_after = ca_.certificate.not_after() + Seconds(1);
  EXPECT_TRUE(contains(lint(*x509::encode(late), wanted, device_.public_key()).error().message,
                       "outlive the issuing CA"));
  EXPECT_FALSE(lint(Bytes{0x30, 0x00}, wanted, device_.public_key()));
}

TEST(FileSigners, RefuseAKeyThatOthersCanRead) {
  const test::ScratchFolder folder;
  const std::string path = folder / "issuing-ca.key";
  const auto key = test::make_key();
  ASSERT_TRUE(write_file_durably(path, 0600, key.pem_pkcs8().reveal()));
  EXPECT_TRUE(FileSigner::load(path));
  ASSERT_TRUE(write_file_durably(path, 0640, key.pem_pkcs8().reveal()));
  const auto open = FileSigner::load(path);
  ASSERT_FALSE(open);
  EXPECT_TRUE(contains(open.error().message, "chmod 600"));
  ASSERT_TRUE(write_file_durably(path, 0600, "no key"));
  EXPECT_TRUE(contains(FileSigner::load(path).error().message, "issuing-ca.key"));
  EXPECT_EQ(FileSigner::load(folder / "missing").error().fault, Fault::not_found);
}

}  // namespace
}  // namespace imprint::issuance
