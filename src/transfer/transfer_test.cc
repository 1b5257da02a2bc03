// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/text.h"
#include "provisioning/key_history.h"
#include "registry/codec.h"
#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"
#include "test/support/shell.h"
#include "test/support/test_ca.h"
#include "test/support/twin.h"
#include "transfer/import.h"
#include "transfer/portable.h"
#include "x509/digest.h"

namespace imprint::transfer {
namespace {

using registry::Put;
using registry::Record;
using runtime::run_blocking;
using test::slurp;
using test::spill;
using testing::HasSubstr;

constexpr std::string_view kDocument =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]})";
constexpr std::string_view kJitp =
    R"({"Parameters":{"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{)"
    R"("certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":)"
    R"({"Ref":"AWS::IoT::Certificate::Id"},"Status":"ACTIVE"}}}})";
constexpr std::string_view kBody =
    R"({"Parameters":{"S":{"Type":"String"}},"Resources":{"thing":{"Type":"AWS::IoT::Thing",)"
    R"("Properties":{"ThingName":{"Ref":"S"}}},"certificate":{"Type":"AWS::IoT::Certificate",)"
    R"("Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}}})";

const std::string kId = "3f9c1c2e-5b1a-4f0e-9d53-0a1b2c3d4e5f";

template <class N>
N name(std::string_view text) {
  return *N::parse(text);
}

registry::Certificate certificate_of(const test::Identity& identity) {
  const x509::Certificate& certificate = identity.certificate;
  return {.id = certificate.id(),
          .pem = certificate.pem(),
          .status = registry::CertificateStatus::active,
          .serial = certificate.serial_hex(),
          .public_key = certificate.public_key().sha256(),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after()};
}

registry::CaCertificate ca_of(const test::Identity& identity) {
  const x509::Certificate& certificate = identity.certificate;
  return {.id = certificate.id(),
          .pem = certificate.pem(),
          .is_active = true,
          .auto_registration = true,
          .mode = registry::CertificateMode::sni_only,
          .registration = registry::RegistrationConfig{.template_name = name<TemplateName>("J")},
          .subject = x509::sha256(certificate.subject().der()),
          .public_key = certificate.public_key().sha256(),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after()};
}

class TransferTest : public testing::Test {
 protected:
  TransferTest() {
    const auto root = name<ThingGroupName>("root");
    const auto hall = name<ThingGroupName>("hall");
    const auto type = name<ThingTypeName>("Sensor");
    const auto thing = name<ThingName>("a:1");
    const auto policy = name<PolicyName>("..");  // allowed for a policy, but not as a file name
    const auto templ = name<TemplateName>("T");
    const registry::Certificate device = certificate_of(device_);
    registry::Certificate pending = certificate_of(pending_);
    pending.status = registry::CertificateStatus::pending_activation;
    put({registry::ThingType{.name = type, .id = kId, .description = "gr\u00f6\u00dfe"},
         registry::ThingGroup{.name = root, .id = kId},
         registry::ThingGroup{.name = hall, .id = kId, .parent = root},
         registry::Thing{.name = thing, .id = kId, .type = type, .attributes = {{"k", "v"}}},
         registry::Thing{.name = name<ThingName>("b"), .id = kId},
         registry::GroupMembership{thing, hall},
         device,
         pending,
         registry::ThingPrincipal{thing, device.id, true},
         registry::Policy{.name = policy, .default_version = 2, .last_version = 2},
         registry::PolicyVersion{policy, 1, std::string(kDocument)},
         registry::PolicyVersion{policy, 2, std::string(kDocument)},
         registry::PolicyAttachment{policy, registry::PolicyTarget(device.id)},
         registry::PolicyAttachment{policy, registry::PolicyTarget(pending.id)},
         registry::PolicyAttachment{policy, registry::PolicyTarget(root)},
         registry::ProvisioningTemplate{
             .name = templ,
             .enabled = true,
             .settings = {{"allowlist", "line-a"}, {"override.A", "column:hw"}}},
         registry::ManufacturingList{.name = name<ListName>("line-a")},
         registry::ListEntry{.list = name<ListName>("line-a"),
                             .serial = "a/1 \"",
                             .extra = {{"hw", "2"}},
                             .is_blocked = true},
         registry::ProvisioningTemplateVersion{templ, 1, std::string(kBody)},
         registry::ProvisioningTemplate{.name = name<TemplateName>("J"),
                                        .type = registry::TemplateType::jitp},
         registry::ProvisioningTemplateVersion{name<TemplateName>("J"), 1, std::string(kJitp)},
         ca_of(ca_),
         registry::Tombstone{.certificate = gone_.certificate.id(),
                             .public_key = gone_.certificate.public_key().sha256(),
                             .issued_as = gone_.certificate.issued_as(),
                             .serial = gone_.certificate.serial_hex(),
                             .common_name = "gone",
                             .created = clock_.now()},
         registry::ResourceTags{.resource = "policy/..", .tags = {{"k", "v"}}},
         registry::ResourceTags{.resource = "thinggroup/root", .tags = {{"site", "north"}}},
         registry::Setting{.name = "event-configurations", .value = R"({"THING":true})"},
         registry::Setting{.name = "registration-code", .value = "the-code"},
         registry::IndexingConfiguration{.things = false}});
    std::filesystem::create_directory(folder_ / "e");
    const auto done = export_registry(store_, folder_ / "e", clock_);
    EXPECT_TRUE(done) << done.error().message;
    if (done) counts_ = *done;
  }
  void put(const std::vector<Record>& records) {
    registry::ChangeSet changes;
    for (const Record& record : records) changes.changes.emplace_back(Put{record});
    ASSERT_TRUE(run_blocking(store_.commit(std::move(changes))));
  }
  Result<Imported> import(registry::Store& store) {
    return import_registry(folder_ / "e", store, clock_);
  }
  /// Replaces the first occurrence of `from` in a file of the export; there must be one.
  void edit(const std::string& file, const std::string& from, const std::string& to) {
    const std::string path = folder_ / ("e/" + file);
    std::string text = slurp(path);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << file << ": " << text;
    spill(path, text.replace(at, from.size(), to));
  }

  test::ScratchFolder folder_;
  test::FakeClock clock_;
  test::Identity ca_ = test::make_root("CA");
  test::Identity device_ = test::make_child(ca_, "device", [](auto&) {});
  test::Identity pending_ = test::make_child(ca_, "pending", [](auto&) {});
  test::Identity gone_ = test::make_child(ca_, "gone", [](auto&) {});
  test::MemoryStore store_;
  Counts counts_;
};

TEST_F(TransferTest, WritesOneFileOrFolderPerKindAndNoPrivateKeys) {
  EXPECT_EQ(counts_, (Counts{{"thing-types.ndjson", 1},
                             {"thing-groups.ndjson", 2},
                             {"things.ndjson", 2},
                             {"memberships.ndjson", 1},
                             {"certificates.ndjson", 1},
                             {"revocations.ndjson", 1},
                             {"thing-principals.ndjson", 1},
                             {"policy-attachments.ndjson", 2},
                             {"policies", 1},
                             {"ca-certificates.ndjson", 1},
                             {"manufacturing-lists.ndjson", 1},
                             {"list-entries.ndjson", 1},
                             {"tags.ndjson", 2},
                             {"settings.ndjson", 1},
                             {"indexing.ndjson", 1},
                             {"templates", 2}}));
  const std::string things = slurp(folder_ / "e/things.ndjson");
  EXPECT_EQ(std::ranges::count(things, '\n'), 2);
  EXPECT_THAT(slurp(folder_ / "e/policies/...json"), HasSubstr("\n      \"document\": {\n"));
  EXPECT_EQ(test::shell(folder_, "grep -rl 'PRIVATE KEY' e").output, "");
  EXPECT_EQ(test::shell(folder_, "grep -rl the-code e").output, "")
      << "the code belongs to this deployment only";
  EXPECT_THAT(slurp(folder_ / "e/settings.ndjson"), HasSubstr(R"("value":{"THING":true})"));
  EXPECT_THAT(slurp(folder_ / "e/certificates.ndjson"), HasSubstr(device_.certificate.id().hex()));
}

TEST_F(TransferTest, ImportsTheExportedRecordsOnce) {
  test::MemoryStore other;
  const auto first = import(other);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->unchanged, 0U);
  EXPECT_EQ(first->added.at("things.ndjson"), 2U);
  EXPECT_EQ(first->added.at("policies"), 3U) << "a policy and two versions";
  const auto count =
      run_blocking(registry::get(other, registry::counter_key("entries-of-list/line-a")));
  EXPECT_EQ(count->value, 1);
  const auto again = import(other);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->added.empty());
  EXPECT_EQ(again->unchanged, 25U);
  const auto ca =
      run_blocking(registry::get(other, registry::ca_certificate_key(ca_.certificate.id())));
  ASSERT_TRUE(ca) << ca.error().message;
  EXPECT_TRUE(ca->is_active && ca->auto_registration && ca->registration->template_name);
  EXPECT_EQ(ca->mode, registry::CertificateMode::sni_only);
  EXPECT_FALSE(run_blocking(registry::get(other, registry::indexing_configuration_key()))->things);
  std::filesystem::create_directory(folder_ / "f");
  ASSERT_TRUE(export_registry(other, folder_ / "f", clock_));
  EXPECT_EQ(test::shell(folder_, "diff -r e f").output, "");
  EXPECT_EQ(
      run_blocking(registry::list_all<registry::AuditEvent>(other, registry::query::AuditEvents{}))
          ->size(),
      1U);
}

TEST_F(TransferTest, ImportIntoTheSameRegistryChangesNothing) {
  const auto done = import(store_);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->added.empty());
}

TEST_F(TransferTest, ARevokedDeviceStaysRevokedInTheOtherDeployment) {
  test::MemoryStore other;
  ASSERT_TRUE(import(other));
  const x509::Certificate twin = test::twin_of(gone_.certificate);
  for (const x509::Certificate& presented : {gone_.certificate, twin}) {
    const auto refused = run_blocking(
        provisioning::read_and_check_key_history(other, provisioning::identity_of(presented),
                                                 presented.id(), provisioning::AskedBy::device));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr(gone_.certificate.id().hex()));
  }
}

TEST_F(TransferTest, RefusesACertificateWhoseKeyIsRevoked) {
  test::MemoryStore other;
  registry::ChangeSet revoked;
  revoked.changes.emplace_back(
      Put{registry::Tombstone{.certificate = CertificateId(Sha256{9}),
                              .public_key = device_.certificate.public_key().sha256(),
                              .serial = "0a"}});
  ASSERT_TRUE(run_blocking(other.commit(std::move(revoked))));
  const auto refused = import(other);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("certificates.ndjson:1: "));
  EXPECT_THAT(refused.error().message, HasSubstr("imprint revocation lift"));
}

TEST_F(TransferTest, ReadsVersionOneWhichHasNoRevocations) {
  std::filesystem::remove(folder_ / "e/revocations.ndjson");
  edit("manifest.json", "\"version\": 2", "\"version\": 1");
  test::MemoryStore other;
  EXPECT_TRUE(import(other));
}

TEST_F(TransferTest, ImportsPartOfAnExportIfTheRegistryHasTheRest) {
  for (const char* file : {"certificates.ndjson", "policies/...json", "thing-groups.ndjson"})
    std::filesystem::remove(folder_ / ("e/" + std::string(file)));
  EXPECT_TRUE(import(store_)) << "the store has the rest";
  test::MemoryStore empty;
  const auto alone = import(empty);
  ASSERT_FALSE(alone);
  EXPECT_THAT(alone.error().message,
              HasSubstr("memberships.ndjson:1: thing group \"hall\" is neither"));
  EXPECT_THAT(alone.error().message, HasSubstr("thing-principals.ndjson:1: certificate"));
  EXPECT_THAT(alone.error().message, HasSubstr("policy-attachments.ndjson:1: policy \"..\""));
}

TEST_F(TransferTest, NamesFileAndLineOfEveryProblem) {
  const std::string other_id(64, 'b');
  struct Row {
    std::string file;
    std::string from;
    std::string to;
    std::string message;
  };
  const std::vector<Row> rows{
      {"manifest.json", "imprint-export", "tar", "must say format"},
      {"manifest.json", "\"version\": 2", "\"version\": 3", "another version"},
      {"manifest.json", "\"version\": 2", "\"version\": 0", "another version"},
      {"revocations.ndjson", "\"serial\":\"", "\"serial\":\"x", "is not the serial number"},
      {"revocations.ndjson", "\"public_key\"", "\"private_key\"", "revocations.ndjson:1: "},
      {"revocations.ndjson", gone_.certificate.id().hex(), device_.certificate.id().hex(),
       "exists; a revocation stands for"},
      {"things.ndjson", "{\"name\":\"b\"", "{\"name\":\"b c\"", "things.ndjson:2"},
      {"things.ndjson", "{\"name\":\"b\"", "{\"name\":\"a:1\"",
       "things.ndjson:2: thing \"a:1\" was already given at things.ndjson:1"},
      {"things.ndjson", "{\"name\":\"b\"", "{nonsense", "things.ndjson:2"},
      {"things.ndjson", "{\"name\":\"b\"", "{\"nmae\":\"b\"", "things.ndjson:2"},
      {"things.ndjson", "{\"name\":\"b\"", "{\"colour\":\"red\",\"name\":\"b\"",
       "things.ndjson:2: member \"colour\" is unknown"},
      {"things.ndjson", "\"k\":\"v\"", "\"k\":\"two words\"", "things.ndjson:1"},
      {"things.ndjson", "\"k\":\"v\"", "\"k k\":\"v\"", "things.ndjson:1"},
      {"things.ndjson", "\"k\":\"v\"", "\"k\":1",
       "member \"attributes\" is unknown, empty or of the wrong type"},
      {"things.ndjson", "\"type\":\"Sensor\"", "\"type\":\"Gone\"",
       "things.ndjson:1: thing type \"Gone\" is neither in the folder nor in the registry"},
      {"thing-groups.ndjson", "\"name\":\"root\"", "\"name\":\"root\",\"parent\":\"hall\"",
       "cycle"},
      {"thing-groups.ndjson", "\"name\":\"root\"", "\"name\":\"root\",\"parent\":\"root\"",
       "its own parent"},
      {"thing-groups.ndjson", "\"name\":\"root\"", "\"name\":\"root\",\"query\":\"bad(((\"",
       "the query is wrong"},
      {"thing-groups.ndjson", "\"name\":\"hall\"", "\"name\":\"hall\",\"query\":\"*\"",
       "is dynamic: its query decides"},
      {"certificates.ndjson", "-----BEGIN CERTIFICATE-----", "-----BEGIN NOTHING-----",
       "certificates.ndjson:1"},
      {"certificates.ndjson", "\"pem\":\"", "\"pem\":\"-----BEGIN PRIVATE KEY-----",
       "comes with a private key"},
      {"certificates.ndjson", device_.certificate.id().hex(), other_id,
       "the certificate's SHA-256 is"},
      {"certificates.ndjson", "\"ACTIVE\"", "\"SLEEPING\"", "certificates.ndjson:1"},
      {"certificates.ndjson", "\"ACTIVE\"", "\"PENDING_ACTIVATION\"",
       "only certificates that are ACTIVE"},
      {"certificates.ndjson", "\"serial\":\"", "\"serial\":\"0", "serial is not the certificate's"},
      {"thing-principals.ndjson", "a:1", "gone", "thing-principals.ndjson:1: thing \"gone\""},
      {"policies/...json", "iot:Connect", "iot:Fly",
       "policies/...json: versions[0]: $.Statement[0].Action"},
      {"policies/...json", "\"default_version\": 2", "\"default_version\": 3",
       "policies/...json: policy version \".. 0000000003\" is neither"},
      {"policies/...json", "\"versions\"", "\"Versions\"", "must be an object of \"policy\""},
      {"templates/T.json", "\"Ref\": \"S\"", "\"Ref\": \"Serial\"",
       "templates/T.json: versions[0]: $.Resources"},
      {"templates/T.json", "\"number\": 1", "\"number\": 0", "number is 0; it must be from 1"},
      {"templates/T.json", "\"number\": 1", "\"number\": 2",
       "templates/T.json: versions[0]: number 2 is after last_version 1"},
      {"templates/T.json", "\"last_version\": 1", "\"last_version\": 0", "last_version is 0"},
      {"policies/...json", "\"last_version\": 2", "\"last_version\": 1",
       "default_version 2 is after last_version 1"},
      {"policies/...json", "\"last_version\": 2", "\"last_version\": 9007199254740993",
       "last_version is 9007199254740993"},
      {"things.ndjson", kId, "sensor-1",
       "things.ndjson:1: id \"sensor-1\" is not a lower-case UUID"},
      {"things.ndjson", kId, "3F9C1C2E-5B1A-4F0E-9D53-0A1B2C3D4E5F", "things.ndjson:1: id"},
      {"thing-types.ndjson", kId, kId + "0", "thing-types.ndjson:1: id"},
      {"thing-groups.ndjson", kId, "3f9c1c2e05b1a-4f0e-9d53-0a1b2c3d4e5f",
       "thing-groups.ndjson:1: id"},
      {"things.ndjson", "\"version\":1", "\"version\":0", "things.ndjson:1: version is 0"},
      {"things.ndjson", "\"version\":1", "\"version\":-3", "things.ndjson:1: version is -3"},
      {"things.ndjson", "\"version\":1", "\"version\":18446744073709551615", "things.ndjson:1: "},
      {"certificates.ndjson", "\"version\":1", "\"version\":0",
       "certificates.ndjson:1: version is 0"},
      {"ca-certificates.ndjson", "-----BEGIN CERTIFICATE-----", "-----BEGIN NOTHING-----",
       "ca-certificates.ndjson:1"},
      {"ca-certificates.ndjson", "\"pem\":\"", "\"pem\":\"-----BEGIN PRIVATE KEY-----",
       "comes with a private key"},
      {"ca-certificates.ndjson", ca_.certificate.id().hex(), other_id,
       "the certificate's SHA-256 is"},
      {"ca-certificates.ndjson", "\"subject\":\"" + encoding::to_hex(ca_of(ca_).subject),
       "\"subject\":\"" + other_id, "subject is not the SHA-256"},
      {"ca-certificates.ndjson", "{\"template\":\"J\"}", "{\"template\":\"Gone\"}",
       "ca-certificates.ndjson:1: provisioning template \"Gone\" is neither"},
      {"ca-certificates.ndjson", "{\"template\":\"J\"}", "{\"template\":\"T\"}",
       "ca-certificates.ndjson:1: template \"T\" is not of type JITP"},
      {"ca-certificates.ndjson", "{\"template\":\"J\"}", "{\"template_body\":\"{}\"}",
       "ca-certificates.ndjson:1: "},
      {"ca-certificates.ndjson", "{\"template\":\"J\"}", "{\"role_arn\":\"r\"}",
       "either a template_body or the name"},
      {"templates/T.json", "\"allowlist\": \"line-a\"", "\"allowlist\": \"gone\"",
       "templates/T.json: manufacturing list \"gone\" is neither"},
      {"templates/T.json", "\"override.A\"", "\"overide.A\"", "no such setting"},
      {"list-entries.ndjson", "\"list\":\"line-a\"", "\"list\":\"gone\"",
       "list-entries.ndjson:1: manufacturing list \"gone\" is neither"},
      {"list-entries.ndjson", "\"hw\":\"2\"", "\"hw\":\"a\\nb\"", "control character"},
      {"list-entries.ndjson", "\"hw\":\"2\"", "\"h w\":\"2\"", "column name"},
      {"list-entries.ndjson", "\"serial\":\"a", "\"serial\":\"\\u0000", "control character"},
      {"tags.ndjson", "policy/..", "policy/gone", "tags.ndjson:1: policy \"gone\" is neither"},
      {"tags.ndjson", "policy/..", "thing/b", "tags.ndjson:1: \"thing/b\" cannot have tags"},
      {"tags.ndjson", "policy/..", "policy", "tags.ndjson:1: \"policy\" cannot have tags"},
      {"tags.ndjson", "\"k\":\"v\"", "\"AWS:k\":\"v\"", "tags.ndjson:1: tag \"AWS:k\""},
      {"tags.ndjson", "\"k\":\"v\"", "\"k*\":\"v\"", "tags.ndjson:1: tag \"k*\""},
      {"tags.ndjson", "\"k\":\"v\"", "\"" + std::string(129, 'k') + "\":\"v\"", "1 to 128"},
      {"tags.ndjson", "\"k\":\"v\"", "\"k\":\"" + std::string(257, 'v') + "\"", "at most 256"},
      {"tags.ndjson", "\"k\":\"v\"", "\"k\":\"a\\nb\"", "printable characters"},
      {"settings.ndjson", "event-configurations", "registration-code",
       "settings.ndjson:1: setting \"registration-code\" cannot be imported"},
      {"settings.ndjson", "\"THING\":true", "\"THING\":1", "must be true or false"},
      {"indexing.ndjson", "\"version\":1", "\"version\":0", "indexing.ndjson:1: version is 0"},
  };
  for (const Row& row : rows) {
    const std::string before = slurp(folder_ / ("e/" + row.file));
    edit(row.file, row.from, row.to);
    test::MemoryStore other;
    const auto done = import(other);
    ASSERT_FALSE(done) << row.file << ": " << row.to;
    EXPECT_EQ(done.error().fault, Fault::invalid) << row.to;
    EXPECT_THAT(done.error().message, HasSubstr(row.message)) << row.to;
    const auto things =
        run_blocking(registry::list_all<registry::Thing>(other, registry::query::Things{}));
    EXPECT_TRUE(things->empty()) << "nothing was changed";
    spill(folder_ / ("e/" + row.file), before);
  }
  test::MemoryStore other;
  EXPECT_TRUE(import(other)) << "without a row's edit, the import succeeds";
}

TEST_F(TransferTest, RefusesToChangeExistingRecords) {
  edit("things.ndjson", "\"k\":\"v\"", "\"k\":\"w\"");
  const auto done = import(store_);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message,
              HasSubstr("things.ndjson:1: thing \"a:1\" is in the registry already and differs"));
}

TEST_F(TransferTest, ListsTwentyProblemsAndCountsTheRest) {
  std::string lines;
  for (int i = 0; i < 25; ++i) lines += "{}\n";
  spill(folder_ / "e/things.ndjson", lines);
  test::MemoryStore other;
  const auto done = import(other);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("things.ndjson:20: "));
  EXPECT_THAT(done.error().message, testing::Not(HasSubstr("things.ndjson:21: ")));
  EXPECT_THAT(done.error().message, HasSubstr(" more"));
}

TEST_F(TransferTest, ReportsAFolderThatIsNotAnExport) {
  test::MemoryStore other;
  const auto gone = import_registry(folder_ / "gone", other, clock_);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().fault, Fault::not_found);
  EXPECT_THAT(gone.error().message, HasSubstr("a folder that imprint export made?"));
}

}  // namespace
}  // namespace imprint::transfer
