// SPDX-License-Identifier: Apache-2.0
#include "hooks/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hooks/options.h"
#include "hooks/runtime_path.h"

namespace imprint::hooks {
namespace {

using enum Outcome;
using ::testing::HasSubstr;

TEST(Verdict, OnlyTheBooleanTrueLetsADeviceIn) {
  const struct {
    std::string answer;
    Outcome outcome;
    std::string because;
  } rows[] = {
      {R"({"allowProvisioning":true})", allowed, ""},
      {R"({"allowProvisioning":true,"parameterOverrides":null,"more":[1]})", allowed, ""},
      {R"({"allowProvisioning":false})", denied, "allowProvisioning: false"},
      {R"({"allowProvisioning":"true"})", denied, "as string"},
      {R"({"allowProvisioning":1})", denied, "as number"},
      {R"({"allowProvisioning":null})", denied, "as null"},
      {R"({"AllowProvisioning":true})", denied, "no allowProvisioning"},
      {R"({})", denied, "no allowProvisioning"},
      {R"(null)", denied, "null where an object"},
      {R"("x")", denied, "string where an object"},
      {R"([{"allowProvisioning":true}])", denied, "array where an object"},
      // A function that did not return.
      {R"({"errorType":"Error","errorMessage":"Unknown serial: 7"})", denied, "Unknown serial: 7"},
      {R"({"errorType":"Runtime.ExitError","errorMessage":"exit status 1"})", failed,
       "Runtime.ExitError"},
      // A handler's own members do not change the meaning of its answer.
      {R"({"allowProvisioning":true,"errorType":"Error","errorMessage":"x"})", allowed, ""},
      // No answer.
      {"", failed, "not valid JSON"},
      {"{", failed, "not valid JSON"},
      {R"({"allowProvisioning":true} x)", failed, "not valid JSON"},
      {R"({"allowProvisioning":false,"allowProvisioning":true})", failed, "not valid JSON"},
      {R"({"allowProvisioning":true,"x":[[[[[[[[[1]]]]]]]]]})", failed, "not valid JSON"},
      {R"({"allowProvisioning":true,"x":")" + std::string(kMaxAnswerBytes, 'x') + "\"}", failed,
       "not valid JSON"},
      // Overrides.
      {R"({"allowProvisioning":true,"parameterOverrides":{"A":1}})", failed, "\"A\" is number"},
      {R"({"allowProvisioning":true,"parameterOverrides":{"A":null}})", failed, "\"A\" is null"},
      {R"({"allowProvisioning":true,"parameterOverrides":["A"]})", failed, "is array"},
      {R"({"allowProvisioning":false,"parameterOverrides":{"A":1}})", denied, "false"},
  };
  for (const auto& row : rows) {
    const Verdict verdict = fleet_verdict(read_answer(row.answer));
    EXPECT_EQ(verdict.outcome, row.outcome) << row.answer.substr(0, 100);
    EXPECT_THAT(verdict.because, HasSubstr(row.because)) << row.answer.substr(0, 100);
    EXPECT_EQ(verdict.because.empty(), row.outcome == allowed) << row.answer.substr(0, 100);
  }
}

TEST(Verdict, PassesOverridesOn) {
  const Verdict verdict = fleet_verdict(read_answer(
      R"({"allowProvisioning":true,"parameterOverrides":{"Region":"eu","ProductLine":"p"}})"));
  EXPECT_EQ(verdict.overrides, (Overrides{{"ProductLine", "p"}, {"Region", "eu"}}));
  encoding::json::object many;
  for (std::size_t i = 0; i <= kMaxOverrides; ++i) many[std::to_string(i)] = "x";
  const std::string body = encoding::to_json(
      encoding::json::object{{"allowProvisioning", true}, {"parameterOverrides", many}});
  EXPECT_EQ(fleet_verdict(read_answer(body)).outcome, failed);
}

TEST(Verdict, DistinguishesAThrowFromAPlatformError) {
  const struct {
    std::string account;
    Outcome outcome;
  } rows[] = {
      {R"({"errorType":"Error","errorMessage":"Fleet limit reached"})", denied},
      {R"({"errorType":"TypeError","errorMessage":"x","trace":["a"]})", denied},
      {R"({"errorType":"string","errorMessage":"thrown as it is"})", denied},
      {R"({"errorType":"Runtime.ImportModuleError","errorMessage":"x"})", failed},
      {R"({"errorType":"Sandbox.Timedout","errorMessage":"x"})", failed},
      {R"({"errorType":"Function.ResponseSizeTooLarge","errorMessage":"x"})", failed},
      {R"({"errorType":"Extension.Crash","errorMessage":"x"})", failed},
      {R"({"errorMessage":"2026-01-01 Task timed out after 3.00 seconds"})", failed},
      {R"("text")", failed},
      {"rubbish", failed},
      {"", failed},
  };
  for (const auto& row : rows)
    EXPECT_EQ(fleet_verdict(read_function_error(row.account)).outcome, row.outcome) << row.account;
}

TEST(Verdict, AHandlersTextIsEscapedToOneLine) {
  const Reply reply =
      read_function_error("{\"errorType\":\"E\",\"errorMessage\":\"a\\nNext: \\u001b[2J\"}");
  EXPECT_THAT(reply.because, HasSubstr("a\\x0aNext: \\x1b"));
  EXPECT_LT(read_answer(std::string(60'000, 'x')).because.size(), 500U);
}

TEST(Verdict, ATimeoutIsASeparateOutcome) {
  EXPECT_EQ(fleet_verdict({.kind = Reply::Kind::timed_out, .because = "late"}).outcome, timed_out);
  EXPECT_EQ(fleet_verdict({}).outcome, failed);
  EXPECT_EQ(to_string(timed_out), "timed_out");
}

TEST(FleetEvent, HasTheSixMembers) {
  EXPECT_EQ(to_json({"claim", "id", "pem", "arn", "client", {{"B", "2"}, {"A", "1"}}}),
            R"({"claimCertificateId":"claim","certificateId":"id","certificatePem":"pem",)"
            R"("templateArn":"arn","clientId":"client","parameters":{"A":"1","B":"2"}})");
}

TEST(HookArn, AStarMatchesAnyRunOfCharacters) {
  const struct {
    std::string pattern, arn;
    bool expected;
  } rows[] = {
      {"arn:aws:lambda:*:*:function:pre", "arn:aws:lambda:eu-central-1:0123:function:pre", true},
      {"arn:aws:lambda:*:*:function:pre", "arn:aws:lambda:eu:0123:function:pre2", false},
      {"*", "", true},
      {"*", "anything", true},
      {"**a*", "bca", true},
      {"a*b*c", "aXbXbXc", true},
      {"a*b*c", "aXcXb", false},
      {"", "", true},
      {"", "a", false},
      {"a", "A", false},
      {"a?", "ab", false},
      {"a*", "a", true},
      {"*****************************b", std::string(2048, 'a'), false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(matches(row.pattern, row.arn), row.expected) << row.pattern << " " << row.arn;
}

TEST(HookOptions, NameTheWrongKey) {
  const HookOptions http{.arn = "a", .transport = Transport::http, .url = "http://127.0.0.1:1/"};
  const HookOptions runtime{.arn = "a", .transport = Transport::runtime, .listen = "[::1]:9002"};
  const HookOptions command{.arn = "a", .transport = Transport::command, .command = {"node"}};
  for (const HookOptions& sound : {http, runtime, command}) EXPECT_TRUE(check(sound));
  const auto with = [](HookOptions options, auto change) {
    change(options);
    return options;
  };
  const struct {
    HookOptions options;
    std::string key;
    std::string message;
  } rows[] = {
      {with(http, [](auto& o) { o.arn = ""; }), "arn", "is missing"},
      {with(http, [](auto& o) { o.arn = std::string(2049, 'a'); }), "arn", "2048"},
      {with(http, [](auto& o) { o.url = ""; }), "url", "is missing"},
      {with(http, [](auto& o) { o.url = "ftp://a/"; }), "url", "http:// or https://"},
      {with(http, [](auto& o) { o.url = "file:///etc/passwd"; }), "url", "http:// or https://"},
      {with(http, [](auto& o) { o.url = "gopher://a/"; }), "url", "http:// or https://"},
      {with(http, [](auto& o) { o.url = "http://u:secret@a/"; }), "url", "user name or password"},
      {with(http, [](auto& o) { o.url = "http://a/#x"; }), "url", "fragment"},
      {with(http, [](auto& o) { o.url = "http://a/\r\nx"; }), "url", "http:// or https://"},
      {with(http, [](auto& o) { o.listen = "127.0.0.1:1"; }), "listen", "has no effect"},
      {with(http, [](auto& o) { o.function = "f"; }), "function", "has no effect"},
      {with(http, [](auto& o) { o.command = {"x"}; }), "command", "has no effect"},
      {with(http, [](auto& o) { o.ca_file = "x"; }), "ca-file", "https URLs only"},
      {with(http,
            [](auto& o) {
              o.url = "http://a.example/";
              o.bearer_file = "x";
            }),
       "bearer-file", "unencrypted"},
      {with(runtime, [](auto& o) { o.listen = "0.0.0.0:9002"; }), "listen", "anyone who reaches"},
      {with(runtime, [](auto& o) { o.listen = "192.0.2.1:1"; }), "listen", "anyone who reaches"},
      {with(runtime, [](auto& o) { o.listen = "localhost:1"; }), "listen", "ADDRESS:PORT"},
      {with(runtime, [](auto& o) { o.listen = "127.0.0.1:70000"; }), "listen", "ADDRESS:PORT"},
      {with(runtime, [](auto& o) { o.hmac_key_file = "x"; }), "hmac-key-file", "has no effect"},
      {with(http, [](auto& o) { o.start_timeout = Milliseconds(1); }), "start-timeout",
       "has no effect"},
      {with(command, [](auto& o) { o.command = {}; }), "command", "is missing"},
      {with(command, [](auto& o) { o.url = "http://a/"; }), "url", "has no effect"},
  };
  for (const auto& row : rows) {
    const auto checked = check(row.options);
    ASSERT_FALSE(checked) << row.key << " " << row.message;
    EXPECT_EQ(checked.error().where, row.key);
    EXPECT_THAT(checked.error().message, HasSubstr(row.message));
    EXPECT_THAT(checked.error().message, ::testing::Not(HasSubstr("secret")));
  }
}

TEST(RuntimePath, KnowsTheFourCalls) {
  const std::string id(36, 'a');
  const std::string root = "/2018-06-01/runtime/";
  EXPECT_EQ(parse_runtime_call("GET", root + "invocation/next")->kind, RuntimeCall::Kind::next);
  EXPECT_EQ(parse_runtime_call("POST", root + "init/error")->kind, RuntimeCall::Kind::init_error);
  EXPECT_EQ(parse_runtime_call("POST", root + "invocation/" + id + "/response")->request_id, id);
  EXPECT_EQ(parse_runtime_call("POST", root + "invocation/" + id + "/error")->kind,
            RuntimeCall::Kind::error);
  for (const std::string& target :
       {std::string("/"), root, root + "invocation/next/", root + "invocation//response",
        root + "invocation/short/response", root + "invocation/" + id,
        root + "invocation/" + id + "/", root + "invocation/" + std::string(36, '/') + "/response",
        "http://127.0.0.1" + root + "invocation/next", root + "invocation/next?x=1"}) {
    EXPECT_FALSE(parse_runtime_call("GET", target)) << target;
    EXPECT_FALSE(parse_runtime_call("POST", target)) << target;
  }
  EXPECT_FALSE(parse_runtime_call("DELETE", root + "invocation/next"));
}

TEST(RuntimePath, OnlyLoopbackHostsAreAccepted) {
  for (const std::string host : {"127.0.0.1:9001", "127.0.0.1", "localhost:1", "[::1]:9", "[::1]"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const std::string host : {"", "evil.example", "127.0.0.1.evil.example:9001", "10.0.0.1",
                                 "localhost.evil", "[::2]:1", "::1"})
    EXPECT_FALSE(is_loopback_host(host)) << host;
}

}  // namespace
}  // namespace imprint::hooks
