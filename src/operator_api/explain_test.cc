// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/text.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

using registry::AuditEvent;
using namespace test::words;

class Explain : public ::testing::Test {
 protected:
  void record(std::vector<AuditEvent> events) {
    registry::ChangeSet changes;
    changes.events = std::move(events);
    ASSERT_TRUE(runtime::run_blocking(world.store.commit(std::move(changes))));
  }
  std::vector<std::string> steps(const std::string& query) {
    std::vector<std::string> out;
    const Reply reply = world.must("GET", "/imprint/v1/explain?" + query);
    for (const auto& event : reply.body.at("events").as_array())
      out.emplace_back(event.at("step").as_string());
    return out;
  }
  ControlApiWorld world;
};

TEST_F(Explain, FollowsADeviceThroughItsConnectionsAndCertificatesButNotItsClaim) {
  const std::string claim(64, 'c');
  const std::string own(64, 'a');
  record({{.time = from_milliseconds(10),
           .step = "connect",
           .outcome = "ok",
           .correlation = "one",
           .certificate = claim,
           .client = "factory",
           .detail = R"({"claim":true})"},
          {.time = from_milliseconds(10),
           .step = "connect",
           .outcome = "ok",
           .correlation = "other",
           .certificate = claim,
           .client = "factory",
           .detail = R"({"claim":true})"},
          {.time = from_milliseconds(40),
           .step = "register_thing",
           .outcome = "ok",
           .correlation = "one",
           .thing = "device-1",
           .certificate = own,
           .client = "factory",
           .serial_number = "S1"},
          {.time = from_milliseconds(30),
           .step = "create_certificate_from_csr",
           .outcome = "ok",
           .correlation = "one",
           .certificate = own,
           .client = "factory"},
          {.time = from_milliseconds(50),
           .step = "publish",
           .outcome = "denied",
           .correlation = "two",
           .certificate = own,
           .client = "device-1"}});
  const std::vector<std::string> whole = {"connect", "create_certificate_from_csr",
                                          "register_thing", "publish"};
  EXPECT_EQ(steps("serialNumber=S1"), whole);
  EXPECT_EQ(steps("thingName=device-1"), whole);
  EXPECT_EQ(steps("certificateId=" + own), whole);
  EXPECT_EQ(steps("clientId=device-1"), whole);
  EXPECT_EQ(steps("serialNumber=S1&after=3"),
            (std::vector<std::string>{"create_certificate_from_csr", "publish"}));
  EXPECT_TRUE(steps("serialNumber=S2").empty());
}

AuditEvent refused_handshake(const std::string& address, const std::string& cause) {
  return {.step = "tls_handshake",
          .outcome = "denied",
          .detail = fmt::format(R"({{"from":"{}","cause":"{}","because":"{} it is"}})", address,
                                cause, cause)};
}

/// A whole production line may share one address.
TEST_F(Explain, RefusalsWithoutANameAreGroupedByAddressAndCause) {
  for (int i = 0; i < 5; ++i) record({refused_handshake("10.0.0.1", "no-shared-version")});
  record({refused_handshake("10.0.0.1", "server-not-trusted"),
          refused_handshake("10.0.0.2", "server-not-trusted"),
          refused_handshake("10.0.0.1", "no-certificate")});
  const Reply reply = world.must("GET", "/imprint/v1/refused-devices");
  std::vector<std::string> told;
  for (const auto& one : reply.list("devices")) {
    told.push_back(fmt::format("{} {} {}", one.at("from").as_string().c_str(),
                               one.at("detail").at("cause").as_string().c_str(),
                               one.at("times").to_number<int>()));
  }
  EXPECT_EQ(told, (std::vector<std::string>{
                      "10.0.0.1 no-certificate 1", "10.0.0.2 server-not-trusted 1",
                      "10.0.0.1 server-not-trusted 1", "10.0.0.1 no-shared-version 5"}));
}

TEST_F(Explain, RefusedHandshakesDoNotHideUnitsOfAClaim) {
  record({{.step = "register_thing",
           .outcome = "rejected",
           .client = "unit",
           .detail = R"({"category":"not-admitted","cause":"NotListed"})",
           .refused_for = outcome::FailureCategory::not_admitted}});
  for (int i = 0; i < 3'000; ++i) {
    AuditEvent event = refused_handshake("10.0.0.1", "no-certificate");
    event.refused_for = outcome::FailureCategory::handshake_refused;
    record({std::move(event)});
  }
  const Reply reply = world.must("GET", "/imprint/v1/refused-devices");
  ASSERT_EQ(reply.list("devices").size(), 2U);
  EXPECT_EQ(reply.list("devices")[1].at("clientId").as_string(), "unit");
}

TEST_F(Explain, SuggestsTheTemplateForClaimsAndDevices) {
  registry::ChangeSet changes;
  changes.add(registry::Put{
      registry::ProvisioningTemplate{.name = *TemplateName::parse("Sensors"), .enabled = true}});
  world.arrange(std::move(changes));
  for (const std::string claim : {"true", "false"}) {
    const std::string client = "unit-" + claim;
    record({{.step = "publish",
             .outcome = "denied",
             .correlation = client,
             .client = client,
             .detail = fmt::format(
                 R"({{"claim":{},"cause":"NoStatement","resource":"$aws/provisioning-templates/)"
                 R"(Sensor/provision/json"}})",
                 claim)},
            {.step = "left_unregistered",
             .outcome = "failed",
             .correlation = client,
             .client = client,
             .detail = fmt::format(R"({{"claim":{}}})", claim)}});
    EXPECT_THAT(world.must("GET", "/imprint/v1/explain?clientId=" + client).text("next"),
                HasSubstr("Did you mean the template Sensors"))
        << claim;
  }
  const Reply refused = world.must("GET", "/imprint/v1/refused-devices");
  ASSERT_EQ(refused.list("devices").size(), 2U);
  for (const auto& one : refused.list("devices"))
    EXPECT_THAT(std::string(one.at("next").as_string()), HasSubstr("template Sensors"));
}

TEST_F(Explain, WantsExactlyOneName) {
  for (const std::string query :
       {"", "?serialNumber=1&clientId=2", "?certificateId=xyz", "?after=x&clientId=1"})
    EXPECT_EQ(world.call("GET", "/imprint/v1/explain" + query).status, 400) << query;
}

TEST_F(Explain, TheWholeTrailIsListedNewestFirstInPages) {
  for (int i = 0; i < 5; ++i)
    record({{.step = fmt::format("step_{}", i),
             .outcome = "ok",
             .correlation = i % 2 == 0 ? "even" : "odd"}});
  const auto first = world.must("GET", "/imprint/v1/audit-events?maxResults=2");
  const auto step = [](const Reply& reply, std::size_t i) {
    return std::string(reply.list("events").at(i).at("step").as_string());
  };
  EXPECT_EQ(step(first, 0), "step_4");
  record({{.step = "meanwhile", .outcome = "ok"}});
  const auto second = world.must("GET", "/imprint/v1/audit-events?maxResults=2&nextToken=" +
                                            encoding::percent_encode(first.text("nextToken")));
  EXPECT_EQ(step(second, 0), "step_2");
  EXPECT_EQ(world.must("GET", "/imprint/v1/audit-events?correlationId=odd").list("events").size(),
            2U);
  EXPECT_TRUE(
      world.must("GET", "/imprint/v1/audit-events?thingName=nobody").list("events").empty());
  EXPECT_EQ(world.call("GET", "/imprint/v1/audit-events?nextToken=x").status, 400);
}

}  // namespace
}  // namespace imprint::operator_api
