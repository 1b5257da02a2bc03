// SPDX-License-Identifier: Apache-2.0
// Every operation with every role, with inputs with which it succeeds for an admin.
#include "encoding/text.h"
#include "operator_api/words.h"
#include "provisioning/claim_budget.h"
#include "rest/authorization.h"
#include "rest/router.h"
#include "test/support/control_api_world.h"
#include "x509/csr.h"

namespace imprint::operator_api {
namespace {

using registry::Kind;
using namespace test::words;

constexpr std::string_view kBody =
    R"({"Parameters":{"SerialNumber":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},)"
    R"("Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"SerialNumber"}}},)"
    R"("certificate":{"Type":"AWS::IoT::Certificate","Properties":{)"
    R"("CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"ACTIVE"}}}})";
constexpr std::string_view kPlainBody =
    R"({"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"bulk"}}}})";
constexpr std::string_view kAllow =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})";
constexpr std::string_view kRole = "arn:aws:iam::000000000000:role/Provisioning";

std::string text(const json::object& body) { return encoding::to_json(body); }

/// The inputs of an operation besides the names in its path.
struct Given {
  std::string query = {};
  std::string body = {};
  rest::Headers headers = {};
};

/// A registry with one of everything, and a valid request for each operation on it.
class Populated {
 public:
  /// There may be one task at a time.
  explicit Populated(bool with_task = true) {
    world.make_policy("p");
    world.make_policy("unused");
    world.must("POST", "/policies/p/version", text({{"policyDocument", kAllow}}));
    world.must("POST", "/things/t", R"({"attributePayload":{"attributes":{"a":"b"}}})");
    world.must("POST", "/thing-types/type", "{}");
    world.must("POST", "/thing-types/old", "{}");
    world.must("POST", "/thing-types/old/deprecate", "{}");
    world.must("POST", "/thing-groups/g", "{}");
    world.must("POST", "/thing-groups/unused", "{}");
    world.must("POST", "/dynamic-thing-groups/d", R"({"queryString":"thingName:t"})");
    world.must("PUT", "/thing-groups/addThingToThingGroup",
               R"({"thingName":"t","thingGroupName":"g"})");
    arn = world.make_certificate(true);
    spare = id_of(world.make_certificate());
    revoked = id_of(world.make_certificate());
    world.must("PUT", "/certificates/" + revoked + "?newStatus=REVOKED");
    world.must("DELETE", "/certificates/" + revoked);
    world.must("PUT", "/things/t/principals", "", {{"x-amzn-principal", arn}});
    world.must("PUT", "/target-policies/p", text({{"target", arn}}));
    for (const char* name : {"T", "unused"}) {
      world.must("POST", "/provisioning-templates",
                 text({{"templateName", name},
                       {"templateBody", kBody},
                       {"enabled", true},
                       {"provisioningRoleArn", kRole}}));
    }
    world.must("POST", "/provisioning-templates/T/versions", text({{"templateBody", kBody}}));
    claim =
        world.must("POST", "/imprint/v1/claims", R"({"templateName":"T"})").text("certificateId");
    frozen =
        world.must("POST", "/imprint/v1/claims", R"({"templateName":"T"})").text("certificateId");
    world.must("POST", "/imprint/v1/claims/" + frozen + "/freeze", R"({"because":"x"})");
    ca = world
             .must("POST", "/cacertificate",
                   text({{"caCertificate", outside.certificate.pem()},
                         {"certificateMode", "SNI_ONLY"}}))
             .text("certificateId");
    world.must("PUT", "/cacertificate/" + ca + "?newStatus=ACTIVE");
    old_ca = world
                 .must("POST", "/cacertificate",
                       text({{"caCertificate", test::make_root("Old CA").certificate.pem()},
                             {"certificateMode", "SNI_ONLY"}}))
                 .text("certificateId");
    world.must("PUT", "/imprint/v1/lists/list", "{}");
    world.must("POST", "/imprint/v1/lists/list/entries", R"({"entries":[{"serial":"S1"}]})");
    world.must("POST", "/tags",
               text({{"resourceArn", policy_arn()},
                     {"tags", json::array{json::object{{"Key", "k"}, {"Value", "v"}}}}}));
    world.must("GET", "/registrationcode");
    world.must("PUT", "/imprint/v1/uploads/bucket/key?offset=0&last=true", "{}\n");
    if (with_task)
      task = world.must("POST", "/thing-registration-tasks", start_body()).text("taskId");
    key = world.must("POST", "/imprint/v1/credentials", R"({"name":"other","role":"admin"})")
              .text("accessKeyId");
  }

  Reply ask(const rest::Operation& operation) {
    const Given given = given_for(std::string(operation.name));
    return world.call(std::string(operation.method),
                      filled(operation) + (given.query.empty() ? "" : "?" + given.query),
                      given.body, given.headers);
  }

  void use_role(const std::string& role) {
    const Reply made =
        world.must("POST", "/imprint/v1/credentials", text({{"name", "line 1"}, {"role", role}}));
    world.signer.access_key_id = made.text("accessKeyId");
    world.signer.secret = made.text("secretAccessKey");
  }

  ControlApiWorld world;

 private:
  static std::string id_of(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }
  static std::string policy_arn() { return "arn:aws:iot:us-east-1:000000000000:policy/p"; }
  static std::string start_body() {
    return text({{"templateBody", kPlainBody},
                 {"inputFileBucket", "bucket"},
                 {"inputFileKey", "key"},
                 {"roleArn", kRole}});
  }

  std::string filled(const rest::Operation& operation) const {
    std::string path(operation.path);
    const std::string name(operation.name);
    const auto fill = [&](std::string_view parameter, const std::string& value) {
      const auto at = path.find(parameter);
      if (at != std::string::npos)
        path.replace(at, parameter.size(), encoding::percent_encode(value));
    };
    const bool is_new = name.starts_with("Create");
    const bool is_deletion = name.starts_with("Delete");
    const bool is_of_claim = name.find("Claim") != std::string::npos;
    fill("{policyName}", name == "CreatePolicy" ? "new" : name == "DeletePolicy" ? "unused" : "p");
    fill("{policyVersionId}", is_deletion ? "2" : "1");
    fill("{target}", arn);
    fill("{thingName}", name == "CreateThing" ? "new" : name == "DeleteThing" ? "bare" : "t");
    fill("{thingTypeName}", is_new ? "new" : is_deletion ? "old" : "type");
    fill("{thingGroupName}", is_new                                      ? "new"
                             : name.find("Dynamic") != std::string::npos ? "d"
                             : is_deletion                               ? "unused"
                                                                         : "g");
    fill("{indexName}", "AWS_Things");
    fill("{templateName}", name == "DeleteProvisioningTemplate" ? "unused" : "T");
    fill("{versionId}", is_deletion ? "2" : "1");
    fill("{listName}", "list");
    fill("{taskId}", task);
    fill("{bucket}", "bucket");
    fill("{key}", "other");
    fill("{caCertificateId}", is_deletion ? old_ca : ca);
    fill("{accessKeyId}", key);
    fill("{certificateId}", name == "ThawClaim"        ? frozen
                            : is_of_claim              ? claim
                            : name == "LiftRevocation" ? revoked
                            : is_deletion              ? spare
                                                       : id_of(arn));
    return path;
  }

  Given given_for(const std::string& name) const {
    const test::Identity device = test::make_device(outside, "outside");
    const rest::Headers principal{{"x-amzn-principal", arn}};
    const std::map<std::string, Given> all = {
        {"CreatePolicy", {.body = text({{"policyDocument", kAllow}})}},
        {"CreatePolicyVersion", {.body = text({{"policyDocument", kAllow}})}},
        {"AttachPolicy", {.body = text({{"target", arn}})}},
        {"DetachPolicy", {.body = text({{"target", arn}})}},
        {"AttachPrincipalPolicy", {.headers = {{"x-amzn-iot-principal", arn}}}},
        {"DetachPrincipalPolicy", {.headers = {{"x-amzn-iot-principal", arn}}}},
        {"ListPrincipalPolicies", {.headers = {{"x-amzn-iot-principal", arn}}}},
        {"ListPolicyPrincipals", {.headers = {{"x-amzn-iot-policy", "p"}}}},
        {"GetEffectivePolicies", {.body = text({{"principal", arn}})}},
        {"TestAuthorization",
         {.body = text(
              {{"principal", arn},
               {"authInfos",
                json::array{json::object{
                    {"actionType", "PUBLISH"},
                    {"resources", json::array{"arn:aws:iot:us-east-1:000000000000:topic/a"}}}}}})}},
        {"UpdateThing", {.body = R"({"attributePayload":{"attributes":{"a":"c"}}})"}},
        {"AttachThingPrincipal", {.headers = principal}},
        {"DetachThingPrincipal", {.headers = principal}},
        {"ListPrincipalThings", {.headers = principal}},
        {"ListPrincipalThingsV2", {.headers = principal}},
        {"UpdateThingType", {.body = R"({"thingTypeProperties":{"thingTypeDescription":"x"}})"}},
        {"UpdateThingGroup", {.body = R"({"thingGroupProperties":{"thingGroupDescription":"x"}})"}},
        {"CreateDynamicThingGroup", {.body = R"({"queryString":"thingName:x"})"}},
        {"UpdateDynamicThingGroup",
         {.body = R"({"thingGroupProperties":{"thingGroupDescription":"x"}})"}},
        {"AddThingToThingGroup", {.body = R"({"thingName":"t","thingGroupName":"unused"})"}},
        {"RemoveThingFromThingGroup", {.body = R"({"thingName":"t","thingGroupName":"g"})"}},
        {"UpdateThingGroupsForThing",
         {.body = R"({"thingName":"t","thingGroupsToAdd":["unused"]})"}},
        {"SearchIndex", {.body = R"({"queryString":"thingName:t"})"}},
        {"UpdateIndexingConfiguration",
         {.body = R"({"thingIndexingConfiguration":{"thingIndexingMode":"REGISTRY"}})"}},
        {"CreateProvisioningTemplate",
         {.body = text(
              {{"templateName", "new"}, {"templateBody", kBody}, {"provisioningRoleArn", kRole}})}},
        {"UpdateProvisioningTemplate", {.body = R"({"description":"x"})"}},
        {"CreateProvisioningTemplateVersion", {.body = text({{"templateBody", kBody}})}},
        {"LintTemplate", {.body = text({{"templateBody", kBody}})}},
        {"TryTemplate", {.body = R"({"parameters":{"SerialNumber":"S9"}})"}},
        {"UpdateTemplateSettings", {.body = R"({"settings":{"reprovision":"aws"}})"}},
        {"ImportListEntries", {.body = R"({"entries":[{"serial":"S2"}]})"}},
        {"DescribeListEntry", {.query = "serial=S1"}},
        {"DeleteListEntry", {.query = "serial=S1"}},
        {"CreateClaim", {.body = R"({"templateName":"T"})"}},
        {"UpdateClaim", {.body = R"({"templateNames":["T"],"maxDevices":5})"}},
        {"FreezeClaim", {.body = R"({"because":"x"})"}},
        {"RegisterThing", {.body = text({{"templateBody", kPlainBody}})}},
        {"StartThingRegistrationTask", {.body = start_body()}},
        {"ListThingRegistrationTaskReports", {.query = "reportType=RESULTS"}},
        {"PutUpload", {.query = "offset=0&last=true", .body = "{}\n"}},
        {"CreateCertificateFromCsr",
         {.body = text({{"certificateSigningRequest",
                         *x509::make_csr_pem(test::make_key(), test::common_name("x"))}})}},
        {"UpdateCertificate", {.query = "newStatus=INACTIVE"}},
        {"RegisterCertificate", {.body = text({{"certificatePem", device.certificate.pem()}})}},
        {"RegisterCertificateWithoutCA",
         {.body = text({{"certificatePem", device.certificate.pem()}})}},
        {"RegisterCACertificate",
         {.body = text({{"caCertificate", test::make_root("Third CA").certificate.pem()},
                        {"certificateMode", "SNI_ONLY"}})}},
        {"UpdateCACertificate", {.query = "newAutoRegistrationStatus=ENABLE"}},
        {"TagResource",
         {.body = text({{"resourceArn", policy_arn()},
                        {"tags", json::array{json::object{{"Key", "x"}, {"Value", "v"}}}}})}},
        {"UntagResource",
         {.body = text({{"resourceArn", policy_arn()}, {"tagKeys", json::array{"k"}}})}},
        {"ListTagsForResource", {.query = "resourceArn=" + encoding::percent_encode(policy_arn())}},
        {"UpdateEventConfigurations",
         {.body = R"({"eventConfigurations":{"THING":{"Enabled":false}}})"}},
        {"Explain", {.query = "thingName=t"}},
        {"CreateCredential", {.body = R"({"name":"x","role":"admin"})"}},
        {"AllowReprovisioning", {.body = "{}"}},
    };
    const auto it = all.find(name);
    return it == all.end() ? Given() : it->second;
  }

  test::Identity outside = test::make_root("Outside CA");
  std::string arn;      ///< of a device's certificate
  std::string spare;    ///< the id of a certificate that nothing refers to
  std::string revoked;  ///< the id of a deleted certificate
  std::string claim;
  std::string frozen;
  std::string ca;
  std::string old_ca;
  std::string task;
  std::string key;
};

bool is_look(std::string_view name) {
  for (const std::string_view prefix : {"Describe", "Get", "List", "Search"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

/// The records that a change set changes, except those that the server maintains itself.
std::vector<registry::Change> told(const registry::ChangeSet& changes) {
  std::vector<registry::Change> out;
  for (const registry::Change& change : changes.changes) {
    const auto* put = std::get_if<registry::Put>(&change);
    const auto* erase = std::get_if<registry::Erase>(&change);
    if (put == nullptr && erase == nullptr) continue;
    const Kind kind = put != nullptr ? registry::key_of(put->record).kind : erase->key.kind;
    if (kind != Kind::issuance_intent && kind != Kind::registration_progress &&
        kind != Kind::registration_task)
      out.push_back(change);
  }
  return out;
}

/// A claim of a template with the policy of its claims, or the name of a thing: no change to the
/// rights of a device.
bool is_harmless(const registry::Change& change) {
  const auto* put = std::get_if<registry::Put>(&change);
  if (put == nullptr) return false;
  if (const auto* thing = std::get_if<registry::Thing>(&put->record))
    return thing->is_reserved && thing->attributes.empty() && !thing->type;
  if (const auto* certificate = std::get_if<registry::Certificate>(&put->record))
    return certificate->purpose != registry::CertificatePurpose::identity &&
           certificate->version == 1;
  const auto is_of_claims = [](const PolicyName& name) {
    return name.str().starts_with("ProvisioningClaimPolicy.");
  };
  if (const auto* policy = std::get_if<registry::Policy>(&put->record))
    return is_of_claims(policy->name) && policy->version == 1;
  if (const auto* version = std::get_if<registry::PolicyVersion>(&put->record))
    return is_of_claims(version->policy) && version->number == 1;
  if (const auto* attachment = std::get_if<registry::PolicyAttachment>(&put->record))
    return is_of_claims(attachment->policy);
  return false;
}

class Roles : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(All, Roles, testing::Values("admin", "read-only", "factory"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(Roles, AreServedWhatTheyAreForAndReachNoRights) {
  const std::string role = GetParam();
  const std::set<std::string> factory_makes = {"CreateClaim", "CreateProvisioningClaim",
                                               "CreateThing"};
  // Further operations that only read. Of these, the role factory has only Explain.
  const std::set<std::string> looks = {"Explain", "LintTemplate", "TryTemplate", "VerifyAuditTrail",
                                       "WatchLive"};
  ControlApiWorld table;
  for (const rest::Operation& operation : table.api.router().operations()) {
    const std::string name(operation.name);
    Populated populated(name != "StartThingRegistrationTask");
    if (name == "DeleteThing") populated.world.must("POST", "/things/bare", "{}");
    if (role != "admin") populated.use_role(role);
    std::vector<registry::Change> changes;
    populated.world.store.watch([&](const registry::ChangeSet& set) {
      const std::vector<registry::Change> more = told(set);
      changes.insert(changes.end(), more.begin(), more.end());
    });
    const Reply reply = populated.ask(operation);
    const bool is_admin = role == "admin";
    const bool may_make = role == "factory" && factory_makes.contains(name);
    const bool may_look = (is_look(name) && name != "GetRegistrationCode") ||
                          (looks.contains(name) && (role == "read-only" || name == "Explain"));
    if (is_admin || may_make || (role == "read-only" && may_look)) {
      EXPECT_EQ(reply.status, 200) << role << " " << name << ": " << reply.message();
    } else if (!may_look) {
      EXPECT_EQ(reply.error, "AccessDeniedException") << role << " " << name;
    } else {
      EXPECT_TRUE(reply.status == 200 || reply.error == "AccessDeniedException")
          << role << " " << name << ": " << reply.message();
    }
    if (is_admin) continue;
    for (const registry::Change& change : changes)
      EXPECT_TRUE(may_make && is_harmless(change)) << role << " changes rights by " << name;
  }
}

TEST(FactoryRole, ReservesNamesAndDecidesNothing) {
  Populated populated;
  ControlApiWorld& world = populated.world;
  populated.use_role("factory");
  test::expect_refusals(world, {{"attributes", "POST", "/things/a",
                                 R"({"attributePayload":{"attributes":{"a":"b"}}})", 403,
                                 "AccessDeniedException", "iot:UpdateThing"},
                                {"type", "POST", "/things/a", R"({"thingTypeName":"type"})", 403,
                                 "AccessDeniedException", "iot:UpdateThing"}});
  world.must("POST", "/things/a", "{}");
  world.must("POST", "/things/a", "{}");
  world.signer = test::AwsSigner();
  const auto thing = [&](const std::string& name) {
    return *runtime::run_blocking(
        registry::get(world.memory, registry::thing_key(*ThingName::parse(name))));
  };
  EXPECT_TRUE(thing("a").is_reserved);
  EXPECT_FALSE(thing("t").is_reserved) << "an admin's thing is as the admin made it";
  world.must("PATCH", "/things/a", R"({"attributePayload":{"attributes":{"a":"b"}}})");
  EXPECT_FALSE(thing("a").is_reserved) << "now somebody has said what it is";
}

}  // namespace
}  // namespace imprint::operator_api
