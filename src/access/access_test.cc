// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "access/operators.h"
#include "access/roles.h"
#include "access/sessions.h"
#include "outcome/causes.h"
#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"

namespace imprint::access {
namespace {

using runtime::run_blocking;
using testing::HasSubstr;

constexpr std::string_view kAccount = "000000000000";

std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}

std::string statement(const std::string& effect, const std::string& action,
                      const std::string& resource) {
  return fmt::format(R"({{"Effect":"{}","Action":"{}","Resource":"{}"}})", effect, action,
                     resource);
}

Policy parse(const std::string& text) {
  auto policy = Policy::parse(text, "its policy");
  EXPECT_TRUE(policy) << policy.error().message;
  return std::move(*policy);
}

TEST(AccessPolicy, DecidesByActionAndResource) {
  struct Row {
    std::string name;
    std::string statements;
    std::string action;
    std::string resource;
    bool allowed;
  };
  const std::string all = statement("Allow", "*", "*");
  const std::string arn = "arn:aws:iot:us-east-1:000000000000:";
  const std::vector<Row> rows{
      {"everything", all, "iot:DeleteThing", "thing/a", true},
      {"everything, without a resource", all, "iot:ListThings", "", true},
      {"no statement allows it", statement("Allow", "iot:CreateThing", "*"), "iot:DeleteThing",
       "thing/a", false},
      {"a service", statement("Allow", "iot:*", "*"), "imprint:CreateClaim", "", false},
      {"a prefix", statement("Allow", "iot:Describe*", "*"), "iot:DescribeThing", "thing/a", true},
      {"one character", statement("Allow", "iot:GetPolic?", "*"), "iot:GetPolicy", "policy/a",
       true},
      {"case of the action", statement("Allow", "IOT:creatething", "*"), "iot:CreateThing",
       "thing/a", true},
      {"case of the resource", statement("Allow", "*", arn + "thing/a"), "iot:CreateThing",
       "thing/A", false},
      {"a resource", statement("Allow", "*", arn + "thing/line-*"), "iot:CreateThing",
       "thing/line-1", true},
      {"another resource", statement("Allow", "*", arn + "thing/line-*"), "iot:CreateThing",
       "thing/x", false},
      {"another type", statement("Allow", "*", arn + "thing/*"), "iot:CreateThingGroup",
       "thinggroup/x", false},
      {"a resource for a list", statement("Allow", "*", arn + "thing/*"), "iot:ListThings", "",
       false},
      {"another account", statement("Allow", "*", "arn:aws:iot:*:111111111111:thing/*"),
       "iot:CreateThing", "thing/a", false},
      {"any account", statement("Allow", "*", "arn:aws:iot:*:*:thing/*"), "iot:CreateThing",
       "thing/a", true},
      {"region is not compared",
       statement("Deny", "*", "arn:aws:iot:eu-west-1:*:thing/*") + "," + all, "iot:CreateThing",
       "thing/a", false},
      {"deny after allow", all + "," + statement("Deny", "iot:Delete*", "*"), "iot:DeleteThing",
       "thing/a", false},
      {"deny before allow", statement("Deny", "iot:Delete*", "*") + "," + all, "iot:DeleteThing",
       "thing/a", false},
      {"deny of something else", statement("Deny", "*", arn + "thing/b") + "," + all,
       "iot:DeleteThing", "thing/a", true},
      {"lists of both",
       R"({"Effect":"Allow","Action":["iot:A","iot:B"],"Resource":["arn:aws:iot:*:*:policy/p","*"]})",
       "iot:B", "thing/x", true},
      {"a wildcard in the request is a plain character", statement("Allow", "iot:Get", "*"),
       "iot:*", "", false},
  };
  for (const Row& row : rows) {
    const Policy policy = parse(document(row.statements));
    const Decision decision = evaluate(policy, {row.action, row.resource, kAccount});
    EXPECT_EQ(decision.allowed, row.allowed) << row.name;
    EXPECT_FALSE(explain(decision, policy).empty()) << row.name;
  }
}

TEST(AccessPolicy, NamesTheDecidingStatement) {
  const Policy policy = parse(
      document(statement("Allow", "iot:*", "*") +
               R"(,{"Sid":"NoDeletes","Effect":"Deny","Action":"iot:Delete*","Resource":"*"})"));
  const auto reason = [&](std::string_view action) {
    return explain(evaluate(policy, {action, "thing/a", kAccount}), policy);
  };
  EXPECT_EQ(reason("iot:CreateThing"), "because statement 0 of its policy allows it");
  EXPECT_EQ(reason("iot:DeleteThing"),
            "because statement 1 (\"NoDeletes\") of its policy denies it");
  EXPECT_EQ(reason("imprint:CreateClaim"), "because no statement of its policy allows it");
}

TEST(AccessPolicy, RejectsInvalidAndUnsupportedDocuments) {
  struct Row {
    std::string name;
    std::string text;
    std::string where;
    std::string message;
  };
  const auto one = [](const std::string& members) {
    return R"({"Version":"2012-10-17","Statement":{)" + members + "}}";
  };
  const std::string good = R"("Effect":"Allow","Action":"*","Resource":"*")";
  std::string many = statement("Allow", "*", "*");
  for (int i = 0; i < 100; ++i) many += "," + statement("Allow", "*", "*");
  const std::vector<Row> rows{
      {"nothing", "", "$", "JSON"},
      {"not JSON", "{", "$", ""},
      {"not an object", "[]", "$", "array"},
      {"no version", R"({"Statement":[]})", "$", "has no Version"},
      {"an old version", R"({"Version":"2008-10-17","Statement":[]})", "$.Version", "2012-10-17"},
      {"no statement", R"({"Version":"2012-10-17"})", "$", "has no Statement"},
      {"no statements", document(""), "$.Statement", "empty"},
      {"an id", R"({"Version":"2012-10-17","Id":"x","Statement":[]})", "$", "\"Id\""},
      {"a statement that is text", document("\"x\""), "$.Statement[0]", "must be an object"},
      {"no effect", one(R"("Action":"*","Resource":"*")"), "$.Statement", "has no Effect"},
      {"no action", one(R"("Effect":"Allow","Resource":"*")"), "$.Statement", "has no Action"},
      {"no resource", one(R"("Effect":"Allow","Action":"*")"), "$.Statement", "has no Resource"},
      {"another effect", one(R"("Effect":"allow","Action":"*","Resource":"*")"),
       "$.Statement.Effect", "\"allow\""},
      {"NotAction", one(good + R"(,"NotAction":"iot:Get*")"), "$.Statement", "in Action instead"},
      {"NotResource", one(good + R"(,"NotResource":"*")"), "$.Statement",
       "in a separate statement"},
      {"Condition", one(good + R"(,"Condition":{})"), "$.Statement",
       "not supported for access keys"},
      {"Principal", one(good + R"(,"Principal":"*")"), "$.Statement", "access key"},
      {"an unknown member", one(good + R"(,"Actions":"*")"), "$.Statement", "known are Sid"},
      {"a sid of another type", one(good + R"(,"Sid":1)"), "$.Statement.Sid", "must be a string"},
      {"a sid too long", one(good + R"(,"Sid":")" + std::string(129, 'a') + "\""),
       "$.Statement.Sid", "129"},
      {"an empty list", one(R"("Effect":"Allow","Action":[],"Resource":"*")"), "$.Statement.Action",
       "empty"},
      {"a number", one(R"("Effect":"Allow","Action":[1],"Resource":"*")"), "$.Statement.Action[0]",
       "must be a string"},
      {"no service", one(R"("Effect":"Allow","Action":"CreateThing","Resource":"*")"),
       "$.Statement.Action", "iot:CreateThing"},
      {"no service before the colon", one(R"("Effect":"Allow","Action":":x","Resource":"*")"),
       "$.Statement.Action", "SERVICE:OPERATION"},
      {"a space", one(R"("Effect":"Allow","Action":"iot:Create Thing","Resource":"*")"),
       "$.Statement.Action", "not an action"},
      {"a variable",
       one(R"("Effect":"Allow","Action":"*","Resource":"arn:aws:iot:*:*:thing/${x}")"),
       "$.Statement.Resource", "variable"},
      {"no ARN", one(R"("Effect":"Allow","Action":"*","Resource":"thing/a")"),
       "$.Statement.Resource", "is not an ARN"},
      {"a brace too many",
       one(R"("Effect":"Allow","Action":"*","Resource":["*","arn:aws:s3:::bucket"]})"), "$", ""},
      {"an ARN of s3", one(R"("Effect":"Allow","Action":"*","Resource":["*","arn:aws:s3:::b"])"),
       "$.Statement.Resource[1]", "instead of iot"},
      {"a device's resource",
       one(R"("Effect":"Allow","Action":"*","Resource":"arn:aws:iot:*:*:topic/a")"),
       "$.Statement.Resource", "resource type \"topic\"; known are thing"},
      {"a short account",
       one(R"("Effect":"Allow","Action":"*","Resource":"arn:aws:iot:*:1:thing/a")"),
       "$.Statement.Resource", "12 digits"},
      {"too many statements", document(many), "$.Statement", "101 statements"},
      {"too long", document(statement("Allow", "*", "*") + std::string(70000, ' ')), "$",
       "at most 6144"},
      {"too deep", R"({"Version":[[[[[[[[[[]]]]]]]]]]})", "$", ""},
      {"a member twice", R"({"Version":"2012-10-17","Version":"2012-10-17","Statement":[]})", "$",
       ""},
  };
  for (const Row& row : rows) {
    const auto policy = Policy::parse(row.text, "x");
    ASSERT_FALSE(policy) << row.name;
    EXPECT_EQ(name_of(policy.error().cause), "MalformedPolicy") << row.name;
    EXPECT_EQ(policy.error().where, row.where) << row.name << ": " << policy.error().message;
    EXPECT_THAT(policy.error().message, HasSubstr(row.message)) << row.name;
  }
}

TEST(AccessPolicy, NamesAnActionThatMatchesNothing) {
  const std::vector<std::string> known{"iot:CreateThing", "iot:CreateJob", "imprint:CreateClaim"};
  EXPECT_TRUE(parse(document(statement("Allow", "iot:create*", "*"))).check_actions(known));
  EXPECT_TRUE(parse(document(statement("Allow", "*", "*"))).check_actions(known));
  const auto wrong =
      parse(
          document(
              statement("Allow", "*", "*") +
              R"(,{"Effect":"Deny","Action":["iot:CreateJob","iot:CreateThings"],"Resource":"*"})"))
          .check_actions(known);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().where, "$.Statement[1].Action[1]");
  EXPECT_THAT(wrong.error().message, HasSubstr("\"iot:CreateThings\""));
}

TEST(Roles, AllowTheirActions) {
  struct Row {
    std::string action;
    std::vector<std::string_view> allowed;
  };
  const std::vector<Row> rows{
      {"iot:DescribeThing", {"admin", "read-only", "factory"}},
      {"iot:ListThings", {"admin", "read-only", "factory"}},
      {"iot:GetPolicy", {"admin", "read-only", "factory"}},
      {"iot:SearchIndex", {"admin", "read-only", "factory"}},
      {"imprint:ListCredentials", {"admin", "read-only"}},
      {"imprint:CreateClaim", {"admin", "factory"}},
      {"imprint:DescribeListEntry", {"admin", "read-only", "factory"}},
      {"imprint:DescribeTemplateSettings", {"admin", "read-only"}},
      {"imprint:ImportListEntries", {"admin"}},
      {"imprint:UpdateTemplateSettings", {"admin"}},
      {"imprint:ListClaims", {"admin", "read-only", "factory"}},
      {"imprint:DescribeClaim", {"admin", "read-only", "factory"}},
      {"imprint:UpdateClaim", {"admin"}},
      {"imprint:FreezeClaim", {"admin"}},
      {"imprint:ThawClaim", {"admin"}},
      {"iot:CreateProvisioningClaim", {"admin", "factory"}},
      {"iot:CreateThing", {"admin", "factory"}},
      {"iot:RegisterThing", {"admin"}},
      {"iot:StartThingRegistrationTask", {"admin"}},
      {"imprint:PutUpload", {"admin"}},
      {"imprint:ListOperations", {"admin", "read-only"}},
      {"imprint:Explain", {"admin", "read-only", "factory"}},
      {"imprint:GetPipeline", {"admin", "read-only", "factory"}},
      {"imprint:ListAlarms", {"admin", "read-only", "factory"}},
      {"imprint:DescribeConnection", {"admin", "read-only", "factory"}},
      {"imprint:WatchLive", {"admin", "read-only"}},
      {"imprint:ListAuditEvents", {"admin", "read-only"}},
      {"imprint:TryTemplate", {"admin", "read-only"}},
      {"iot:GetRegistrationCode", {"admin"}},
      {"iot:AddThingToThingGroup", {"admin"}},
      {"iot:CreatePolicy", {"admin"}},
      {"iot:CreatePolicyVersion", {"admin"}},
      {"iot:SetDefaultPolicyVersion", {"admin"}},
      {"iot:AttachPolicy", {"admin"}},
      {"iot:CreateProvisioningTemplate", {"admin"}},
      {"iot:UpdateProvisioningTemplate", {"admin"}},
      {"iot:DeleteThing", {"admin"}},
      {"iot:UpdateCertificate", {"admin"}},
      {"imprint:CreateCredential", {"admin"}},
  };
  ASSERT_EQ(roles().size(), 3U);
  for (const Role& role : roles()) {
    const auto policy = role_policy(role.name);
    ASSERT_TRUE(policy) << role.name;
    for (const Row& row : rows) {
      EXPECT_EQ(evaluate(**policy, {row.action, "thing/a", kAccount}).allowed,
                std::ranges::find(row.allowed, role.name) != row.allowed.end())
          << role.name << " " << row.action;
    }
  }
  const auto none = role_policy("root");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("admin, read-only, factory"));
}

Vault vault(char digit = 'a') { return *Vault::make(Secret(std::string(64, digit))); }

TEST(Vaults, UnsealOnlyTheirOwnSecretsForTheSameKeyId) {
  SystemRandom random;
  const std::string sealed = vault().seal("AKIA1", Secret("hunter2"), random);
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_EQ(vault().unseal("AKIA1", sealed)->reveal(), "hunter2");
  EXPECT_FALSE(vault().unseal("AKIA2", sealed)) << "another access key";
  EXPECT_FALSE(vault('b').unseal("AKIA1", sealed)) << "another vault";
  EXPECT_FALSE(vault().unseal("AKIA1", "")) << "empty";
  EXPECT_FALSE(vault().unseal("AKIA1", "not base64!"));
  EXPECT_FALSE(vault().unseal("AKIA1", sealed.substr(4)));
  for (const std::string& key : {std::string(), std::string(63, 'a'), std::string(64, 'x')})
    EXPECT_FALSE(Vault::make(Secret(key))) << key;
}

class OperatorsTest : public testing::Test {
 protected:
  OperatorsTest() {
    store_.watch([this](const registry::ChangeSet& changes) { operators_.apply(changes); });
  }
  registry::Credential credential(const std::string& id) {
    return {.access_key_id = id,
            .name = "line 1",
            .sealed_secret = vault().seal(id, Secret("hunter2"), random_),
            .role = "factory"};
  }
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(run_blocking(store_.commit(std::move(changes))));
  }

  SystemRandom random_;
  test::MemoryStore store_;
  Operators operators_{{"AKIAROOT", Secret("root secret")}, vault()};
};

TEST_F(OperatorsTest, KnowOnlyTheRootKeyAtFirst) {
  const Found root = operators_.find("AKIAROOT");
  ASSERT_EQ(root.standing, Standing::usable);
  EXPECT_TRUE(evaluate(*root.who->policy, {"iot:DeleteThing", "thing/a", kAccount}).allowed);
  for (const char* id : {"", "AKIAROO", "AKIAROOTX", "akiaroot"})
    EXPECT_EQ(operators_.find(id).standing, Standing::unknown) << id;
}

TEST_F(OperatorsTest, AreUpdatedWithTheStore) {
  put(credential("AKIA1"));
  const Found found = operators_.find("AKIA1");
  ASSERT_EQ(found.standing, Standing::usable);
  EXPECT_EQ(found.who->secret.reveal(), "hunter2");
  EXPECT_EQ(found.who->policy->name(), "role factory");
  registry::Credential revoked = credential("AKIA1");
  revoked.status = registry::CredentialStatus::revoked;
  put(revoked);
  EXPECT_EQ(operators_.find("AKIA1").standing, Standing::revoked);
  registry::ChangeSet gone;
  gone.changes.emplace_back(registry::Erase{registry::credential_key("AKIA1")});
  ASSERT_TRUE(run_blocking(store_.commit(std::move(gone))));
  EXPECT_EQ(operators_.find("AKIA1").standing, Standing::unknown);
}

TEST_F(OperatorsTest, AreLoadedAtStart) {
  put(credential("AKIA1"));
  Operators later({"AKIAROOT", Secret("root secret")}, vault());
  EXPECT_EQ(later.find("AKIA1").standing, Standing::unknown);
  ASSERT_TRUE(run_blocking(later.load(store_)));
  EXPECT_EQ(later.find("AKIA1").standing, Standing::usable);
}

TEST_F(OperatorsTest, ReportWhyAKeyCannotBeUsed) {
  registry::Credential moved = credential("AKIA1");
  moved.access_key_id = "AKIA2";  // somebody copied another key's secret
  put(moved);
  registry::Credential broken = credential("AKIA3");
  broken.role.clear();
  broken.document = "{}";
  put(broken);
  registry::Credential no_role = credential("AKIA4");
  no_role.role = "emperor";
  put(no_role);
  for (const char* id : {"AKIA2", "AKIA3", "AKIA4"}) {
    const Found found = operators_.find(id);
    EXPECT_EQ(found.standing, Standing::unreadable) << id;
    EXPECT_EQ(found.who, nullptr) << id;
    EXPECT_FALSE(found.problem.empty()) << id;
    EXPECT_EQ(found.problem.find("hunter2"), std::string::npos) << id;
  }
}

// ---- sessions at the dashboard ----

struct Desk {
  test::FakeClock clock;
  SystemRandom random;
  Operators operators{{"AKIAROOT", Secret(std::string("right"))},
                      *Vault::make(Secret(std::string(64, 'a')))};
  Sessions sessions{operators, clock, random};

  std::string sign_in() {
    auto started = sessions.sign_in("AKIAROOT", "right", "10.0.0.1");
    EXPECT_TRUE(started);
    return started ? started->token.reveal() : std::string();
  }
};

TEST(Sessions, StartOnlyWithTheRightSecret) {
  Desk desk;
  const struct {
    std::string_view name, key, secret;
  } rows[] = {{"secret", "AKIAROOT", "wrong"},
              {"part of the secret", "AKIAROOT", "righ"},
              {"no secret", "AKIAROOT", ""},
              {"key", "AKIANOBODY", "right"},
              {"no key", "", "right"}};
  std::set<std::string> messages;
  for (const auto& row : rows) {
    const auto started = desk.sessions.sign_in(row.key, row.secret, "10.0.0.1");
    ASSERT_FALSE(started) << row.name;
    EXPECT_EQ(started.error().fault, Fault::forbidden);
    messages.insert(started.error().message);
  }
  EXPECT_EQ(messages.size(), 1U) << "the message must be the same, whatever was wrong";
  const auto started = desk.sessions.sign_in("AKIAROOT", "right", "10.0.0.1");
  ASSERT_TRUE(started);
  const auto session = desk.sessions.find(started->token.reveal());
  ASSERT_TRUE(session);
  EXPECT_EQ(session->who->name, "root");
  EXPECT_EQ(session->csrf_token, started->session.csrf_token);
  EXPECT_NE(session->csrf_token, started->token.reveal());
  EXPECT_FALSE(desk.sessions.find(session->csrf_token));
}

TEST(Sessions, SlowDownGuessing) {
  Desk desk;
  for (std::int64_t i = 0; i < Sessions::kTries; ++i)
    EXPECT_FALSE(desk.sessions.sign_in("AKIAROOT", "guess", "10.0.0.9"));
  const auto refused = desk.sessions.sign_in("AKIAROOT", "right", "10.0.0.9");
  ASSERT_FALSE(refused) << "even with the right secret";
  EXPECT_EQ(refused.error().fault, Fault::exhausted);
  EXPECT_TRUE(desk.sessions.sign_in("AKIAROOT", "right", "10.0.0.1"))
      << "other addresses are not affected";
  desk.clock.advance(Sessions::kPause);
  EXPECT_TRUE(desk.sessions.sign_in("AKIAROOT", "right", "10.0.0.9"));
}

TEST(Sessions, EndAtSignOutAtExpiryAndWhenTheirKeyIsRevoked) {
  Desk desk;
  const std::string signed_out = desk.sign_in();
  desk.sessions.sign_out(signed_out);
  EXPECT_FALSE(desk.sessions.find(signed_out));

  const std::string idle = desk.sign_in();
  desk.clock.advance(Sessions::kIdle - Seconds(1));
  EXPECT_TRUE(desk.sessions.is_valid(idle)) << "one second before it expires";
  desk.clock.advance(Seconds(1));
  EXPECT_FALSE(desk.sessions.is_valid(idle)) << "is_valid() does not count as use";
  EXPECT_FALSE(desk.sessions.find(idle));

  const std::string busy = desk.sign_in();
  for (auto spent = Seconds(0); spent < Sessions::kLifetime - Seconds(600); spent += Seconds(600)) {
    desk.clock.advance(Seconds(600));
    EXPECT_TRUE(desk.sessions.find(busy));
  }
  desk.clock.advance(Seconds(600));
  EXPECT_FALSE(desk.sessions.find(busy));

  registry::Credential record{.access_key_id = "AKIALINE",
                              .name = "line 1",
                              .sealed_secret = desk.operators.vault().seal(
                                  "AKIALINE", Secret(std::string("s")), desk.random),
                              .role = "factory"};
  desk.operators.apply({.changes = {registry::Put{record}}});
  const auto started = desk.sessions.sign_in("AKIALINE", "s", "10.0.0.1");
  ASSERT_TRUE(started);
  EXPECT_EQ(started->session.who->role, "factory");
  record.status = registry::CredentialStatus::revoked;
  desk.operators.apply({.changes = {registry::Put{record}}});
  EXPECT_FALSE(desk.sessions.find(started->token.reveal()));
}

TEST(Sessions, AreLimitedPerKey) {
  Desk desk;
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i <= Sessions::kMostOfOneKey; ++i) {
    tokens.push_back(desk.sign_in());
    desk.clock.advance(Seconds(1));
  }
  EXPECT_FALSE(desk.sessions.find(tokens.front()));
  EXPECT_TRUE(desk.sessions.find(tokens[1]));
  EXPECT_TRUE(desk.sessions.find(tokens.back()));
}

}  // namespace
}  // namespace imprint::access
