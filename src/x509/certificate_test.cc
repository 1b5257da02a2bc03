// SPDX-License-Identifier: Apache-2.0
#include "x509/certificate.h"

#include <gtest/gtest.h>

#include "encoding/text.h"
#include "test/support/shell.h"
#include "test/support/test_ca.h"
#include "x509/der.h"

namespace imprint::x509 {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Certificate, ContainsTheGivenFields) {
  const auto root = test::make_root("Test Root");
  const auto device = test::make_child(root, "device-1", [](TbsCertificate& tbs) {
    tbs.extensions.key_usage = digital_signature;
    tbs.extensions.extended_key_usage = {std::string(kClientAuth), std::string(kServerAuth)};
    tbs.extensions.alternative_names = {{AlternativeName::dns, "a.example"},
                                        {AlternativeName::ip, "192.0.2.7"},
                                        {AlternativeName::ip, "2001:db8::1"},
                                        {AlternativeName::email, "a@b.example"},
                                        {AlternativeName::uri, "urn:x:1"}};
    tbs.extensions.crl_urls = {"http://a/1.crl"};
    tbs.extensions.ocsp_urls = {"http://a/ocsp"};
    tbs.extensions.ca_issuer_urls = {"http://a/ca.pem"};
  });
  const auto again = Certificate::from_pem(device.certificate.pem());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, device.certificate);
  EXPECT_EQ(again->version(), 3);
  EXPECT_EQ(again->serial_hex(), "1122334455667788");
  EXPECT_EQ(again->subject().common_name(), "device-1");
  EXPECT_EQ(again->issuer().common_name(), "Test Root");
  EXPECT_EQ(again->not_before(), test::kToday - test::kDay);
  EXPECT_EQ(again->not_after(), test::kToday + 365 * test::kDay);
  EXPECT_EQ(again->public_key(), device.key.public_key());
  EXPECT_FALSE(again->is_ca());
  EXPECT_FALSE(again->is_self_issued());
  const Extensions& e = again->extensions();
  EXPECT_EQ(e.key_usage, digital_signature);
  EXPECT_EQ(e.extended_key_usage,
            (std::vector<std::string>{std::string(kClientAuth), std::string(kServerAuth)}));
  EXPECT_EQ(e.authority_key_id, root.certificate.extensions().subject_key_id);
  ASSERT_EQ(e.alternative_names.size(), 5U);
  EXPECT_EQ(e.alternative_names[2], (AlternativeName{AlternativeName::ip, "2001:db8::1"}));
  EXPECT_EQ(e.crl_urls, std::vector<std::string>{"http://a/1.crl"});
  EXPECT_EQ(e.ocsp_urls, std::vector<std::string>{"http://a/ocsp"});
  EXPECT_EQ(e.ca_issuer_urls, std::vector<std::string>{"http://a/ca.pem"});
  EXPECT_EQ(e.critical, (std::vector<std::string>{"2.5.29.19", "2.5.29.15"}));
}

TEST(Certificate, TheOpensslToolReadsTheSameFields) {
  const test::ScratchFolder folder;
  const auto root = test::make_root("Test Root");
  const auto sub = test::make_intermediate(root, "Issuing");
  const auto device = test::make_child(sub, "gr\xc3\xbcn", [](TbsCertificate& tbs) {
    tbs.not_after = test::kToday + std::chrono::hours(24 * 300);
    tbs.extensions.alternative_names = {{AlternativeName::dns, "a.example"},
                                        {AlternativeName::ip, "2001:db8::1"}};
    tbs.extensions.crl_urls = {"http://a/1.crl"};
    tbs.extensions.ocsp_urls = {"http://a/ocsp"};
    tbs.extensions.extended_key_usage = {std::string(kClientAuth)};
    tbs.extensions.key_usage = digital_signature | key_encipherment;
  });
  test::spill(folder / "root.pem", root.certificate.pem());
  test::spill(folder / "sub.pem", sub.certificate.pem());
  test::spill(folder / "d.pem", device.certificate.pem());
  const auto verified = test::shell(
      folder,
      "openssl verify -x509_strict -purpose sslclient -attime 1767225600 -CAfile root.pem "
      "-untrusted sub.pem d.pem");
  EXPECT_EQ(verified.exit_code, 0) << verified.output;
  const auto text = test::shell(
      folder,
      "openssl x509 -in d.pem -noout -text -fingerprint -sha256 -nameopt utf8,sep_comma_plus");
  std::string id = text.output.substr(text.output.find("Fingerprint=") + 12);
  std::erase_if(id, [](char c) { return c == ':' || c == '\n'; });
  EXPECT_EQ(CertificateId::parse(id)->hex(), device.certificate.id().hex());
  for (const std::string part :
       {"(0x1122334455667788)", "CN=gr\xc3\xbcn", "DNS:a.example, IP Address:2001:DB8:0:0:0:0:0:1",
        "URI:http://a/1.crl", "OCSP - URI:http://a/ocsp", "TLS Web Client Authentication",
        "Digital Signature, Key Encipherment", "CA:FALSE", "Oct 28 00:00:00 2026 GMT"}) {
    EXPECT_TRUE(contains(text.output, part)) << part << "\n" << text.output;
  }
}

TEST(Certificate, ReadsCertificatesOfTheOpensslTool) {
  const test::ScratchFolder folder;
  // Version 1, as plain openssl commands make them, and a CA in another tool's style.
  const auto made = test::shell(
      folder,
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 10 "
      "-subj '/C=DE/O=Acme/O=Second/OU=IoT/CN=Acme CA' 2>/dev/null && "
      "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout d.key -out "
      "d.csr "
      "-subj '/CN=dev/serialNumber=4711' 2>/dev/null && "
      "openssl x509 -req -in d.csr -CA ca.pem -CAkey ca.key -set_serial 0x00ff01 -out d.pem");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const auto ca = Certificate::from_pem(test::slurp(folder / "ca.pem"));
  const auto device = Certificate::from_pem(test::slurp(folder / "d.pem"));
  ASSERT_TRUE(ca) << ca.error().message;
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_TRUE(ca->is_ca());
  EXPECT_EQ(ca->subject().text(), "C=DE,O=Acme,O=Second,OU=IoT,CN=Acme CA");
  EXPECT_EQ(device->version(), 1);
  EXPECT_EQ(device->serial_hex(), "ff01");
  EXPECT_EQ(device->subject().values(NameType::serial_number)[0], "4711");
  EXPECT_TRUE(device->verify_signed_by(*ca));
  EXPECT_EQ(test::slurp(folder / "d.pem"), device->pem());
}

TEST(Certificate, SignatureCheckIsBoundToNameAndKey) {
  const auto root = test::make_root("Same Name");
  const auto lookalike = test::make_root("Same Name");
  const auto other = test::make_root("Other Name");
  const auto device = test::make_device(root, "device");
  EXPECT_TRUE(device.certificate.verify_signed_by(root.certificate));
  EXPECT_EQ(device.certificate.verify_signed_by(lookalike.certificate).error().message,
            "the signature does not verify");
  EXPECT_TRUE(contains(device.certificate.verify_signed_by(other.certificate).error().message,
                       "names the issuer"));
}

/// A certificate around a custom TBSCertificate; the signature is never checked.
Bytes wrap(const Bytes& tbs) {
  return der::sequence_of(tbs, algorithm_identifier(SignatureAlgorithm::ecdsa_sha256),
                          der::bit_string_of(Bytes{1}));
}

class ForgedCertificate : public ::testing::Test {
 protected:
  /// TBS fields in order; tests replace single ones.
  struct Fields {
    Bytes version = *encoding::from_hex("a003020102");
    Bytes serial = *encoding::from_hex("020101");
    Bytes algorithm = algorithm_identifier(SignatureAlgorithm::ecdsa_sha256);
    Bytes issuer = test::common_name("i").der();
    Bytes validity =
        *encoding::from_hex("301e170d3236303130313030303030305a170d3237303130313030303030305a");
    Bytes subject = test::common_name("s").der();
    Bytes spki = key().public_key().spki();
    Bytes extensions = {};
  };
  static const PrivateKey& key() {
    static const PrivateKey made = test::make_key();
    return made;
  }
  static Result<Certificate> read(const Fields& f) {
    return Certificate::from_der(wrap(der::sequence_of(
        f.version, f.serial, f.algorithm, f.issuer, f.validity, f.subject, f.spki, f.extensions)));
  }
  static Bytes extensions(std::initializer_list<Bytes> list) {
    Bytes content;
    for (const Bytes& one : list) der::append(content, one);
    return der::constructed(0xA3, der::element(der::sequence, content));
  }
  static Bytes extension(std::string_view oid, std::string_view value_hex) {
    return der::sequence_of(der::oid(oid),
                            der::element(der::octet_string, *encoding::from_hex(value_hex)));
  }
  static std::string refusal(const Fields& f) {
    const auto certificate = read(f);
    return certificate ? "accepted" : certificate.error().message;
  }
};

TEST_F(ForgedCertificate, TheUnmodifiedFieldsAreAccepted) { EXPECT_EQ(refusal({}), "accepted"); }

TEST_F(ForgedCertificate, MalformedFieldsAreRefusedByName) {
  const auto hex = [](std::string_view text) { return *encoding::from_hex(text); };
  const struct {
    Fields fields;
    std::string part;
  } rows[] = {
      {{.version = hex("a003020103")}, "version"},
      {{.version = hex("a003020100")}, "version"},
      {{.version = hex("a0060201020201")}, "version"},
      {{.serial = hex("0200")}, "serial number"},
      {{.serial = hex("02020001")}, "padded"},
      {{.serial = der::unsigned_integer(Bytes(65, 1))}, "65 octets"},
      {{.algorithm = algorithm_identifier(SignatureAlgorithm::rsa_sha256)}, "fields differ"},
      {{.issuer = hex("300d310b3009060355040313026100")}, ""},
      {{.validity = hex("301e180d3236303130313030303030305a170d3237303130313030303030305a")},
       "time"},
      {{.validity = hex("300f170d3236303130313030303030305a")}, "notAfter"},
      {{.subject = hex("3000"), .spki = hex("3000")}, "public key"},
      {{.extensions = hex("a3023000")}, "none in the list"},
      {{.version = {}, .extensions = extensions({extension("\x55\x1d\x0e", "0401aa")})},
       "too many"},
  };
  for (const auto& row : rows) {
    const std::string text = refusal(row.fields);
    EXPECT_NE(text, "accepted") << row.part;
    EXPECT_TRUE(contains(text, row.part)) << text;
  }
}

TEST_F(ForgedCertificate, MalformedExtensionsAreRefusedByName) {
  const struct {
    std::string oid;
    std::string value;
    std::string part;
  } rows[] = {
      {"\x55\x1d\x25", "3000", "no purpose"},  // an empty EKU once ended a CA process
      {"\x55\x1d\x25", "30020600", "ExtendedKeyUsage"},
      {"\x55\x1d\x25",
       "3003060155"
       "00",
       "too many"},
      {"\x55\x1d\x0f", "030100", "KeyUsage"},
      {"\x55\x1d\x0f", "03020000", "no bit"},
      {"\x55\x1d\x0f", "030500ffffffff", "KeyUsage"},
      {"\x55\x1d\x0f", "03020880", "KeyUsage"},
      {"\x55\x1d\x13", "30030101aa", "not a boolean"},
      {"\x55\x1d\x13", "30060101ff0201ff", "path length"},
      {"\x55\x1d\x13", "30070101ff02020100", "path length"},
      {"\x55\x1d\x0e", "", "SubjectKeyIdentifier"},
      {"\x55\x1d\x23", "30038301aa", "too many"},
      {"\x55\x1d\x11", "3000", "no name"},
      {"\x55\x1d\x11", "300482026100", "not 1 to"},  // dns "a\0": a name cut short
      {"\x55\x1d\x11", "30058203610a62", "not 1 to"},
      {"\x55\x1d\x11", "3003820120", "not 1 to"},
      {"\x55\x1d\x11",
       "3005870301"
       "0203",
       "IP address of 3 bytes"},
      {"\x55\x1d\x11", "3003a20161", "tag 0xa2"},
      {"\x55\x1d\x11", "3003890161", "tag 0x89"},
      {"\x55\x1d\x11", "30030c0161", "tag 0x0c"},
      {"\x55\x1d\x1f", "30023100", "CRLDistributionPoints"},
      {"\x2b\x06\x01\x05\x05\x07\x01\x01", "30023000", "AuthorityInfoAccess"},
  };
  for (const auto& row : rows) {
    Fields fields;
    fields.extensions = extensions({extension(row.oid, row.value)});
    const std::string text = refusal(fields);
    EXPECT_NE(text, "accepted") << row.value;
    EXPECT_TRUE(contains(text, row.part)) << row.value << ": " << text;
  }
  Fields twice;
  twice.extensions =
      extensions({extension("\x55\x1d\x0e", "0401aa"), extension("\x55\x1d\x0e", "0401aa")});
  EXPECT_EQ(refusal(twice), "extension 2.5.29.14 appears twice");
}

TEST_F(ForgedCertificate, UnusedNameKindsAreSkipped) {  // CVE-2023-0286: x400Address
  Fields fields;
  fields.extensions = extensions({extension("\x55\x1d\x11",
                                            "300aa303010101"
                                            "82036162"
                                            "63")});
  const auto certificate = read(fields);
  ASSERT_TRUE(certificate) << certificate.error().message;
  ASSERT_EQ(certificate->extensions().alternative_names.size(), 2U);
  EXPECT_EQ(certificate->extensions().alternative_names[0].kind, AlternativeName::other);
  EXPECT_EQ(certificate->extensions().alternative_names[1].value, "abc");
}

TEST_F(ForgedCertificate, NegativeSerialsAreShownWithASign) {
  Fields fields;
  fields.serial = *encoding::from_hex("0201ff");
  EXPECT_EQ(read(fields)->serial_hex(), "-01");
  fields.serial = *encoding::from_hex("0202ff00");
  EXPECT_EQ(read(fields)->serial_hex(), "-0100");
  fields.serial = *encoding::from_hex("020100");
  EXPECT_EQ(read(fields)->serial_hex(), "00");
}

TEST(Certificate, RefusesTrailingBytesSecondBlocksAndEveryCut) {
  const auto root = test::make_root("R");
  const std::string pem = root.certificate.pem();
  EXPECT_FALSE(Certificate::from_pem(pem + pem));
  EXPECT_FALSE(Certificate::from_pem(root.key.pem_pkcs8().reveal() + pem));
  EXPECT_FALSE(Certificate::from_pem(std::string(65537, 'A')));
  Bytes der = root.certificate.der();
  for (std::size_t cut = 0; cut < der.size(); ++cut)
    EXPECT_FALSE(Certificate::from_der(BytesView(der).first(cut))) << cut;
  der.push_back(0);
  EXPECT_FALSE(Certificate::from_der(der));
  EXPECT_FALSE(Certificate::from_der(Bytes(50000, 0x30)));
}

TEST(Certificate, CaMeansBasicConstraintsAndKeyUsage) {
  const auto root = test::make_root("R");
  const auto with = [&](std::optional<BasicConstraints> constraints,
                        std::optional<std::uint16_t> usage) {
    return test::make_child(root, "x",
                            [&](TbsCertificate& tbs) {
                              tbs.extensions.basic_constraints = constraints;
                              tbs.extensions.key_usage = usage;
                            })
        .certificate.is_ca();
  };
  EXPECT_TRUE(with(BasicConstraints{.ca = true}, key_cert_sign));
  EXPECT_TRUE(with(BasicConstraints{.ca = true}, std::nullopt));
  EXPECT_FALSE(with(BasicConstraints{.ca = true}, digital_signature));
  EXPECT_FALSE(with(BasicConstraints{.ca = false}, key_cert_sign));
  EXPECT_FALSE(with(std::nullopt, key_cert_sign));
}

TEST(Tbs, RefusesFieldsThatCannotBeEncoded) {
  const auto key = test::make_key();
  const auto error = [&](auto change) {
    auto tbs = test::plain_tbs(key.public_key(), "x");
    change(tbs);
    const auto encoded = encode(tbs);
    return encoded ? std::string("written") : encoded.error().message;
  };
  using T = TbsCertificate;
  EXPECT_EQ(error([](T&) {}), "written");
  EXPECT_TRUE(contains(error([](T& t) { t.not_after = t.not_before; }), "before it begins"));
  EXPECT_TRUE(
      contains(error([](T& t) { t.extensions.crl_urls = {"http://a b"}; }), "visible ASCII"));
  EXPECT_TRUE(contains(error([](T& t) { t.extensions.ocsp_urls = {""}; }), "visible ASCII"));
  EXPECT_TRUE(contains(
      error([](T& t) { t.extensions.alternative_names = {{AlternativeName::ip, "1.2.3"}}; }),
      "not an IP address"));
  EXPECT_TRUE(contains(
      error([](T& t) { t.extensions.alternative_names = {{AlternativeName::other, "x"}}; }),
      "cannot be written"));
  EXPECT_TRUE(
      contains(error([](T& t) { t.extensions.extended_key_usage = {"1.2.3"}; }), "purpose"));
}

TEST(Serial, IsPositiveAndAtMostTwentyOctets) {
  EXPECT_FALSE(CertificateSerial::from_magnitude({}));
  EXPECT_FALSE(CertificateSerial::from_magnitude(Bytes(20, 0)));
  EXPECT_FALSE(CertificateSerial::from_magnitude(Bytes(21, 1)));
  EXPECT_FALSE(CertificateSerial::from_magnitude(Bytes(20, 0x80)));
  EXPECT_EQ(CertificateSerial::from_magnitude(Bytes(20, 0x7F))->magnitude().size(), 20U);
  EXPECT_EQ(CertificateSerial::from_magnitude(Bytes{0, 0, 0xAB})->hex(), "ab");
}

TEST(Certificate, IssuedAsDependsOnTheIssuersKeyAndNotOnlyItsName) {
  const auto one = test::make_root("Line CA");
  const auto other = test::make_root("Line CA");
  const x509::PrivateKey key = test::make_key();
  const auto by = [&](const test::Identity& issuer, std::uint64_t number) {
    return test::make_child(issuer, "unit", key,
                            [&](TbsCertificate& tbs) { tbs.serial = test::serial(number); })
        .issued_as();
  };
  EXPECT_EQ(by(one, 9), by(one, 9)) << "another signature";
  EXPECT_NE(by(one, 9), by(one, 10));
  EXPECT_NE(by(one, 9), by(other, 9)) << "two CAs with the same name";
  EXPECT_NE(one.certificate.issued_as(), other.certificate.issued_as())
      << "self-signed certificates of two units with the same name";
}

}  // namespace
}  // namespace imprint::x509
