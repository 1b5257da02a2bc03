// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

const std::string kPath = "/event-configurations";

bool enabled(const Reply& reply, std::string_view type) {
  return reply.body.at("eventConfigurations").at(type).at("Enabled").as_bool();
}

TEST(EventConfigurations, AreAllOffAtFirst) {
  ControlApiWorld world;
  const Reply reply = world.must("GET", kPath);
  EXPECT_EQ(reply.body.at("eventConfigurations").as_object().size(), 11U);
  for (const auto& [type, configuration] : reply.body.at("eventConfigurations").as_object())
    EXPECT_EQ(configuration.at("Enabled"), false) << std::string_view(type);
  EXPECT_FALSE(reply.body.contains("creationDate"));
}

TEST(EventConfigurations, AreUpdatedOneByOne) {
  ControlApiWorld world;
  world.must("PATCH", kPath, R"({"eventConfigurations":{"THING":{"Enabled":true}}})");
  world.clock.advance(Milliseconds(1000));
  world.must(
      "PATCH", kPath,
      R"({"eventConfigurations":{"JOB":{"Enabled":true},"CA_CERTIFICATE":{"Enabled":true}}})");
  world.must("PATCH", kPath, R"({"eventConfigurations":{"JOB":{"Enabled":false}}})");
  world.must("PATCH", kPath, "{}");
  const Reply reply = world.must("GET", kPath);
  EXPECT_TRUE(enabled(reply, "THING"));
  EXPECT_TRUE(enabled(reply, "CA_CERTIFICATE"));
  EXPECT_FALSE(enabled(reply, "JOB"));
  EXPECT_EQ(reply.body.at("creationDate").as_double(), 1767225600.0);
  EXPECT_EQ(reply.body.at("lastModifiedDate").as_double(), 1767225601.0);
  EXPECT_EQ(world.events().size(), 3U);
  EXPECT_EQ(world.events().back().step, "update_event_configurations");
}

TEST(EventConfigurations, AreRefusedWithAReason) {
  ControlApiWorld world;
  const std::string invalid = "InvalidRequestException";
  expect_refusals(
      world,
      {{"unknown type", "PATCH", kPath, R"({"eventConfigurations":{"FLIGHT":{"Enabled":true}}})",
        400, invalid, "THING_GROUP_MEMBERSHIP"},
       {"small letter", "PATCH", kPath, R"({"eventConfigurations":{"THING":{"enabled":true}}})",
        400, invalid, "Enabled"},
       {"no flag", "PATCH", kPath, R"({"eventConfigurations":{"THING":{"Enabled":"true"}}})", 400,
        invalid, "true or false"},
       {"no object", "PATCH", kPath, R"({"eventConfigurations":{"THING":true}})", 400, invalid,
        "Enabled"},
       {"a list", "PATCH", kPath, R"({"eventConfigurations":[]})", 400, invalid, "object"}});
}

}  // namespace
}  // namespace imprint::control_api
