// SPDX-License-Identifier: Apache-2.0
#include "rest/web_session.h"

#include "test/support/control_api_world.h"

namespace imprint::rest {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A browser: keeps its cookie and sends the CSRF token unless a test changes that.
class Browser : public testing::Test {
 protected:
  HttpResponse session(const std::string& method, const std::string& body = "",
                       const Headers& more = {}) {
    HttpRequest request{method, std::string(kSessionTarget), more, body, "192.0.2.1"};
    request.headers.emplace_back("Content-Type", "application/json");
    if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
    return runtime::run_blocking(world.api.handle_session(std::move(request)));
  }

  json::object sign_in() {
    const HttpResponse response = session(
        "POST", encoding::to_json(json::object{{"accessKeyId", test::kAccessKeyId},
                                               {"secretAccessKey", test::kSecretAccessKey}}));
    EXPECT_EQ(response.status, 200) << response.body;
    for (const auto& [name, value] : response.headers) {
      if (name != "Set-Cookie") continue;
      EXPECT_THAT(value, HasSubstr("; Path=/; Secure; HttpOnly; SameSite=Strict"));
      cookie = "theme=dark; " + value.substr(0, value.find(';'));
    }
    json::object body = encoding::parse_json(response.body)->as_object();
    csrf = body.at("csrfToken").as_string();
    return body;
  }

  test::Reply call(const std::string& method, const std::string& target, Headers headers) {
    headers.emplace_back("Cookie", cookie);
    return world.send({method, target, std::move(headers), "", "192.0.2.1"});
  }

  test::ControlApiWorld world;
  std::string cookie;
  std::string csrf;
};

TEST_F(Browser, SignsInActsAndSignsOut) {
  const json::object who = sign_in();
  EXPECT_EQ(who.at("role").as_string(), "admin");
  EXPECT_EQ(who.at("account").as_string(), "000000000000");
  EXPECT_EQ(call("POST", "/things/t1", {{"x-imprint-csrf", csrf}}).status, 200);
  EXPECT_THAT(call("GET", "/things/t1", {{"x-imprint-csrf", csrf}}).text("thingArn"),
              HasSubstr("arn:aws:iot:us-east-1:"));
  EXPECT_EQ(encoding::parse_json(session("GET").body)->at("csrfToken").as_string(), csrf);
  EXPECT_EQ(session("DELETE").status, 403) << "without the token";
  EXPECT_EQ(session("DELETE", "", {{"X-Imprint-Csrf", csrf}}).status, 204);
  const test::Reply gone = call("GET", "/things/t1", {{"x-imprint-csrf", csrf}});
  EXPECT_EQ(gone.status, 401);
  EXPECT_EQ(gone.error, "SessionExpired");
  EXPECT_EQ(session("GET").status, 401);

  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  EXPECT_EQ(events.front().step, "sign_in");
  EXPECT_EQ(events.front().actor, test::kAccessKeyId);
}

TEST_F(Browser, RequestsThatAnotherSitesPageCouldSendAreRefused) {
  sign_in();
  const struct {
    std::string_view name;
    Headers headers;
  } rows[] = {{"no token", {}},
              {"an empty token", {{"X-Imprint-Csrf", ""}}},
              {"another token", {{"X-Imprint-Csrf", std::string(64, 'a')}}},
              {"another site", {{"X-Imprint-Csrf", csrf}, {"Sec-Fetch-Site", "cross-site"}}},
              {"a neighbour", {{"X-Imprint-Csrf", csrf}, {"Sec-Fetch-Site", "same-site"}}}};
  for (const auto& row : rows) {
    const test::Reply reply = call("POST", "/things/t1", row.headers);
    EXPECT_EQ(reply.status, 403) << row.name;
    EXPECT_EQ(reply.error, "AccessDeniedException") << row.name;
  }
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  EXPECT_EQ(session("GET", "", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
}

TEST_F(Browser, GetsTheReasonForARefusedSignIn) {
  const struct {
    std::string_view name;
    std::string body;
    int status;
    std::string message;
  } rows[] = {
      {"wrong secret", R"({"accessKeyId":"AKIAX","secretAccessKey":"s"})", 401,
       "key id or the secret is wrong"},
      {"no secret", R"({"accessKeyId":"AKIAX"})", 400, "both needed"},
      {"no object", "[]", 400, "both needed"},
      {"no JSON", "{", 400, ""},
      {"numbers", R"({"accessKeyId":1,"secretAccessKey":2})", 400, "both needed"},
      {"too long", R"({"accessKeyId":")" + std::string(5000, 'a') + "\"}", 400, "longer"},
  };
  for (const auto& row : rows) {
    const HttpResponse response = session("POST", row.body);
    EXPECT_EQ(response.status, row.status) << row.name;
    EXPECT_THAT(response.body, HasSubstr(row.message)) << row.name;
    EXPECT_THAT(response.body, Not(HasSubstr("aaaa"))) << row.name;
  }
  EXPECT_EQ(session("PUT").status, 401);
  sign_in();
  EXPECT_EQ(session("PUT").status, 405);
}

TEST_F(Browser, RecordsRefusedSignInsWithinABudget) {
  const auto refused = [&] {
    std::vector<std::string> actors;
    const auto reply = world.must("GET", "/imprint/v1/audit-events?step=sign_in&outcome=denied");
    for (const auto& event : reply.list("events"))
      actors.emplace_back(event.at("actor").as_string());
    return actors;
  };
  session("POST", R"({"accessKeyId":"AKIAX","secretAccessKey":"s"})");
  session("POST", R"({"accessKeyId":"a secret in the wrong field","secretAccessKey":"AKIAX"})");
  EXPECT_THAT(refused(), testing::ElementsAre("(not an access key id)", "AKIAX"));
  const auto told = world.must("GET", "/imprint/v1/audit-events?step=sign_in&maxResults=1");
  EXPECT_THAT(std::string(told.list("events")[0].at("sentence").as_string()),
              testing::MatchesRegex("sign in at the dashboard denied with the key .* from .*: .*"));
  for (int i = 0; i < 200; ++i) session("POST", R"({"accessKeyId":"AKIAX","secretAccessKey":"s"})");
  EXPECT_LE(refused().size(), 60U) << "strangers cannot fill the trail";
}

TEST_F(Browser, HasTheRightsOfItsKey) {
  const test::Reply made =
      world.must("POST", "/imprint/v1/credentials", R"({"name":"watcher","role":"read-only"})");
  const HttpResponse signed_in = session(
      "POST", encoding::to_json(json::object{{"accessKeyId", made.text("accessKeyId")},
                                             {"secretAccessKey", made.text("secretAccessKey")}}));
  ASSERT_EQ(signed_in.status, 200) << signed_in.body;
  for (const auto& [name, value] : signed_in.headers)
    if (name == "Set-Cookie") cookie = value.substr(0, value.find(';'));
  const json::object who = encoding::parse_json(signed_in.body)->as_object();
  EXPECT_EQ(who.at("name").as_string(), "watcher");
  EXPECT_EQ(who.at("role").as_string(), "read-only");
  const Headers token{{"X-Imprint-Csrf", std::string(who.at("csrfToken").as_string())}};
  EXPECT_EQ(call("GET", "/things", token).status, 200);
  EXPECT_EQ(call("POST", "/things/t1", token).error, "AccessDeniedException");
}

// ---- streams ----

class Listening : public Browser {
 protected:
  std::unique_ptr<BodyStream> listen() {
    HttpRequest request{"GET", "/imprint/v1/live", {{"Cookie", cookie}}, "", "192.0.2.1"};
    HttpResponse response = runtime::run_blocking(world.api.handle(std::move(request)));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/event-stream");
    return std::move(response.stream);
  }
};

TEST_F(Listening, StreamsNewStepsOfTheAuditTrail) {
  sign_in();
  world.must("POST", "/things/before");
  const auto stream = listen();
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->next(), "");
  world.must("POST", "/things/after");
  const std::string told = stream->next().value_or("ended");
  EXPECT_THAT(told, testing::StartsWith("event: steps\ndata: {"));
  EXPECT_THAT(told, HasSubstr(R"("thingName":"after")"));
  EXPECT_THAT(told, Not(HasSubstr("before")));
  EXPECT_TRUE(told.ends_with("}\n\n"));
  EXPECT_EQ(stream->next(), "");
  for (int i = 0; i < 60; ++i) world.must("POST", fmt::format("/things/t{}", i));
  EXPECT_THAT(stream->next().value_or(""), HasSubstr(R"("leftOut":10)"));
  world.clock.advance(Seconds(15));
  EXPECT_EQ(stream->next(), ": still here\n\n");
}

TEST_F(Listening, EndsWithItsSession) {
  sign_in();
  const auto stream = listen();
  ASSERT_TRUE(stream->next());
  session("DELETE", "", {{"X-Imprint-Csrf", csrf}});
  EXPECT_FALSE(stream->next());
}

TEST_F(Listening, IsBounded) {
  sign_in();
  std::vector<std::unique_ptr<BodyStream>> streams;
  for (std::size_t i = 0; i < operator_api::LiveFeed::kMostStreams; ++i)
    streams.push_back(listen());
  EXPECT_EQ(call("GET", "/imprint/v1/live", {}).error, "ThrottlingException");
  streams.pop_back();
  EXPECT_TRUE(listen());
}

}  // namespace
}  // namespace imprint::rest
