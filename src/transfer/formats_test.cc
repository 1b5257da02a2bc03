// SPDX-License-Identifier: Apache-2.0
#include "transfer/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "deployment/create.h"
#include "encoding/json.h"
#include "issuance/issuer.h"
#include "templates/template.h"
#include "test/support/memory_store.h"
#include "test/support/shell.h"
#include "test/support/test_ca.h"

namespace imprint::transfer {
namespace {

using registry::CertificateStatus;
using runtime::run_blocking;
using test::slurp;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

template <class N>
N name(std::string_view text) {
  return *N::parse(text);
}

constexpr std::string_view kDevicePolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"},)"
    R"({"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":)"
    R"("arn:aws:iot:us-east-1:000000000000:topic/device/${iot:Connection.Thing.ThingName}/*"}]})";
constexpr std::string_view kAllPolicy =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}})";

/// A deployment whose CA signs certificates in the test, and a registry in memory.
class FormatsTest : public testing::Test {
 protected:
  FormatsTest() : layout_(folder_ / "d") {
    EXPECT_TRUE(deployment::create(layout_.directory(), {}, clock_, random_));
    ca_.emplace(test::Identity{*x509::Certificate::from_pem(slurp(layout_.issuing_certificate())),
                               *x509::PrivateKey::from_pem(slurp(layout_.issuing_key()))});
    add_policy("Device", kDevicePolicy);
    add_policy("All", kAllPolicy);
    put(registry::ThingType{
        .name = name<ThingTypeName>("Sensor"), .id = "i", .description = "a 'b'"});
    put(registry::ThingGroup{
        .name = name<ThingGroupName>("a-hall"), .id = "i", .parent = name<ThingGroupName>("root")});
    put(registry::ThingGroup{.name = name<ThingGroupName>("root"), .id = "i"});
    std::filesystem::create_directory(folder_ / "out");
  }
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(run_blocking(store_.commit(std::move(changes))));
  }
  void add_policy(const std::string& policy, std::string_view document) {
    put(registry::Policy{.name = name<PolicyName>(policy)});
    put(registry::PolicyVersion{name<PolicyName>(policy), 1, std::string(document)});
  }
  /// A thing with a certificate of the deployment's CA and a policy.
  registry::Certificate add_device(const std::string& thing, const std::string& common_name,
                                   const std::string& policy,
                                   CertificateStatus status = CertificateStatus::active) {
    const auto identity = test::make_child(*ca_, common_name, [&](x509::TbsCertificate& tbs) {
      tbs.serial = test::serial(++last_serial_);
      tbs.not_before = clock_.now() - test::kDay;
      tbs.not_after = clock_.now() + test::kDay;
    });
    const x509::Certificate& certificate = identity.certificate;
    test::spill(folder_ / (thing + ".pem"), certificate.pem());
    registry::Certificate record{.id = certificate.id(),
                                 .pem = certificate.pem(),
                                 .status = status,
                                 .serial = certificate.serial_hex(),
                                 .common_name = common_name,
                                 .public_key = certificate.public_key().sha256(),
                                 .not_before = certificate.not_before(),
                                 .not_after = certificate.not_after(),
                                 .modified = clock_.now()};
    put(record);
    put(registry::Thing{.name = name<ThingName>(thing),
                        .id = "i",
                        .type = name<ThingTypeName>("Sensor"),
                        .attributes = {{"site", thing + "-site"}}});
    put(registry::ThingPrincipal{name<ThingName>(thing), record.id});
    if (!policy.empty())
      put(registry::PolicyAttachment{name<PolicyName>(policy), registry::PolicyTarget(record.id)});
    return record;
  }
  Exported export_now(const std::string& format) {
    auto done = export_as(format, store_, layout_, folder_ / "out", clock_);
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(test::shell(folder_, "grep -rl 'PRIVATE KEY' out").output, "");
    return done ? *done : Exported();
  }
  /// Whether openssl accepts a device with the exported bundle and list, checked as mosquitto does.
  bool is_accepted(const std::string& thing) {
    return test::shell(folder_,
                       "cat out/ca.pem out/revoked.pem > all.pem && openssl verify "
                       "-crl_check -CAfile all.pem " +
                           thing + ".pem")
               .exit_code == 0;
  }

  test::ScratchFolder folder_;
  SystemClock clock_;
  SystemRandom random_;
  deployment::Layout layout_;
  std::optional<test::Identity> ca_;
  test::MemoryStore store_;
  std::uint64_t last_serial_ = 0x1000;
};

TEST_F(FormatsTest, AwsGetsOneTemplatePerShapeWithItsLines) {
  add_device("a", "CN", "Device");
  add_device("b", "CN", "Device");
  add_device("c", "CN", "All");
  add_device("revoked", "CN", "Device", CertificateStatus::revoked);
  put(registry::GroupMembership{name<ThingName>("b"), name<ThingGroupName>("a-hall")});
  const Exported done = export_now("aws");
  EXPECT_EQ(done.counts.at("registration lines"), 4U);
  EXPECT_EQ(done.counts.at("registration templates"), 4U) << "a; b with a group; c; one without";
  EXPECT_THAT(done.notes, Contains(HasSubstr("1 certificates that are neither ACTIVE")));
  std::set<std::string> things;
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "out/bulk")) {
    if (file.path().extension() != ".ndjson") continue;
    const std::string body =
        slurp(file.path().string().substr(0, file.path().string().size() - 7) + ".template.json");
    const auto parsed = templates::Template::parse(body, templates::Use::bulk);
    ASSERT_TRUE(parsed) << parsed.error().message;
    std::istringstream lines(slurp(file.path()));
    for (std::string line; std::getline(lines, line);) {
      templates::Parameters parameters;
      const auto object = encoding::parse_json(line);
      ASSERT_TRUE(object) << line;
      for (const auto& [key, value] : object->as_object())
        parameters[std::string(key)] = std::string(value.as_string());
      const auto resources = parsed->evaluate(parameters, {});
      ASSERT_TRUE(resources) << resources.error().message;
      things.insert(resources->thing->name.str());
      EXPECT_EQ(resources->thing->attributes->at(name<AttributeName>("site")),
                resources->thing->name.str() + "-site");
    }
  }
  EXPECT_EQ(things, (std::set<std::string>{"a", "b", "c", "revoked"}));
}

TEST_F(FormatsTest, AwsGetsItsCallsInOrder) {
  put(registry::PolicyAttachment{name<PolicyName>("All"),
                                 registry::PolicyTarget(name<ThingGroupName>("root"))});
  put(registry::ThingGroup{
      .name = name<ThingGroupName>("z-found"), .id = "i", .query = "thingName:a*"});
  export_now("aws");
  EXPECT_THAT(slurp(folder_ / "out/calls/0003.create-dynamic-thing-group.json"),
              HasSubstr("\"queryString\": \"thingName:a*\""));
  EXPECT_EQ(test::shell(folder_, "ls out out/calls").output,
            "out:\nbulk\ncalls\nissuing-ca.pem\nregister.sh\n\nout/calls:\n"
            "0001.create-thing-type.json\n0002.create-thing-group.json\n"
            "0003.create-dynamic-thing-group.json\n0004.create-thing-group.json\n"
            "0005.create-policy.json\n0006.create-policy.json\n0007.attach-policy.json\n");
  EXPECT_THAT(slurp(folder_ / "out/calls/0002.create-thing-group.json"), HasSubstr("\"root\""));
  EXPECT_THAT(slurp(folder_ / "out/calls/0004.create-thing-group.json"),
              HasSubstr("\"parentGroupName\": \"root\""));
  EXPECT_EQ(test::shell(folder_, "grep -r 000000000000 out").output, "")
      << "replaced by the reader's account";
  EXPECT_EQ(test::shell(folder_, "sh -n out/register.sh && test -x out/register.sh").exit_code, 0);
}

TEST_F(FormatsTest, MosquittoRefusesCertificatesThatAreNoActiveIdentity) {
  add_device("good", "CN", "Device");
  add_device("revoked", "CN", "Device", CertificateStatus::revoked);
  add_device("inactive", "CN", "Device", CertificateStatus::inactive);
  add_device("pending", "CN", "Device", CertificateStatus::pending_activation);
  add_device("powerless", "CN", "");
  registry::Certificate claim = add_device("claim", "CN", "All");
  claim.purpose = registry::CertificatePurpose::claim;
  put(claim);
  const Exported done = export_now("mosquitto");
  EXPECT_EQ(done.counts.at("certificates kept out"), 5U);
  EXPECT_TRUE(is_accepted("good"));
  for (const char* thing : {"revoked", "inactive", "pending", "powerless", "claim"})
    EXPECT_FALSE(is_accepted(thing)) << thing;
  EXPECT_THAT(done.notes, Contains(HasSubstr("1 active certificates have no policy")));
}

TEST_F(FormatsTest, MosquittoRefusesRevokedAndDeletedCertificates) {
  add_device("good", "CN", "Device");
  const registry::Certificate gone = add_device("gone", "CN", "", CertificateStatus::revoked);
  registry::ChangeSet removal{.changes = {registry::Erase{registry::certificate_key(gone.id)}}};
  ASSERT_TRUE(runtime::run_blocking(store_.commit(std::move(removal))));
  const auto certificate = x509::Certificate::from_pem(gone.pem);
  put(registry::Tombstone{.certificate = gone.id,
                          .public_key = gone.public_key,
                          .issued_as = certificate->issued_as(),
                          .serial = gone.serial,
                          .created = clock_.now()});
  put(registry::Tombstone{.certificate = CertificateId(Sha256{9}),
                          .public_key = Sha256{9},
                          .issued_as = Sha256{9},
                          .serial = "0a"});
  EXPECT_EQ(export_now("mosquitto").counts.at("certificates kept out"), 1U)
      << "this CA's list does not contain the other CA's certificate";
  EXPECT_TRUE(is_accepted("good"));
  EXPECT_FALSE(is_accepted("gone"));
}

TEST_F(FormatsTest, MosquittoDistinguishesClientsByName) {
  add_device("one", "first device", "Device");
  add_device("two", "second device", "All");
  export_now("mosquitto");
  EXPECT_EQ(slurp(folder_ / "out/acl"),
            "# Made by imprint export. The topics of every client; %c is its id.\n"
            "\nuser first device\ntopic readwrite device/one/+/#\n"
            "\nuser second device\ntopic readwrite #\n");
}

TEST_F(FormatsTest, MosquittoGivesClientsThatShareANameOnlyWhatAllOfThemMayDo) {
  add_device("one", "CN", "Device");
  add_device("two", "CN", "Device");
  add_device("boss", "the boss", "All");
  const Exported done = export_now("mosquitto");
  const std::string acl = slurp(folder_ / "out/acl");
  EXPECT_THAT(acl, HasSubstr("pattern readwrite device/%c/+/#\n"));
  EXPECT_THAT(acl, HasSubstr("user the boss\ntopic readwrite #\n"));
  EXPECT_THAT(acl, Not(HasSubstr("pattern readwrite #\n"))) << "the boss's alone";
  EXPECT_THAT(done.notes, Contains(HasSubstr("2 certificates share the common name \"CN\"")));
  EXPECT_THAT(slurp(folder_ / "out/report.txt"), HasSubstr("cannot tell these clients apart"));
}

TEST_F(FormatsTest, MosquittoGivesNoTopicsIfADenyCannotBeExpressed) {
  add_policy(
      "Denied",
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"},)"
      R"({"Effect":"Deny","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/a*"}]})");
  add_policy(
      "Closed",
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"},)"
      R"({"Effect":"Deny","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/a/*"}]})");
  add_device("one", "one", "Denied");
  add_device("two", "two", "Closed");
  const Exported done = export_now("mosquitto");
  const std::string acl = slurp(folder_ / "out/acl");
  EXPECT_THAT(acl, Not(HasSubstr("user one")));
  EXPECT_THAT(acl, HasSubstr("user two\ntopic deny a/+/#\ntopic readwrite #\n"));
  EXPECT_THAT(done.notes, Contains(HasSubstr("get no topic at all")));
}

TEST_F(FormatsTest, NamesTheAvailableFormats) {
  const auto wrong = export_as("xml", store_, layout_, folder_ / "out", clock_);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("imprint, aws or mosquitto"));
}

}  // namespace
}  // namespace imprint::transfer
