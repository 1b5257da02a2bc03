// SPDX-License-Identifier: Apache-2.0
#include "x509/private_key.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sstream>
#include <type_traits>

#include "test/support/shell.h"
#include "test/support/test_ca.h"

namespace imprint::x509 {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printable<Secret> && !Printable<PrivateKey>);
static_assert(!std::is_copy_constructible_v<PrivateKey>);

TEST(PrivateKey, WritesTheFormatsThatAwsClientsRead) {
  const auto rsa = test::make_key(KeyAlgorithm::rsa_2048);
  const auto ec = test::make_key();
  EXPECT_TRUE(rsa.pem_traditional().reveal().starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
  EXPECT_TRUE(ec.pem_traditional().reveal().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
  EXPECT_TRUE(rsa.pem_pkcs8().reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_TRUE(rsa.public_pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
  // Embedded clients have fixed buffers: 2048 bytes for the key.
  EXPECT_LT(rsa.pem_traditional().reveal().size(), 2048U);
}

TEST(PrivateKey, ReadsBackEveryFormatItWrites) {
  for (const KeyAlgorithm algorithm :
       {KeyAlgorithm::ec_p256, KeyAlgorithm::ec_p384, KeyAlgorithm::rsa_2048}) {
    const auto key = test::make_key(algorithm);
    for (const Secret& pem : {key.pem_traditional(), key.pem_pkcs8()}) {
      const auto again = PrivateKey::from_pem(pem.reveal());
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->public_key(), key.public_key());
      const auto signature = again->sign(as_bytes("message"));
      ASSERT_TRUE(signature);
      EXPECT_TRUE(
          key.public_key().verify(key.signature_algorithm(), as_bytes("message"), *signature));
      EXPECT_FALSE(
          key.public_key().verify(key.signature_algorithm(), as_bytes("Message"), *signature));
    }
  }
}

TEST(PrivateKey, TheOpensslToolAgrees) {
  const test::ScratchFolder folder;
  for (const KeyAlgorithm algorithm : {KeyAlgorithm::ec_p256, KeyAlgorithm::rsa_2048}) {
    const auto key = test::make_key(algorithm);
    test::spill(folder / "t.pem", key.pem_traditional().reveal());
    test::spill(folder / "p.pem", key.pem_pkcs8().reveal());
    for (const std::string file : {"t.pem", "p.pem"}) {
      const auto check = test::shell(folder, "openssl pkey -check -pubout -in " + file);
      EXPECT_NE(check.output.find("Key is valid"), std::string::npos) << check.output;
      EXPECT_NE(check.output.find(key.public_pem()), std::string::npos) << check.output;
    }
  }
}

TEST(PrivateKey, RefusesOtherTextWithoutRepeatingIt) {
  const test::ScratchFolder folder;
  ASSERT_EQ(test::shell(folder,
                        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
                        "-aes256 -pass pass:x -out enc.pem && "
                        "openssl genpkey -algorithm ED25519 -out ed.pem && "
                        "openssl ecparam -name prime256v1 -genkey -noout "
                        "-param_enc explicit -out explicit.pem")
                .exit_code,
            0);
  const std::string good = test::make_key().pem_pkcs8().reveal();
  const struct {
    std::string text;
    std::string part;
  } rows[] = {
      {test::slurp(folder / "enc.pem"), "encrypted"},
      {test::slurp(folder / "ed.pem"), "not supported"},
      {test::slurp(folder / "explicit.pem"), "not supported"},
      {good + good, "follow the PEM block"},
      {"hunter2hunter2", "does not start"},
      {"-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n", "cannot be read"},
  };
  for (const auto& row : rows) {
    const auto key = PrivateKey::from_pem(row.text);
    ASSERT_FALSE(key);
    EXPECT_NE(key.error().message.find(row.part), std::string::npos) << key.error().message;
    EXPECT_EQ(key.error().message.find("hunter2"), std::string::npos);
    EXPECT_EQ(key.error().message.find("aHVudGVyMg"), std::string::npos);
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
}

TEST(KeyAlgorithm, HasOneSpellingPerValue) {
  for (const KeyAlgorithm algorithm :
       {KeyAlgorithm::ec_p256, KeyAlgorithm::ec_p384, KeyAlgorithm::rsa_2048,
        KeyAlgorithm::rsa_3072, KeyAlgorithm::rsa_4096}) {
    EXPECT_EQ(*parse_key_algorithm(to_string(algorithm)), algorithm);
  }
  for (const std::string text : {"", "rsa", "RSA-2048", "rsa-1024", "ec-p521", "ec-p256 "})
    EXPECT_FALSE(parse_key_algorithm(text)) << text;
}

}  // namespace
}  // namespace imprint::x509
