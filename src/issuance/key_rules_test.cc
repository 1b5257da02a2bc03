// SPDX-License-Identifier: Apache-2.0
#include "issuance/key_rules.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/err.h>

#include "encoding/text.h"
#include "test/support/test_ca.h"
#include "x509/der.h"
#include "x509/openssl.h"

namespace imprint::issuance {
namespace {

namespace der = x509::der;
using x509::KeyAlgorithm;
using x509::KeyType;
using x509::OpensslPtr;
using x509::PublicKey;
using x509::SignatureAlgorithm;
using Number = OpensslPtr<BIGNUM>;

Bytes to_bytes(const BIGNUM* n) {
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n)));
  BN_bn2bin(n, out.data());
  return out;
}

Bytes rsa_spki(BytesView modulus, BytesView exponent) {
  const Bytes algorithm = der::sequence_of(der::oid("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"),
                                           der::element(der::null, {}));
  const Bytes key =
      der::sequence_of(der::unsigned_integer(modulus), der::unsigned_integer(exponent));
  return der::sequence_of(algorithm, der::bit_string_of(key));
}

PublicKey rsa_key(BytesView modulus, BytesView exponent = Bytes{1, 0, 1}) {
  return *PublicKey::from_spki(rsa_spki(modulus, exponent));
}

std::string verdict(const PublicKey& key) {
  const auto result = check_device_key(key);
  EXPECT_EQ(ERR_peek_error(), 0U) << "a stale entry would break the next TLS read";
  return result ? "ok" : result.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Number random_prime(int bits) {
  Number p(BN_new());
  BN_generate_prime_ex(p.get(), bits, 0, nullptr, nullptr, nullptr);
  return p;
}

class RsaRules : public ::testing::Test {
 protected:
  // One good 2048-bit modulus, generated once because key generation is slow.
  static void SetUpTestSuite() {
    const auto key = test::make_key(KeyAlgorithm::rsa_2048);
    der::Reader outer(der::read_one(key.public_key().key_bytes(), der::sequence, "key")->content);
    const BytesView n = *der::positive(*outer.integer_bytes("n"), "n");
    good_ = new Bytes(n.begin(), n.end());
  }
  static void TearDownTestSuite() {
    delete good_;
    good_ = nullptr;
  }
  inline static Bytes* good_ = nullptr;
  const OpensslPtr<BN_CTX> context_{BN_CTX_new()};
};

TEST_F(RsaRules, AnExponentAsLongAsTheModulusIsRefused) {
  Bytes exponent = *good_;
  exponent.back() |= 1U;
  const auto verified =
      rsa_key(*good_, exponent)
          .verify(SignatureAlgorithm::rsa_sha256, as_bytes("message"), Bytes(256, 1));
  ASSERT_FALSE(verified);
  EXPECT_TRUE(contains(verified.error().message, "exponent has 256 bytes"))
      << verified.error().message;
}

TEST_F(RsaRules, AcceptsAnOrdinaryKey) {
  EXPECT_EQ(verdict(rsa_key(*good_)), "ok");
  EXPECT_EQ(rsa_key(*good_).describe(), "RSA 2048");
}

TEST_F(RsaRules, RequiresExponent65537) {
  const struct {
    Bytes exponent;
    std::string part;
  } rows[] = {
      {{3}, "0x03"},
      {{1}, "0x01"},
      {{1, 0, 0}, "0x010000"},
      {{1, 0, 3}, "0x010003"},
      {{2}, "0x02"},
      {{}, "0x;"},
      {Bytes(200, 0x11), "0x11111111111111111111111111111111;"},
  };
  for (const auto& row : rows) {
    const std::string text = verdict(rsa_key(*good_, row.exponent));
    EXPECT_TRUE(contains(text, row.part)) << text;
  }
}

TEST_F(RsaRules, ChecksTheLengthBeforeAnyArithmetic) {
  for (const std::size_t bytes : {0U, 1U, 64U, 128U, 255U, 257U, 320U, 513U, 1024U, 2048U}) {
    const std::string text = verdict(rsa_key(Bytes(bytes, 0xFF)));
    EXPECT_TRUE(contains(text, fmt::format("has {} bits", bytes * 8))) << text;
  }
  // A modulus beyond 32 kbit is not even accepted as a key: 64 kbit would take OpenSSL minutes.
  EXPECT_FALSE(PublicKey::from_spki(rsa_spki(Bytes(8192, 0xFF), Bytes{1, 0, 1})));
}

TEST_F(RsaRules, RefusesEvenAndSmoothModuli) {
  Bytes even = *good_;
  even.back() &= 0xFE;
  EXPECT_TRUE(contains(verdict(rsa_key(even)), "even"));

  const Number n(BN_new());
  for (const BN_ULONG factor : {3U, 5U, 7U, 11U, 101U, 563U, 743U, 751U}) {
    // An odd multiple of the factor that has exactly 2048 bits.
    BN_bin2bn(good_->data(), static_cast<int>(good_->size()), n.get());
    BN_set_bit(n.get(), 2046);
    BN_sub_word(n.get(), BN_mod_word(n.get(), factor));
    if (BN_is_odd(n.get()) == 0) BN_sub_word(n.get(), factor);
    const std::string text = verdict(rsa_key(to_bytes(n.get())));
    EXPECT_TRUE(contains(text, "divisible by")) << factor << ": " << text;
  }
}

TEST_F(RsaRules, RefusesClosePrimes) {
  const Number p = random_prime(1024);
  const Number q(BN_dup(p.get()));
  const Number n(BN_new());
  do {
    BN_add_word(q.get(), 2);
  } while (BN_check_prime(q.get(), context_.get(), nullptr) != 1);
  BN_mul(n.get(), p.get(), q.get(), context_.get());
  ASSERT_EQ(BN_num_bits(n.get()), 2048);
  EXPECT_TRUE(contains(verdict(rsa_key(to_bytes(n.get()))), "close primes"));
  // The square of a prime is the extreme case.
  BN_sqr(n.get(), p.get(), context_.get());
  const std::string square = verdict(rsa_key(to_bytes(n.get())));
  EXPECT_TRUE(contains(square, "close primes")) << square;
}

TEST_F(RsaRules, RefusesTheRocaFingerprint) {
  const Number primorial(BN_new());
  const Number power(BN_new());
  const Number n(BN_new());
  BN_one(primorial.get());
  for (BN_ULONG p = 2; p <= 167; ++p) {
    bool prime = true;
    for (BN_ULONG d = 2; d * d <= p; ++d) prime = prime && p % d != 0;
    if (prime) BN_mul_word(primorial.get(), p);
  }
  BN_one(power.get());
  for (int i = 0; i < 12345; ++i) {
    BN_mul_word(power.get(), 65537);
    BN_nnmod(power.get(), power.get(), primorial.get(), context_.get());
  }
  // power + k * primorial, of 2048 bits, for k until no prime up to 751 divides it.
  BN_zero(n.get());
  BN_set_bit(n.get(), 2047);
  BN_div(n.get(), nullptr, n.get(), primorial.get(), context_.get());
  BN_mul(n.get(), n.get(), primorial.get(), context_.get());
  BN_add(n.get(), n.get(), power.get());
  std::string text;
  for (int k = 0; k < 100 && !contains(text, "ROCA"); ++k) {
    BN_add(n.get(), n.get(), primorial.get());
    text = verdict(rsa_key(to_bytes(n.get())));
    ASSERT_NE(text, "ok");
  }
  EXPECT_TRUE(contains(text, "ROCA")) << text;
}

Bytes ec_spki(std::string_view curve_oid, BytesView point) {
  return der::sequence_of(
      der::sequence_of(der::oid("\x2a\x86\x48\xce\x3d\x02\x01"), der::oid(curve_oid)),
      der::bit_string_of(point));
}
constexpr std::string_view kP256 = "\x2a\x86\x48\xce\x3d\x03\x01\x07";

TEST(EcRules, AcceptsOnlyThreeCurves) {
  EXPECT_EQ(verdict(test::make_key(KeyAlgorithm::ec_p256).public_key()), "ok");
  EXPECT_EQ(verdict(test::make_key(KeyAlgorithm::ec_p384).public_key()), "ok");
  const auto k1 = PublicKey::from_spki(ec_spki("\x2b\x81\x04\x00\x0a", Bytes(65, 4)));
  ASSERT_TRUE(k1);
  EXPECT_TRUE(contains(verdict(*k1), "another curve"));
}

TEST(EcRules, RequiresAnUncompressedPointOnTheCurve) {
  const auto key = test::make_key();
  const BytesView good = key.public_key().key_bytes();
  ASSERT_EQ(good.size(), 65U);
  const auto check = [](Bytes point) {
    return verdict(*PublicKey::from_spki(ec_spki(kP256, point)));
  };
  EXPECT_EQ(check(Bytes(good.begin(), good.end())), "ok");

  Bytes off_curve(good.begin(), good.end());
  off_curve.back() ^= 1;
  EXPECT_TRUE(contains(check(off_curve), "not on the curve"));
  Bytes too_large(good.begin(), good.end());
  std::fill(too_large.begin() + 1, too_large.begin() + 33, std::uint8_t{0xFF});
  EXPECT_TRUE(contains(check(too_large), "not on the curve"));
  Bytes compressed(good.begin(), good.begin() + 33);
  compressed[0] = 2;
  EXPECT_TRUE(contains(check(compressed), "form 0x02"));
  Bytes hybrid(good.begin(), good.end());
  hybrid[0] = 6;
  EXPECT_TRUE(contains(check(hybrid), "form 0x06"));
  EXPECT_TRUE(contains(check({0}), "form 0x00"));  // the point at infinity
  EXPECT_TRUE(contains(check({}), "form 0x00"));
  EXPECT_TRUE(contains(check(Bytes(good.begin(), good.end() - 1)), "64 bytes; it must have 65"));
  Bytes longer(good.begin(), good.end());
  longer.push_back(0);
  EXPECT_TRUE(contains(check(longer), "66 bytes"));
}

TEST(PublicKeyText, OtherKindsAreCarriedButNeverUsed) {
  const Bytes ed25519 = *encoding::from_hex(
      "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const auto key = PublicKey::from_spki(ed25519);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->type(), KeyType::other);
  EXPECT_TRUE(contains(verdict(*key), "1.3.101.112"));
  EXPECT_FALSE(to_openssl(*key));
  EXPECT_FALSE(key->verify(SignatureAlgorithm::ecdsa_sha256, as_bytes("x"), as_bytes("y")));
}

}  // namespace
}  // namespace imprint::issuance
