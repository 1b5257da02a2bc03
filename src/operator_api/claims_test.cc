// SPDX-License-Identifier: Apache-2.0
// Budgets of claims, and calls on existing claims; creation is tested in templates_test.cc.
#include <gmock/gmock.h>

#include "operator_api/words.h"
#include "provisioning/claim_budget.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;

const std::string kState = "CertificateStateException";
const std::string kClaims = "/imprint/v1/claims";
const std::string kBudget =
    R"({"templateNames":["T","U"],"maxDevices":100,"rate":{"devices":60,"seconds":60},)"
    R"("from":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z",)"
    R"("networks":["10.1.0.0/16","2001:db8::/32"],"serials":{"first":"A-001","last":"A-100"},)"
    R"("learningDevices":3})";

struct ClaimBudgets : testing::Test {
  ControlApiWorld world;

  ClaimBudgets() {
    add_template("T");
    add_template("U");
  }
  void add_template(const std::string& name, const std::string& type = "FLEET_PROVISIONING") {
    const std::string body =
        R"({"Parameters":{},"Resources":{"certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"Active"}}}})";
    world.must("POST", "/provisioning-templates",
               encoding::to_json(json::object{
                   {"templateName", name},
                   {"templateBody", body},
                   {"type", type},
                   {"provisioningRoleArn", "arn:aws:iam::000000000000:role/Provisioning"}}));
  }
  std::string make(const std::string& body = R"({"templateName":"T"})") {
    return world.must("POST", kClaims, body).text("certificateId");
  }
  static std::string path(const std::string& id, const std::string& more = "") {
    return kClaims + "/" + id + more;
  }
  registry::Certificate record(const std::string& id) {
    return *runtime::run_blocking(
        registry::get(world.memory, registry::certificate_key(*CertificateId::parse(id))));
  }
  void change(registry::Certificate certificate) {
    ++certificate.version;
    commit({.changes = {registry::Put{std::move(certificate)}}});
  }
  void commit(registry::ChangeSet changes) { world.arrange(std::move(changes)); }
  std::vector<std::string> policies_of(const std::string& id) {
    std::vector<std::string> out;
    for (const auto& attachment : world.all<registry::PolicyAttachment>(
             registry::query::PoliciesOfTarget{registry::PolicyTarget(*CertificateId::parse(id))}))
      out.push_back(attachment.policy.str());
    return out;
  }
};

TEST_F(ClaimBudgets, AreGivenWithTheClaimAndReadBackAsTheyWereGiven) {
  const std::string id = make(kBudget);
  const Reply claim = world.must("GET", path(id));
  EXPECT_EQ(encoding::to_json(claim.body.at("budget")),
            encoding::to_json(*encoding::parse_json(kBudget)));
  EXPECT_EQ(claim.text("status"), "ACTIVE");
  EXPECT_EQ(claim.body.at("devices"), 0);
  EXPECT_FALSE(claim.body.contains("frozen"));
  EXPECT_FALSE(claim.body.contains("lastUse"));
  EXPECT_EQ(policies_of(id),
            (std::vector<std::string>{"ProvisioningClaimPolicy.T", "ProvisioningClaimPolicy.U"}));
}

TEST_F(ClaimBudgets, AreListedWithTheirUse) {
  const std::string first = make();
  world.clock.advance(Seconds(1));
  const std::string second = make(kBudget);
  world.make_certificate(true);  // of no claim
  const CertificateId id = *CertificateId::parse(first);
  commit({.changes = {registry::Count{provisioning::devices_counter(id), 7}},
          .events = {{.time = world.clock.now(),
                      .step = "connect",
                      .outcome = "ok",
                      .certificate = first,
                      .client = "factory"}}});
  const Reply page = world.must("GET", kClaims + "?maxResults=1");
  ASSERT_EQ(page.list("claims").size(), 1U);
  const json::object& claim = page.list("claims")[0].as_object();
  EXPECT_EQ(claim.at("certificateId").as_string(), first);
  EXPECT_EQ(claim.at("devices"), 7);
  EXPECT_EQ(claim.at("lastUse").as_double(), 1767225601.0);
  const Reply next = world.must("GET", kClaims + "?maxResults=1&nextToken=" +
                                           encoding::percent_encode(page.text("nextToken")));
  ASSERT_EQ(next.list("claims").size(), 1U);
  EXPECT_EQ(next.list("claims")[0].at("certificateId").as_string(), second);
}

TEST_F(ClaimBudgets, AreReplacedWholeAndBringPoliciesOfTheirTemplates) {
  const std::string id = make(kBudget);
  world.must("PUT", path(id), R"({"templateNames":["T"],"maxDevices":5})");
  EXPECT_EQ(encoding::to_json(world.must("GET", path(id)).body.at("budget")),
            R"({"templateNames":["T"],"maxDevices":5})");
  add_template("V");
  world.must("PUT", path(id), R"({"templateNames":["V"]})");
  EXPECT_THAT(policies_of(id), testing::Contains("ProvisioningClaimPolicy.V"));
  EXPECT_EQ(world.events().back().step, "update_claim");
  EXPECT_EQ(world.events().back().certificate, id);
  const std::int64_t version = record(id).version;
  world.must("PUT", path(id), fmt::format(R"({{"expectedVersion":{}}})", version));
  EXPECT_EQ(world.call("PUT", path(id), fmt::format(R"({{"expectedVersion":{}}})", version)).error,
            "VersionConflictException");
}

TEST_F(ClaimBudgets, ForgetLearnedNetworksWhenLearningRestarts) {
  const std::string id = make(R"({"templateName":"T","learningDevices":3})");
  registry::Certificate claim = record(id);
  claim.claim_networks = {*Network::parse("10.0.0.0/24")};
  change(claim);
  EXPECT_EQ(world.must("GET", path(id)).list("learnedNetworks").size(), 1U);
  world.must("PUT", path(id), R"({"learningDevices":3,"maxDevices":9})");
  EXPECT_EQ(record(id).claim_networks.size(), 1U);
  world.must("PUT", path(id), R"({"learningDevices":30})");
  EXPECT_TRUE(record(id).claim_networks.empty());
}

TEST_F(ClaimBudgets, CanBeSetForClaimsCreatedAsOnAws) {
  const std::string arn = world.make_certificate(true);
  const std::string id = arn.substr(arn.rfind('/') + 1);
  EXPECT_EQ(world.call("GET", path(id)).error, kNotFound);
  world.must("PUT", path(id), R"({"maxDevices":5})");
  EXPECT_EQ(record(id).purpose, registry::CertificatePurpose::claim);
  EXPECT_EQ(world.must("GET", kClaims).list("claims").size(), 1U);
  EXPECT_TRUE(policies_of(id).empty()) << "no policy is added to the operator's own";
}

TEST_F(ClaimBudgets, AreNotForDevices) {
  const std::string arn = world.make_certificate(true);
  world.must("POST", "/things/d");
  world.must("PUT", "/things/d/principals", "", {{"x-amzn-principal", arn}});
  const Reply refused = world.call("PUT", path(arn.substr(arn.rfind('/') + 1)), "{}");
  EXPECT_EQ(refused.error, kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("belongs to a device"));
  const Reply user = world.must("POST", "/provisioning-templates/T/provisioning-claim");
  EXPECT_THAT(world.call("PUT", path(user.text("certificateId")), "{}").message(),
              HasSubstr("five minutes"));
}

TEST_F(ClaimBudgets, AreRefusedWithTheMemberThatIsWrong) {
  add_template("J", "JITP");
  const std::string id = make();
  const auto budget = [&](const std::string& members, const std::string& part) {
    return test::Refusal{part, "PUT", path(id), "{" + members + "}", 400, kInvalid, part};
  };
  expect_refusals(
      world,
      {{"no template", "POST", kClaims, R"({"maxDevices":1})", 400, kInvalid, "templateName"},
       {"unknown template", "POST", kClaims, R"({"templateNames":["X"]})", 404, kNotFound, "X"},
       {"JITP", "POST", kClaims, R"({"templateNames":["T","J"]})", 400, kInvalid, "JITP"},
       {"unknown claim", "PUT", path(std::string(64, 'a')), "{}", 404, kNotFound, "aaaa"},
       budget(R"("templateNames":["a b"])", "templateNames"),
       budget(R"("templateNames":[7])", "templateNames"),
       budget(R"("templateNames":["a","b","c","d","e","f","g","h","i","j","k"])", "at most 10"),
       budget(R"("maxDevices":0)", "maxDevices"),
       budget(R"("rate":"60/1m")", "rate"),
       budget(R"("rate":{"devices":60})", "seconds"),
       budget(R"("rate":{"devices":10001,"seconds":60})", "devices"),
       budget(R"("rate":{"devices":1,"seconds":86401})", "seconds"),
       budget(R"("from":"yesterday")", "from"),
       budget(R"("until":"2026-13-01")", "until"),
       budget(R"("from":"2026-02-02","until":"2026-02-01")", "until"),
       budget(R"("networks":["10.1.2.3/8"])", "10.0.0.0/8"),
       budget(R"("networks":["everywhere"])", "networks"),
       budget(R"("networks":"::/0")", "networks"),
       budget(R"("serials":{"first":"A1"})", "last"),
       budget(R"("serials":{"first":"A1","last":"A10"})", "same length"),
       budget(R"("serials":{"first":7,"last":"A1"})", "first"),
       budget(R"("learningDevices":0)", "learningDevices")});
}

TEST_F(ClaimBudgets, FreezeTakesAClaimOutOfServiceAndThawBringsItBack) {
  const std::string id = make();
  const Reply frozen = world.must("POST", path(id, "/freeze"), R"({"because":"it was lost"})");
  EXPECT_EQ(frozen.text("status"), "INACTIVE");
  EXPECT_EQ(frozen.body.at("frozen").at("because"), "it was lost");
  EXPECT_EQ(frozen.body.at("frozen").at("by").as_string(), test::kAccessKeyId);
  EXPECT_EQ(world.events().back().step, "freeze_claim");
  EXPECT_EQ(world.must("GET", "/certificates/" + id).body.at("certificateDescription").at("status"),
            "INACTIVE");
  const std::size_t events = world.events().size();
  const Reply again = world.must("POST", path(id, "/freeze"), R"({"because":"another reason"})");
  EXPECT_EQ(again.body.at("frozen").at("because"), "it was lost") << "the first reason is kept";
  EXPECT_EQ(world.events().size(), events);
  // A revoked key stays out of service, whichever of its certificates is activated.
  registry::Certificate revoked = record(id);
  revoked.id = CertificateId(Sha256{9});
  revoked.status = registry::CertificateStatus::revoked;
  change(revoked);
  EXPECT_EQ(world.call("POST", path(id, "/thaw")).error, kState);
  EXPECT_TRUE(record(id).frozen);
  commit({.changes = {registry::Erase{registry::certificate_key(revoked.id)}}});
  const Reply thawed = world.must("POST", path(id, "/thaw"));
  EXPECT_EQ(thawed.text("status"), "ACTIVE");
  EXPECT_FALSE(thawed.body.contains("frozen"));
  EXPECT_EQ(world.events().back().step, "thaw_claim");
  expect_refusals(world, {{"not frozen", "POST", path(id, "/thaw"), "", 406, kState, "ACTIVE"},
                          {"why", "POST", path(id, "/freeze"), "{}", 400, kInvalid, "because"}});
  world.must("PUT", "/certificates/" + id + "?newStatus=INACTIVE");
  expect_refusals(world, {{"inactive", "POST", path(id, "/freeze"), R"({"because":"x"})", 406,
                           kState, "INACTIVE"}});
}

TEST_F(ClaimBudgets, AreNoLongerFrozenAfterAStatusChange) {
  const std::string id = make();
  world.must("POST", path(id, "/freeze"), R"({"because":"x"})");
  world.must("PUT", "/certificates/" + id + "?newStatus=ACTIVE");
  EXPECT_FALSE(record(id).frozen);
  world.must("POST", path(id, "/freeze"), R"({"because":"x"})");
  world.must("PUT", "/certificates/" + id + "?newStatus=REVOKED");
  EXPECT_FALSE(record(id).frozen);
}

TEST_F(ClaimBudgets, LeaveNoCounterBehind) {
  const std::string id = make();
  const std::string counter = provisioning::devices_counter(*CertificateId::parse(id));
  commit({.changes = {registry::Count{counter, 7}}});
  world.must("PUT", "/certificates/" + id + "?newStatus=INACTIVE");
  world.must("DELETE", "/certificates/" + id + "?forceDelete=true");
  EXPECT_FALSE(runtime::run_blocking(registry::get(world.memory, registry::counter_key(counter))));
}

TEST_F(ClaimBudgets, ExplainTellsOfDevicesThatNeverSaidTheirSerialNumber) {
  const std::string id = make();
  world.must("POST", path(id, "/freeze"), R"({"because":"it was lost"})");
  commit({.events = {{.time = world.clock.now(),
                      .step = "connect",
                      .outcome = "denied",
                      .correlation = "c",
                      .certificate = id,
                      .client = "A-007",
                      .detail = R"({"claim":true,"because":"it has been frozen"})"}}});
  const Reply story = world.must("GET", "/imprint/v1/explain?serialNumber=A-007");
  ASSERT_EQ(story.list("events").size(), 1U);
  EXPECT_THAT(story.text("next"), HasSubstr("imprint claim thaw DIR " + id));
}

TEST_F(ClaimBudgets, ExplainTellsOfDevicesThatWereCutBeforeTheyRegistered) {
  const std::string id = make();
  const std::string arn = world.make_certificate();
  registry::Certificate pending = record(arn.substr(arn.rfind('/') + 1));
  pending.status = registry::CertificateStatus::pending_activation;
  pending.requested_by = CertificateId::parse(id).value();
  change(pending);
  commit({.events = {{.time = world.clock.now(),
                      .step = "create_certificate_from_csr",
                      .outcome = "ok",
                      .certificate = pending.id.hex(),
                      .client = "A-008"}}});
  const auto next = [&] {
    return world.must("GET", "/imprint/v1/explain?clientId=A-008").text("next");
  };
  EXPECT_THAT(next(), HasSubstr("RegisterThing comes next"));
  world.must("POST", path(id, "/freeze"), R"({"because":"it was lost"})");
  EXPECT_THAT(next(), HasSubstr("it was lost"));
}

}  // namespace
}  // namespace imprint::operator_api
