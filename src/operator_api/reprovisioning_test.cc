// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;

constexpr const char* kPath = "/imprint/v1/things/t-1/reprovisioning";

std::optional<Timestamp> permission(ControlApiWorld& world) {
  return runtime::run_blocking(
             registry::get(world.store, registry::thing_key(*ThingName::parse("t-1"))))
      ->reprovision_until;
}

TEST(Reprovisioning, IsAllowedForAWhileAndWithdrawn) {
  ControlApiWorld world;
  ASSERT_EQ(world.call("POST", "/things/t-1").status, 200);
  const auto allowed = world.call("PUT", kPath, R"({"validForSeconds":3600})");
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(permission(world), world.clock.now() + std::chrono::hours(1));
  EXPECT_EQ(world.call("PUT", kPath).status, 200);
  EXPECT_EQ(permission(world), world.clock.now() + std::chrono::hours(24));
  EXPECT_EQ(world.call("DELETE", kPath).status, 200);
  EXPECT_FALSE(permission(world));
  EXPECT_EQ(world.call("DELETE", kPath).status, 200) << "nothing to withdraw";
}

TEST(Reprovisioning, RefusesUnknownThingsAndLongPeriods) {
  ControlApiWorld world;
  EXPECT_EQ(world.call("PUT", kPath).status, 404);
  EXPECT_EQ(world.call("DELETE", kPath).status, 404);
  ASSERT_EQ(world.call("POST", "/things/t-1").status, 200);
  EXPECT_EQ(world.call("PUT", kPath, R"({"validForSeconds":59})").status, 400);
  EXPECT_EQ(world.call("PUT", kPath, R"({"validForSeconds":7776001})").status, 400);
  EXPECT_EQ(world.call("PUT", kPath, R"({"validForSeconds":"1h"})").status, 400);
  EXPECT_FALSE(permission(world));
}

}  // namespace
}  // namespace imprint::operator_api
