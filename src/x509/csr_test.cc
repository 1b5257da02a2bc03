// SPDX-License-Identifier: Apache-2.0
#include "x509/csr.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "issuance/key_rules.h"
#include "outcome/causes.h"
#include "test/support/shell.h"
#include "test/support/test_ca.h"
#include "x509/der.h"
#include "x509/pem.h"

namespace imprint::x509 {
namespace {

std::string good_csr(const PrivateKey& key) {
  return *make_csr_pem(key, test::common_name("device"));
}

Result<Csr> read_der(BytesView der) { return Csr::from_der(der, issuance::check_device_key); }

std::string reason(std::string_view pem) {
  const auto csr = issuance::read_csr(pem);
  EXPECT_EQ(ERR_peek_error(), 0U);
  if (csr) return "accepted";
  EXPECT_EQ(csr.error().fault, Fault::invalid);
  EXPECT_EQ(name_of(csr.error().cause), "InvalidCsr");
  return csr.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A request with custom parts, properly signed.
std::string forge(const PrivateKey& key, const Bytes& info_content) {
  const Bytes info = der::element(der::sequence, info_content);
  return encode_pem("CERTIFICATE REQUEST",
                    der::sequence_of(info, algorithm_identifier(key.signature_algorithm()),
                                     der::bit_string_of(*key.sign(info))));
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) der::append(out, part);
  return out;
}

TEST(Csr, GivesThePublicKeyThatSignedIt) {
  for (const KeyAlgorithm algorithm :
       {KeyAlgorithm::ec_p256, KeyAlgorithm::ec_p384, KeyAlgorithm::rsa_2048}) {
    const auto key = test::make_key(algorithm);
    const auto csr = issuance::read_csr(good_csr(key));
    ASSERT_TRUE(csr) << csr.error().message;
    EXPECT_EQ(csr->public_key(), key.public_key());
  }
}

TEST(Csr, RefusesTextThatIsNotOneRequest) {
  const std::string good = good_csr(test::make_key());
  const struct {
    std::string text;
    std::string part;
  } rows[] = {
      {"", "is empty"},
      {good + good, "follow the PEM block"},
      {good + "garbage", "follow the PEM block"},
      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + good, "of type"},
      {"comment\n" + good, "remove the text before it"},
      {std::string(4097, 'A'), "4097 characters; at most 4096"},
      {encode_pem("CERTIFICATE REQUEST", Bytes{0x30, 0x00}),
       "CSR structure: request info: missing"},
  };
  for (const auto& row : rows)
    EXPECT_TRUE(contains(reason(row.text), row.part)) << reason(row.text);
}

TEST(Csr, RefusesBytesAfterTheRequestAndEveryFlippedBit) {
  const auto key = test::make_key();
  const Bytes der = decode_pem(good_csr(key), {"CERTIFICATE REQUEST"}, 4096, "CSR")->der;
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_TRUE(contains(read_der(longer).error().message, "1 bytes too many"));
  for (std::size_t cut = 0; cut < der.size(); ++cut)
    EXPECT_FALSE(read_der(BytesView(der).first(cut))) << cut;
  for (std::size_t bit = 0; bit < der.size() * 8; ++bit) {
    Bytes changed = der;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(read_der(changed)) << "bit " << bit;
  }
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Csr, MalformedAttributesAreRefused) {
  const auto key = test::make_key();
  const auto with_attributes = [&](const Bytes& content) {
    const Bytes info = der::sequence_of(der::unsigned_integer({}), test::common_name("x").der(),
                                        key.public_key().spki(), der::element(0xA0, content));
    return read_der(der::sequence_of(info, algorithm_identifier(key.signature_algorithm()),
                                     der::bit_string_of(*key.sign(info))));
  };
  const Bytes type = der::oid("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e");
  const Bytes value = der::unsigned_integer(Bytes{1});
  const Bytes good = der::sequence_of(type, der::element(der::set, value));
  EXPECT_TRUE(with_attributes(good));
  EXPECT_TRUE(with_attributes({}));
  const std::pair<const char*, Bytes> rows[] = {
      {"no SEQUENCE", value},
      {"no type", der::sequence_of(der::element(der::set, value))},
      {"no values", der::sequence_of(type)},
      {"values in no SET", der::sequence_of(type, value)},
      {"an empty SET", der::sequence_of(type, der::element(der::set, {}))},
      {"more than values", der::sequence_of(type, der::element(der::set, value), value)},
      {"a value cut short",
       der::sequence_of(type, der::element(der::set, Bytes{0x02, 0x05, 0x01}))},
      {"loose bytes", Bytes{0x00}},
  };
  for (const auto& [name, content] : rows) {
    const auto csr = with_attributes(content);
    ASSERT_FALSE(csr) << name;
    EXPECT_TRUE(contains(csr.error().message, "CSR structure: attributes")) << csr.error().message;
  }
}

TEST(Csr, ASignatureOfAnotherKeyIsRefused) {
  const auto mine = test::make_key();
  const auto yours = test::make_key();
  const Bytes info = der::sequence_of(der::unsigned_integer({}), test::common_name("x").der(),
                                      yours.public_key().spki(), der::element(0xA0, {}));
  const Bytes request = der::sequence_of(info, algorithm_identifier(mine.signature_algorithm()),
                                         der::bit_string_of(*mine.sign(info)));
  const auto csr = read_der(request);
  ASSERT_FALSE(csr);
  EXPECT_TRUE(contains(csr.error().message, "CSR self-signature: the signature does not verify"));
}

TEST(Csr, RefusesSignaturesThatDoNotMatchTheKey) {
  const auto key = test::make_key();
  const Bytes info = der::sequence_of(der::unsigned_integer({}), test::common_name("x").der(),
                                      key.public_key().spki(), der::element(0xA0, {}));
  const Bytes signature = *key.sign(info);
  const auto with_algorithm = [&](const Bytes& algorithm) {
    return reason(encode_pem("CERTIFICATE REQUEST",
                             der::sequence_of(info, algorithm, der::bit_string_of(signature))));
  };
  EXPECT_TRUE(contains(with_algorithm(algorithm_identifier(SignatureAlgorithm::rsa_sha256)),
                       "of another kind"));
  EXPECT_TRUE(contains(with_algorithm(algorithm_identifier(SignatureAlgorithm::ecdsa_sha384)),
                       "does not verify"));
  EXPECT_TRUE(contains(with_algorithm(der::sequence_of(der::oid("\x2a\x86\x48\xce\x3d\x04\x03\x02"),
                                                       der::element(der::null, {}))),
                       "too many"));
  EXPECT_TRUE(contains(with_algorithm(der::sequence_of(der::oid("\x2a\x03"))), "1.2.3 is not"));
  EXPECT_TRUE(contains(
      with_algorithm(der::sequence_of(der::element(der::object_identifier, Bytes(5000, 0x81)))),
      "CSR text"));  // over the size limit before any decoder
}

TEST(Csr, AttributesAreOptionalAndIgnored) {
  const auto key = test::make_key();
  const Bytes version = der::unsigned_integer({});
  const Bytes subject = test::common_name("x").der();
  const Bytes& spki = key.public_key().spki();
  EXPECT_EQ(reason(forge(key, join({version, subject, spki}))), "accepted");
  EXPECT_EQ(reason(forge(
                key, join({version, DistinguishedName().der(), spki,
                           der::element(0xA0, der::sequence_of(
                                                  der::oid("\x2a\x03"),
                                                  der::element(der::set, der::sequence_of())))}))),
            "accepted");
  EXPECT_TRUE(contains(reason(forge(key, join({der::unsigned_integer(Bytes{1}), subject, spki}))),
                       "version"));
  EXPECT_TRUE(contains(reason(forge(key, join({version, subject, spki, der::element(0xA1, {})}))),
                       "attributes"));
  EXPECT_TRUE(contains(reason(forge(key, join({version, subject, spki, der::element(0xA0, {}),
                                               der::element(0xA0, {})}))),
                       "too many"));
}

// The openssl tool makes the requests that careless devices send; each row gives its arguments.
TEST(Csr, AcceptsOrRefusesRequestsOfTheOpensslTool) {
  const struct {
    std::string name;
    std::string genkey;  ///< writes k.pem
    std::string req;     ///< further options of `openssl req`
    std::string expected;
  } rows[] = {
      {"P-256", "openssl ecparam -name prime256v1 -genkey -noout -out k.pem", "", "accepted"},
      {"P-384", "openssl ecparam -name secp384r1 -genkey -noout -out k.pem", "-sha384", "accepted"},
      {"P-521", "openssl ecparam -name secp521r1 -genkey -noout -out k.pem", "-sha512", "accepted"},
      {"RSA 2048", "openssl genrsa -out k.pem 2048", "", "accepted"},
      {"RSA 3072, SHA-384", "openssl genrsa -out k.pem 3072", "-sha384", "accepted"},
      {"with CA extensions", "openssl ecparam -name prime256v1 -genkey -noout -out k.pem",
       "-addext basicConstraints=critical,CA:TRUE -addext subjectAltName=DNS:evil", "accepted"},
      {"RSA 1024", "openssl genrsa -out k.pem 1024", "", "has 1024 bits"},
      {"RSA e=3",
       "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
       "-pkeyopt rsa_keygen_pubexp:3 -out k.pem",
       "", "exponent is 0x03"},
      {"RSA-PSS key", "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out k.pem",
       "", "the key is 1.2.840.113549.1.1.10"},
      {"RSA-PSS signature", "openssl genrsa -out k.pem 2048", "-sigopt rsa_padding_mode:pss",
       "RSASSA-PSS is not accepted"},
      {"RSA SHA-1", "openssl genrsa -out k.pem 2048", "-sha1", "sha1WithRSAEncryption is not"},
      {"RSA MD5", "openssl genrsa -out k.pem 2048", "-md5", "md5WithRSAEncryption is not"},
      {"ECDSA SHA-1", "openssl ecparam -name prime256v1 -genkey -noout -out k.pem", "-sha1",
       "ecdsa-with-SHA1 is not"},
      {"P-224", "openssl ecparam -name secp224r1 -genkey -noout -out k.pem", "", "another curve"},
      {"secp256k1", "openssl ecparam -name secp256k1 -genkey -noout -out k.pem", "",
       "another curve"},
      {"explicit parameters",
       "openssl ecparam -name prime256v1 -genkey -noout -param_enc explicit -out k.pem", "",
       "explicit parameters"},
      {"compressed point",
       "openssl ecparam -name prime256v1 -genkey -noout -conv_form compressed -out k0.pem && "
       "openssl ec -in k0.pem -conv_form compressed -out k.pem",
       "", "form 0x0"},
      {"Ed25519", "openssl genpkey -algorithm ED25519 -out k.pem", "", "the key is 1.3.101.112"},
      {"DSA",
       "openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out p.pem "
       "&& openssl genpkey -paramfile p.pem -out k.pem",
       "", "the key is 1.2.840.10040.4.1"},
  };
  for (const auto& row : rows) {
    const test::ScratchFolder folder;
    const auto made = test::shell(folder, "{ " + row.genkey +
                                              "; } && openssl req -new -key k.pem "
                                              "-subj /CN=device -out c.pem " +
                                              row.req);
    ASSERT_EQ(made.exit_code, 0) << row.name << ": " << made.output;
    const std::string text = reason(test::slurp(folder / "c.pem"));
    EXPECT_TRUE(contains(text, row.expected)) << row.name << ": " << text;
  }
}

TEST(Csr, OpensslReadsOurRequests) {
  const test::ScratchFolder folder;
  const auto key = test::make_key();
  test::spill(folder / "c.pem", good_csr(key));
  const auto seen = test::shell(folder, "openssl req -in c.pem -verify -noout -subject");
  EXPECT_TRUE(contains(seen.output, "verify OK")) << seen.output;
  EXPECT_TRUE(contains(seen.output, "CN = device")) << seen.output;
}

}  // namespace
}  // namespace imprint::x509
