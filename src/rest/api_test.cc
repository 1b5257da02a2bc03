// SPDX-License-Identifier: Apache-2.0
#include "rest/api.h"

#include <set>

#include "test/support/control_api_world.h"

namespace imprint::rest {
namespace {

using namespace test::words;
using testing::Not;

TEST(Api, AnswersWithJsonAndARequestId) {
  ControlApiWorld world;
  HttpRequest request{"GET", "/endpoint", {}, "", "192.0.2.7"};
  world.signer.sign(request, world.clock.now());
  const HttpResponse response = runtime::run_blocking(world.api.handle(request));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"endpointAddress":"iot.example.net"})");
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].first, "x-amzn-RequestId");
  EXPECT_EQ(response.headers[0].second.size(), 36U);
}

TEST(Api, RequiresASignatureBeforeRevealingWhatExists) {
  ControlApiWorld world;
  for (const char* target : {"/things", "/no-such-path", "/things/x"}) {
    const Reply reply = world.send({"GET", target, {}, "", "192.0.2.7"});
    EXPECT_EQ(reply.status, 403) << target;
    EXPECT_EQ(reply.error, "MissingAuthenticationTokenException") << target;
    EXPECT_EQ(reply.request_id.size(), 36U) << target;
  }
  world.signer.secret += "x";
  EXPECT_EQ(world.call("GET", "/things").error, "InvalidSignatureException");
}

TEST(Api, RefusesUnknownOperationsByName) {
  ControlApiWorld world;
  expect_refusals(
      world,
      {{"an operation of AWS", "GET", "/certificates-out-going", "", 404,
        "UnknownOperationException", "ListOutgoingCertificates"},
       {"another method", "PUT", "/things", "", 404, "UnknownOperationException", "PUT"},
       {"no such path", "GET", "/nonsense", "", 404, "UnknownOperationException", "/nonsense"},
       {"an empty name", "GET", "/things/", "", 404, "UnknownOperationException", "/things/"},
       {"one segment too many", "GET", "/things/a/b/c", "", 404, "UnknownOperationException",
        "/things/a/b/c"}});
  world.signer.service = "iot-jobs-data";
  EXPECT_THAT(world.call("GET", "/things/t/jobs").message(), HasSubstr("iot-jobs-data"));
}

TEST(Api, PutsEveryRowWhereItCanBeReached) {
  ControlApiWorld world;
  const Router& router = world.api.router();
  std::set<std::string_view> names;
  for (const Operation& row : router.operations()) {
    std::string target(row.path);
    for (auto at = target.find('{'); at != std::string::npos; at = target.find('{'))
      target.replace(at, target.find('}') - at + 1, "1");
    const auto route = router.find(row.method, *Target::parse(target));
    ASSERT_TRUE(route) << row.name;
    EXPECT_EQ(route->operation, &row) << row.name << " is hidden by " << route->operation->name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.inputs.empty() || row.errors.contains(Exception::invalid_request)) << row.name;
    EXPECT_TRUE(row.errors.contains(Exception::internal_failure)) << row.name;
  }
  for (const MissingArea& area : router.missing()) {
    for (const MissingOperation& missing : area.operations)
      EXPECT_TRUE(names.insert(missing.name).second) << missing.name << " is not missing";
  }
}

TEST(Api, PrefersLiteralSegments) {
  // AWS has PUT /thing-groups/addThingToThingGroup beside operations on /thing-groups/{name}.
  constexpr InputInfo kName[] = {{.name = "name", .in = Location::path}};
  const Operation literal{"Literal", "PUT", "/groups/add", {}, {}, nullptr};
  const Operation early{"Early", "PUT", "/{name}/add", kName, {}, nullptr};
  const Operation late{"Late", "PUT", "/groups/{name}", kName, {}, nullptr};
  struct Row {
    std::string target;
    const Operation* expected;
  };
  for (const auto& rows : {Operations{early, late, literal}, Operations{literal, late, early}}) {
    const Router router(rows, {});
    for (const Row& row : {Row{"/groups/add", &literal}, Row{"/groups/x", &late},
                           Row{"/x/add", &early}, Row{"/groups/%61dd", &literal}}) {
      const auto route = router.find("PUT", *Target::parse(row.target));
      ASSERT_TRUE(route) << row.target;
      EXPECT_EQ(route->operation->name, row.expected->name) << row.target;
    }
  }
}

Answer count(Call call, std::int64_t& counter) {
  co_return json::object{{"operation", call.operation}, {"count", ++counter}};
}

TEST(Api, ServesTheTableThatItIsGiven) {
  constexpr Row<std::int64_t&> kRows[] = {
      {"Count", "GET", "/count", {}, {Exception::internal_failure}, count}};
  ControlApiWorld world;
  std::int64_t counter = 40;
  Api api({.store = world.memory,
           .clock = world.clock,
           .random = world.random,
           .log = world.log,
           .operators = world.operators,
           .sessions = world.sessions,
           .account = "000000000000",
           .region = "us-east-1"},
          {.operations = join({bind(kRows, counter)}), .missing = {}, .links = {}});
  const auto get = [&](const std::string& target) {
    HttpRequest request{"GET", target, {}, "", ""};
    world.signer.sign(request, world.clock.now());
    return runtime::run_blocking(api.handle(request));
  };
  EXPECT_EQ(get("/count").body, R"({"operation":"Count","count":41})");
  EXPECT_EQ(get("/count").body, R"({"operation":"Count","count":42})");
  EXPECT_EQ(get("/things").status, 404) << "it knows no resource of its own";
}

TEST(Api, ValidatesWithTheMessagesOfAws) {
  ControlApiWorld world;
  const std::string longest(128, 'a');
  EXPECT_EQ(world.call("POST", "/things/" + longest).status, 200);
  const std::string kInvalid = "InvalidRequestException";
  expect_refusals(
      world,
      {{"characters", "POST", "/things/a%20b", "", 400, kInvalid,
        "1 validation error detected: Value 'a b' at 'thingName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+"},
       {"slash within a segment", "POST", "/things/a%2Fb", "", 400, kInvalid, "'a/b'"},
       {"length", "POST", "/things/" + longest + "a", "", 400, kInvalid,
        "length less than or equal to 128"},
       {"missing member", "POST", "/policies/p", "{}", 400, kInvalid,
        "Value null at 'policyDocument'"},
       {"null is missing", "POST", "/policies/p", R"({"policyDocument":null})", 400, kInvalid,
        "Member must not be null"},
       {"missing query", "PUT", "/certificates/" + std::string(64, 'a'), "", 400, kInvalid,
        "Value null at 'newStatus'"},
       {"missing header", "PUT", "/things/t/principals", "", 400, kInvalid,
        "Value null at 'principal'"},
       {"enum", "PUT", "/certificates/" + std::string(64, 'a') + "?newStatus=active", "", 400,
        kInvalid, "enum value set: [ACTIVE, INACTIVE"},
       {"number too small", "GET", "/things?maxResults=0", "", 400, kInvalid,
        "value greater than or equal to 1"},
       {"number too large", "GET", "/things?maxResults=251", "", 400, kInvalid,
        "value less than or equal to 250"},
       {"no number", "GET", "/things?maxResults=ten", "", 400, kInvalid, "must be an integer"},
       {"half a number", "GET", "/things?maxResults=1e2", "", 400, kInvalid, "must be an integer"},
       {"a number without end", "GET", "/things?maxResults=99999999999999999999", "", 400, kInvalid,
        "must be an integer"},
       {"no boolean", "GET", "/things?usePrefixAttributeValue=yes", "", 400, kInvalid,
        "must be true or false"},
       {"twice", "GET", "/things?maxResults=1&maxResults=2", "", 400, kInvalid, "once"},
       {"wrong type", "POST", "/policies/p", R"({"policyDocument":{}})", 400, kInvalid,
        "must be text"},
       {"boolean as text", "POST", "/thing-types/t/deprecate", R"({"undoDeprecate":"true"})", 400,
        kInvalid, "must be true or false"},
       {"body is no JSON", "POST", "/things/t", "{", 400, kInvalid, "not a JSON object"},
       {"body is a list", "POST", "/things/t", "[]", 400, kInvalid, "array where a JSON object"},
       {"member twice", "POST", "/things/t", R"({"thingTypeName":"a","thingTypeName":"b"})", 400,
        kInvalid, "thingTypeName"},
       {"header is not UTF-8",
        "PUT",
        "/things/t/principals",
        "",
        400,
        kInvalid,
        "UTF-8",
        {{"x-amzn-principal", "arn:aws:iot:us-east-\xFF:000000000000:cert/aa"}}},
       {"body too deep", "POST", "/things/t", std::string(100, '[') + std::string(100, ']'), 400,
        kInvalid, "JSON"},
       {"query is not UTF-8", "GET", "/things?nextToken=%FF", "", 400, kInvalid, "UTF-8"},
       {"control characters are escaped", "POST", "/things/a%0Ab", "", 400, kInvalid, "a\\x0ab"}});
}

TEST(Api, IgnoresMembersItDoesNotKnow) {
  ControlApiWorld world;
  world.must("POST", "/things/t?unknown=1", R"({"unknown":[1,2,3]})");
}

TEST(Api, UsesSignedHeadersOnly) {
  ControlApiWorld world;
  world.must("POST", "/things/t");
  const std::string arn = world.make_certificate();
  HttpRequest request{"PUT", "/things/t/principals", {}, "", "192.0.2.7"};
  world.signer.sign(request, world.clock.now());
  request.headers.emplace_back("x-amzn-principal", arn);
  const Reply reply = world.send(request);
  EXPECT_EQ(reply.error, "IncompleteSignatureException");
  EXPECT_THAT(reply.message(), HasSubstr("x-amzn-principal"));
}

TEST(Api, AnswersInTheRegionOfTheSignature) {
  ControlApiWorld world;
  world.signer.region = "eu-central-1";
  world.signer.service = "execute-api";
  EXPECT_EQ(world.must("POST", "/things/t").text("thingArn"),
            "arn:aws:iot:eu-central-1:000000000000:thing/t");
}

TEST(Api, RecordsEachChangeOnce) {
  ControlApiWorld world;
  const Reply reply = world.must("POST", "/things/t");
  world.must("POST", "/things/t");
  world.must("GET", "/things/t");
  const auto events = world.events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].step, "create_thing");
  EXPECT_EQ(events[0].outcome, "ok");
  EXPECT_EQ(events[0].thing, "t");
  EXPECT_EQ(events[0].actor, test::kAccessKeyId);
  EXPECT_EQ(events[0].correlation, reply.request_id);
  EXPECT_THAT(events[0].detail, HasSubstr("192.0.2.7"));
}

TEST(Api, KeepsTheCauseOfInternalErrorsInside) {
  ControlApiWorld world;
  for (const char* target : {"/things", "/provisioning-templates", "/thing-groups", "/policies"}) {
    world.store.fail_call(1, test::FaultyStore::When::before);
    const Reply reply = world.call("GET", target);
    EXPECT_GE(reply.status, 500) << target;
    EXPECT_THAT(reply.error,
                testing::AnyOf("ServiceUnavailableException", "InternalFailureException"));
    EXPECT_THAT(reply.message(), HasSubstr(reply.request_id));
    EXPECT_THAT(reply.message(), Not(HasSubstr("broke")));
  }
}

/// A store in which another writer is always faster: each commit finds its records changed.
class RacingStore final : public registry::Store {
 public:
  explicit RacingStore(registry::Store& real) : real_(real) {}
  registry::Task<Result<std::vector<std::optional<registry::Record>>>> find(
      std::vector<registry::Key> keys) override {
    return real_.find(std::move(keys));
  }
  registry::Task<Result<registry::Page>> list(registry::Query query,
                                              registry::Cursor cursor) override {
    return real_.list(std::move(query), std::move(cursor));
  }
  registry::Task<Result<void>> commit(registry::ChangeSet changes) override {
    if (lost++ < races) co_return fail(Fault::conflict, "changed meanwhile");
    co_return co_await real_.commit(std::move(changes));
  }
  void watch(Listener listener) override { real_.watch(std::move(listener)); }
  int races = 0;
  int lost = 0;

 private:
  registry::Store& real_;
};

TEST(Api, TriesALostRaceAgainAndThenSaysSo) {
  ControlApiWorld world;
  RacingStore store(world.memory);
  provisioning::IssueCertificate issue(store, world.issuer, world.profile, world.metrics,
                                       world.clock, world.random);
  Api api = world.api_on(store, issue);
  const auto create = [&](int races) {
    store.races = races;
    store.lost = 0;
    HttpRequest request{"POST", fmt::format("/things/t{}", races), {}, "", ""};
    world.signer.sign(request, world.clock.now());
    return runtime::run_blocking(api.handle(request));
  };
  EXPECT_EQ(create(4).status, 200);
  const HttpResponse lost = create(5);
  EXPECT_EQ(lost.status, 503);
  EXPECT_THAT(lost.body, HasSubstr("changed meanwhile"));
}

TEST(Api, DescribesItsEndpoints) {
  ControlApiWorld world;
  for (const char* type : {"iot:Data", "iot:Data-ATS", "iot:Jobs"}) {
    EXPECT_EQ(
        world.must("GET", fmt::format("/endpoint?endpointType={}", encoding::percent_encode(type)))
            .text("endpointAddress"),
        "iot.example.net");
  }
  expect_refusals(
      world, {{"unknown", "GET", "/endpoint?endpointType=iot%3ANo", "", 400,
               "InvalidRequestException", "not recognized"},
              {"no roles here", "GET", "/endpoint?endpointType=iot%3ACredentialProvider", "", 400,
               "InvalidRequestException", "not available"}});
}

TEST(Api, RefusesContinuationsItNeverGave) {
  ControlApiWorld world;
  for (int i = 0; i < 3; ++i) world.must("POST", fmt::format("/things/t{}", i));
  world.must("POST", "/thing-types/a");
  const std::string token = world.must("GET", "/things?maxResults=1").text("nextToken");
  ASSERT_FALSE(token.empty());
  const std::string kInvalid = "InvalidRequestException";
  expect_refusals(
      world,
      {{"another operation's", "GET", "/thing-types?nextToken=" + encoding::percent_encode(token),
        "", 400, kInvalid, "ListThingTypes"},
       {"no base64", "GET", "/things?nextToken=a", "", 400, kInvalid, "ListThings"},
       {"base64 of something", "GET", "/things?nextToken=QUJD", "", 400, kInvalid, "ListThings"},
       {"URL alphabet", "GET", "/policies?marker=a_b-", "", 400, kInvalid, "marker"},
       {"marker of something", "GET", "/policies?marker=QUJD", "", 400, kInvalid, "nextMarker"}});
}

}  // namespace
}  // namespace imprint::rest
