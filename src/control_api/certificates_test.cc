// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/words.h"
#include "test/support/control_api_world.h"
#include "x509/csr.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

const std::string kUnknown = "/certificates/" + std::string(64, 'a');

struct Certificates : testing::Test {
  ControlApiWorld world;

  std::string path_of(const std::string& arn) {
    return "/certificates/" + arn.substr(arn.find('/') + 1);
  }
  json::object describe(const std::string& path) {
    return world.must("GET", path).body.at("certificateDescription").as_object();
  }
  static std::string csr_body(const std::string& csr) {
    return encoding::to_json(json::object{{"certificateSigningRequest", csr}});
  }
  static std::string csr() {
    const x509::PrivateKey key = test::make_key();
    return *x509::make_csr_pem(key, test::common_name("device"));
  }
};

TEST_F(Certificates, ComeWithTheirKeys) {
  const Reply created = world.must("POST", "/keys-and-certificate");
  const auto& pair = created.body.at("keyPair").as_object();
  const auto key = x509::PrivateKey::from_pem(pair.at("PrivateKey").as_string());
  ASSERT_TRUE(key);
  const auto certificate = x509::Certificate::from_pem(created.text("certificatePem"));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->public_key(), key->public_key());
  EXPECT_EQ(certificate->id().hex(), created.text("certificateId"));
  EXPECT_TRUE(certificate->verify_signed_by(world.ca.certificate));
  EXPECT_EQ(created.text("certificateArn"),
            "arn:aws:iot:us-east-1:000000000000:cert/" + created.text("certificateId"));
  for (const registry::AuditEvent& event : world.events())
    EXPECT_EQ(event.detail.find("PRIVATE"), std::string::npos);
}

TEST_F(Certificates, ComeForARequest) {
  const Reply created = world.must("POST", "/certificates?setAsActive=true", csr_body(csr()));
  EXPECT_FALSE(created.body.contains("keyPair"));
  const json::object described = describe("/certificates/" + created.text("certificateId"));
  EXPECT_EQ(described.at("status"), "ACTIVE");
  EXPECT_EQ(described.at("certificatePem"), created.body.at("certificatePem"));
  EXPECT_EQ(world.events().back().step, "create_certificate_from_csr");
}

TEST_F(Certificates, AreRefusedForBadRequests) {
  std::string forged = csr();
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  expect_refusals(
      world,
      {{"no PEM", "POST", "/certificates", csr_body("hello"), 400, kInvalid, "PEM"},
       {"forged", "POST", "/certificates", csr_body(forged), 400, kInvalid, ""},
       {"too long", "POST", "/certificates", csr_body(std::string(4097, 'a')), 400, kInvalid,
        "4096"},
       {"empty", "POST", "/certificates", csr_body(""), 400, kInvalid, "certificateSigningRequest"},
       {"missing", "POST", "/certificates", "{}", 400, kInvalid, "certificateSigningRequest"}});
}

TEST_F(Certificates, AreDescribed) {
  const json::object described = describe(path_of(world.make_certificate()));
  EXPECT_EQ(described.at("status"), "INACTIVE");
  EXPECT_EQ(described.at("ownedBy"), "000000000000");
  EXPECT_EQ(described.at("customerVersion"), 1);
  EXPECT_EQ(described.at("certificateMode"), "DEFAULT");
  EXPECT_EQ(described.at("generationId").as_string().size(), 36U);
  EXPECT_EQ(described.at("validity").at("notBefore").as_double(), 1767225600.0 - 300);
  EXPECT_TRUE(described.at("transferData").as_object().empty());
}

TEST_F(Certificates, ChangeTheirStatus) {
  const std::string path = path_of(world.make_certificate());
  struct Row {
    std::string status;
    int version;
  };
  for (const Row& row : {Row{"ACTIVE", 2}, Row{"ACTIVE", 2}, Row{"INACTIVE", 3}, Row{"ACTIVE", 4},
                         Row{"REVOKED", 5}, Row{"REVOKED", 5}}) {
    world.clock.advance(Milliseconds(1000));
    world.must("PUT", path + "?newStatus=" + row.status);
    const json::object described = describe(path);
    EXPECT_EQ(described.at("status").as_string(), row.status);
    EXPECT_EQ(described.at("customerVersion"), row.version);
  }
  EXPECT_THAT(world.events().back().detail, HasSubstr(R"("to":"REVOKED")"));
  for (const char* status : {"ACTIVE", "INACTIVE"}) {
    const Reply reply = world.call("PUT", path + "?newStatus=" + status);
    EXPECT_EQ(reply.status, 406);
    EXPECT_EQ(reply.error, "CertificateStateException");
  }
}

TEST_F(Certificates, RefuseWrongStatusesAndIds) {
  const std::string path = path_of(world.make_certificate());
  expect_refusals(
      world,
      {{"pending activation", "PUT", path + "?newStatus=PENDING_ACTIVATION", "", 400, kInvalid,
        "ACTIVE, INACTIVE or REVOKED"},
       {"pending transfer", "PUT", path + "?newStatus=PENDING_TRANSFER", "", 400, kInvalid,
        "newStatus"},
       {"register inactive", "PUT", path + "?newStatus=REGISTER_INACTIVE", "", 400, kInvalid,
        "newStatus"},
       {"unknown", "PUT", kUnknown + "?newStatus=ACTIVE", "", 404, kNotFound, "does not exist"},
       {"unknown to read", "GET", kUnknown, "", 404, kNotFound, "does not exist"},
       {"unknown to delete", "DELETE", kUnknown, "", 404, kNotFound, "does not exist"},
       {"short id", "GET", "/certificates/abcd", "", 400, kInvalid, "64"},
       {"no hex", "GET", "/certificates/" + std::string(64, 'g'), "", 400, kInvalid, "hexadecimal"},
       {"65 digits", "GET", kUnknown + "a", "", 400, kInvalid, "65"},
       {"x in the middle", "GET", "/certificates/" + std::string(63, 'a') + "x", "", 400, kInvalid,
        "position"}});
}

TEST_F(Certificates, AreReadByIdsWithPrefixAndInUpperCase) {
  const std::string arn = world.make_certificate();
  std::string id = arn.substr(arn.find('/') + 1);
  world.must("GET", "/certificates/0x" + id);
  std::ranges::transform(id, id.begin(), [](unsigned char c) { return std::toupper(c); });
  world.must("GET", "/certificates/" + id);
}

TEST_F(Certificates, AreDeletedOnceNothingHoldsThem) {
  const std::string arn = world.make_certificate(true);
  const std::string path = path_of(arn);
  world.must("POST", "/things/t", "{}");
  world.must("PUT", "/things/t/principals", "", {{"x-amzn-principal", arn}});
  world.make_policy("p");
  const std::string target = encoding::to_json(json::object{{"target", arn}});
  world.must("PUT", "/target-policies/p", target);
  expect_refusals(world, {{"active", "DELETE", path + "?forceDelete=true", "", 406,
                           "CertificateStateException", "must be deactivated (not ACTIVE)"}});
  world.must("PUT", path + "?newStatus=INACTIVE");
  expect_refusals(world, {{"things, even by force", "DELETE", path + "?forceDelete=true", "", 409,
                           "DeleteConflictException", "Things must be detached"}});
  world.must("DELETE", "/things/t/principals", "", {{"x-amzn-principal", arn}});
  expect_refusals(world, {{"policies", "DELETE", path, "", 409, "DeleteConflictException",
                           "Certificate policies must be detached"}});
  world.must("DELETE", path + "?forceDelete=true");
  EXPECT_EQ(world.call("GET", path).status, 404);
  EXPECT_TRUE(world.must("POST", "/policy-targets/p").list("targets").empty());
  EXPECT_EQ(world.events().back().certificate, path.substr(path.rfind('/') + 1));
}

TEST_F(Certificates, AreListedByCreationInPages) {
  std::vector<std::string> arns;
  for (int i = 0; i < 27; ++i) {
    arns.push_back(world.make_certificate());
    world.clock.advance(Milliseconds(1000));
  }
  const auto ascending =
      world.follow("GET", "/certificates?isAscendingOrder=true", "certificates", true, 9);
  EXPECT_THAT(ascending.sizes, ElementsAre(9, 9, 9));
  for (std::size_t i = 0; i < arns.size(); ++i)
    EXPECT_THAT(ascending.elements[i], HasSubstr(arns[i]));
  const Reply first = world.must("GET", "/certificates");
  EXPECT_EQ(first.list("certificates").size(), 25U);
  EXPECT_EQ(first.list("certificates")[0].at("certificateArn").as_string(), arns.back());
}

}  // namespace
}  // namespace imprint::control_api
