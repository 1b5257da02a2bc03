// SPDX-License-Identifier: Apache-2.0
// `imprint fleet` run as a command, against a server in this process.
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployment/config.h"
#include "encoding/json.h"
#include "server/server.h"
#include "test/support/fleet_deployment.h"
#include "test/support/quiet_log.h"
#include "test/support/shell.h"

namespace imprint {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kFleet = std::string(IMPRINT_TOOL) + " fleet ";

TEST(FleetVerb, OnboardsAndReportsAsTextAndJson) {
  std::signal(SIGPIPE, SIG_IGN);  // as imprintd's main() does for its server
  const test::ScratchFolder folder;
  const test::FleetDeployment deployment(folder / "d");
  const std::filesystem::path claims = deployment.layout().directory() / "claims";
  std::filesystem::rename(claims / "broker", folder / "broker");
  auto config = test::must(deployment::Config::load(deployment.layout().config()));
  config.listen.mqtt = {"127.0.0.1", 0};
  config.listen.http = {"127.0.0.1", 0};
  telemetry::Log log = test::quiet_log();
  const auto server = test::must(server::Server::start(deployment.layout(), config, log));
  test::spill(deployment.layout().run_file(), "{\"mqtt\":\"" + server->mqtt_address() + "\"}");

  const auto text = test::shell(folder, kFleet + "d --devices 5 --save-to out");
  EXPECT_EQ(text.exit_code, 0) << text.output;
  EXPECT_THAT(text.output, StartsWith("5 devices in "));
  EXPECT_THAT(text.output, HasSubstr("5 succeeded, 0 failed"));
  std::size_t saved = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "out"))
    saved += entry.path().extension() == ".key" ? 1 : 0;
  EXPECT_EQ(saved, 5U);

  const auto json =
      test::shell(folder, kFleet + "d --devices 3 --output json --no-reconnect --format cbor");
  EXPECT_EQ(json.exit_code, 0) << json.output;
  const auto report = test::must(encoding::parse_json(json.output)).as_object();
  EXPECT_EQ(report.at("succeeded").to_number<int>(), 3);
  EXPECT_EQ(report.at("template").as_string(), "FleetProvisioningTemplate");
  EXPECT_EQ(report.at("latencyMs").as_object().at("register").as_object().at("count"), 3);
  EXPECT_FALSE(report.at("latencyMs").as_object().contains("reconnect"));

  const auto failed = test::shell(
      folder, kFleet + "d --devices 2 --claim d/claims/FleetProvisioningTemplate --template Gone");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.output, HasSubstr("2 x rejected at register: ResourceNotFound"));
}

TEST(FleetVerb, ReportsMissingAndWrongArguments) {
  const test::ScratchFolder folder;
  const test::FleetDeployment deployment(folder / "d");
  const struct {
    std::string arguments;
    int exit_code;
    const char* part;
  } rows[] = {
      {"d", 2, "holds 2 claims; name the template"},
      {"d --template Other", 2, "claims/Other/claim.pem"},
      {"d --template broker --parameter x", 2, "write NAME=VALUE"},
      {"d --template broker --timeout soon", 2, "soon"},
      {"d --template broker --timeout 0s", 2, "timeout of 0 ms"},
      {"d --template broker --key dsa", 2, "dsa"},
      {"d --template broker --concurrency 100000", 2, "open files"},
      {"d --template broker --devices 0", 2, "--devices"},
      {"d --template broker --endpoint 127.0.0.1:9", 1, "is imprintd running?"},
      {"d --template broker --endpoint no.such.host.invalid:9", 1, "cannot be resolved"},
  };
  for (const auto& row : rows) {
    const auto ran = test::shell(folder, kFleet + row.arguments);
    EXPECT_EQ(ran.exit_code, row.exit_code) << row.arguments << ": " << ran.output;
    EXPECT_THAT(ran.output, StartsWith("imprint: "));
    EXPECT_THAT(ran.output, HasSubstr(row.part)) << row.arguments;
  }
}

}  // namespace
}  // namespace imprint
