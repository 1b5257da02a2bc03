// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <gtest/gtest.h>
#include <vector>

namespace imprint {
namespace {

TEST(Nearest, FindsTheNameThatWasProbablyMeant) {
  const std::vector<std::string> names = {"FleetProvisioningTemplate", "Sensors", "Meters", "Jitp"};
  const struct {
    const char* wanted;
    std::optional<std::string> found;
  } rows[] = {
      {"FleetProvisoningTemplate", "FleetProvisioningTemplate"},
      {"fleet-provisioning-template", "FleetProvisioningTemplate"},
      {"sensor", "Sensors"},
      {"JITP", "Jitp"},
      {"Sensors", "Sensors"},
      {"Actuators", std::nullopt},
      {"x", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(nearest(row.wanted, names), row.found) << row.wanted;
  EXPECT_EQ(nearest("line-c", std::vector<std::string>{"line-a", "line-b"}), std::nullopt)
      << "two are equally near";
  EXPECT_EQ(nearest("a", {}), std::nullopt);
  EXPECT_FALSE(nearest(std::string(100'000, 'a'), names)) << "long names cost no more";
}

}  // namespace
}  // namespace imprint
