// SPDX-License-Identifier: Apache-2.0
#include "fleet/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/json.h"
#include "test/support/fleet_deployment.h"
#include "test/support/shell.h"

namespace imprint::fleet {
namespace {

using testing::HasSubstr;

TEST(Messages, HaveTheTopicsOfTheContract) {
  const TemplateName name = test::must(TemplateName::parse("T"));
  EXPECT_EQ(create_topic(Flow::csr, Format::json), "$aws/certificates/create-from-csr/json");
  EXPECT_EQ(create_topic(Flow::keys, Format::cbor), "$aws/certificates/create/cbor");
  EXPECT_EQ(register_topic(name, Format::cbor), "$aws/provisioning-templates/T/provision/cbor");
  EXPECT_THAT(answers_of("a"), testing::ElementsAre("a/accepted", "a/rejected"));
}

TEST(Messages, RequestsAreWrittenInBothFormats) {
  EXPECT_EQ(as_text(write_create(Format::json, "")), "{}");
  EXPECT_EQ(write_create(Format::cbor, ""), Bytes{0xA0});
  EXPECT_EQ(as_text(write_create(Format::json, "PEM")), R"({"certificateSigningRequest":"PEM"})");
  EXPECT_EQ(as_text(write_register(Format::json, Secret("t"), {{"A", "b"}})),
            R"({"certificateOwnershipToken":"t","parameters":{"A":"b"}})");
}

TEST(Messages, AnAcceptedAnswerIsRead) {
  const auto created =
      read_created(Format::json, "x/accepted",
                   as_bytes(R"({"certificateId":"i","certificatePem":"p","privateKey":"k",)"
                            R"("certificateOwnershipToken":"t"})"));
  ASSERT_TRUE(created);
  EXPECT_EQ(created->certificate_id, "i");
  EXPECT_EQ(created->private_key.reveal(), "k");
  EXPECT_EQ(created->ownership_token.reveal(), "t");
  const Bytes cbor = encoding::to_cbor({{"deviceConfiguration", {}}, {"thingName", "n"}});
  const auto registered = read_registered(Format::cbor, "x/accepted", cbor);
  ASSERT_TRUE(registered);
  EXPECT_EQ(registered->thing_name, "n");
}

TEST(Messages, OtherAnswersAreFailuresWithACause) {
  const struct {
    const char* topic;
    const char* payload;
    Cause cause;
    const char* code;
    const char* message;
    bool may_retry;
  } rows[] = {
      {"accepted", "", Cause::verification, "malformed answer", "", false},
      {"accepted", "[]", Cause::verification, "malformed answer", "not an object", false},
      {"accepted", "{\"a\":", Cause::verification, "malformed answer", "", false},
      {"accepted", "{}", Cause::verification, "malformed answer", "no text member certificateId",
       false},
      {"accepted", R"({"certificateId":1})", Cause::verification, "malformed answer",
       "no text member certificateId", false},
      {"accepted", R"({"certificateId":"i","certificatePem":"p"})", Cause::verification,
       "malformed answer", "no text member certificateOwnershipToken", false},
      {"rejected", R"({"statusCode":400,"errorCode":"InvalidCsr","errorMessage":"bad"})",
       Cause::rejected, "InvalidCsr", "400 bad", false},
      {"rejected", R"({"statusCode":429,"errorCode":"Throttled"})", Cause::rejected, "Throttled",
       "429", true},
      {"rejected", R"({"statusCode":500,"errorCode":"InternalError"})", Cause::rejected,
       "InternalError", "500", true},
      {"rejected", R"({"statusCode":"500"})", Cause::rejected, "no errorCode", "0", false},
      {"rejected", "{}", Cause::rejected, "no errorCode", "", false},
      {"rejected", "?", Cause::verification, "malformed answer", "", false},
  };
  for (const auto& row : rows) {
    const auto read =
        read_created(Format::json, std::string("x/") + row.topic, as_bytes(row.payload));
    ASSERT_FALSE(read) << row.payload;
    EXPECT_EQ(to_string(read.error().cause), to_string(row.cause)) << row.payload;
    EXPECT_EQ(read.error().code, row.code) << row.payload;
    EXPECT_THAT(read.error().message, HasSubstr(row.message)) << row.payload;
    EXPECT_EQ(read.error().may_retry, row.may_retry) << row.payload;
  }
}

TEST(Endpoint, IsHostAndPort) {
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
  } good[] = {{"127.0.0.1:8883", "127.0.0.1", 8883},
              {"iot.example.com:443", "iot.example.com", 443},
              {"[::1]:1", "::1", 1}};
  for (const auto& row : good) {
    const Endpoint endpoint = test::must(Endpoint::parse(row.text));
    EXPECT_EQ(endpoint.host, row.host);
    EXPECT_EQ(endpoint.port, row.port);
    EXPECT_EQ(endpoint.text(), row.text);
  }
  for (const char* text : {"", "host", ":1", "host:", "host:0", "host:65536", "host:1x", "host:-1",
                           "::1:8883", "[]:1", "[::1]", "host: 1"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_THAT(endpoint.error().message, HasSubstr("write HOST:PORT")) << text;
  }
}

TEST(ClaimBundle, ErrorsNameTheFile) {
  const test::ScratchFolder folder;
  const test::FleetDeployment deployment(folder / "d");
  const std::filesystem::path claim = deployment.claim_folder();
  ASSERT_TRUE(ClaimBundle::load(claim));

  const struct {
    const char* about;
    void (*spoil)(const std::filesystem::path&);
    const char* message;
  } rows[] = {
      {"no root",
       [](const std::filesystem::path& at) { std::filesystem::remove(at / "root-ca.pem"); },
       "root-ca.pem"},
      {"another key",
       [](const std::filesystem::path& at) {
         std::filesystem::copy(at.parent_path() / "broker" / "claim.key", at / "claim.key",
                               std::filesystem::copy_options::overwrite_existing);
       },
       "does not match claim.pem"},
      {"a world-readable key",
       [](const std::filesystem::path& at) {
         std::filesystem::permissions(at / "claim.key", std::filesystem::perms(0644));
       },
       "chmod"},
      {"no certificate",
       [](const std::filesystem::path& at) { test::spill((at / "claim.pem").string(), "no"); },
       "claim.pem"},
  };
  for (const auto& row : rows) {
    row.spoil(claim);
    const auto bundle = ClaimBundle::load(claim);
    ASSERT_FALSE(bundle) << row.about;
    EXPECT_THAT(describe(bundle.error()), HasSubstr(row.message)) << row.about;
  }
}

}  // namespace
}  // namespace imprint::fleet
