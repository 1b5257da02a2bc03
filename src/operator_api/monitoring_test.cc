// SPDX-License-Identifier: Apache-2.0
#include "operator_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

TEST(Hooks, ReportHowTheyAreDoing) {
  test::ControlApiWorld world;
  hooks::HookReport report{.options = {.arn = "arn:aws:lambda:*", .url = "http://127.0.0.1:1/"},
                           .answered = 7,
                           .failed = 2,
                           .timed_out = 1,
                           .is_resting = true,
                           .last_problem = {{world.clock.now(), "refused"}}};
  for (int i = 1; i <= 100; ++i) report.seconds.push_back(i);
  world.hooks.reports = {report, {.options = {.arn = "other", .command = {"node", "hook.mjs"}}}};
  const test::Reply reply = world.must("GET", "/imprint/v1/hooks");
  const json::object& first = reply.list("hooks")[0].as_object();
  EXPECT_EQ(first.at("asked").as_int64(), 10);
  EXPECT_EQ(first.at("breaker").as_string(), "open");
  EXPECT_EQ(first.at("seconds").as_object().at("p50").as_double(), 51);
  EXPECT_EQ(first.at("seconds").as_object().at("p99").as_double(), 99);
  EXPECT_EQ(first.at("lastProblem").as_object().at("because").as_string(), "refused");
  const json::object& second = reply.list("hooks")[1].as_object();
  EXPECT_EQ(second.at("address").as_string(), "node");
  EXPECT_TRUE(second.at("seconds").is_null());
}

TEST(Connection, IsTheThingsNewest) {
  test::ControlApiWorld world;
  world.must("POST", "/things/t1");
  EXPECT_FALSE(
      world.must("GET", "/imprint/v1/things/t1/connection").body.at("connected").as_bool());
  EXPECT_EQ(world.call("GET", "/imprint/v1/things/t2/connection").status, 404);
  const CertificateId old{Sha256{1}};
  const CertificateId id{Sha256{2}};
  registry::ChangeSet attachments;
  for (const CertificateId& one : {old, id}) {
    attachments.changes.emplace_back(
        registry::Put{registry::ThingPrincipal{*ThingName::parse("t1"), one, false, {}}});
  }
  world.arrange(std::move(attachments));
  world.connections.found = {{old, {"old", "10.0.0.1", from_milliseconds(1000)}},
                             {id, {"new", "10.0.0.2", from_milliseconds(2000)}}};
  const test::Reply reply = world.must("GET", "/imprint/v1/things/t1/connection");
  EXPECT_EQ(reply.text("clientId"), "new");
  EXPECT_EQ(reply.text("certificateId"), id.hex());
}

TEST(CertificateAuthorities, AreOneTree) {
  test::ControlApiWorld world;
  const test::Identity own = test::make_root("Customer CA");
  world.must("POST", "/cacertificate?setAsActive=true",
             encoding::to_json(json::object{{"caCertificate", own.certificate.pem()},
                                            {"certificateMode", "SNI_ONLY"}}));
  const test::Reply reply = world.must("GET", "/imprint/v1/certificate-authorities");
  ASSERT_EQ(reply.list("authorities").size(), 3U);
  const json::object& root = reply.list("authorities")[0].as_object();
  EXPECT_EQ(root.at("role").as_string(), "root");
  EXPECT_FALSE(root.contains("certificates"));
  const json::object& customer = reply.list("authorities")[2].as_object();
  EXPECT_EQ(customer.at("role").as_string(), "registered");
  EXPECT_EQ(customer.at("commonName").as_string(), "Customer CA");
  EXPECT_EQ(customer.at("certificates").as_int64(), 0);
  EXPECT_EQ(customer.at("status").as_string(), "ACTIVE");
}

}  // namespace
}  // namespace imprint::operator_api
