// SPDX-License-Identifier: Apache-2.0
// Tests the simulator with a real server in this process, over real sockets.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deployment/config.h"
#include "fleet/run.h"
#include "server/server.h"
#include "test/support/fleet_deployment.h"
#include "test/support/quiet_log.h"
#include "test/support/shell.h"

namespace imprint::fleet {
namespace {

using testing::HasSubstr;

/// A deployment without a running server.
class Fleet : public testing::Test {
 protected:
  Fleet() : deployment_(folder_ / "deployment") {}

  Options options(const std::filesystem::path& claim = {}) {
    ClaimBundle bundle =
        test::must(ClaimBundle::load(claim.empty() ? deployment_.claim_folder() : claim));
    return {.load = {.endpoint = endpoint_,
                     .identity = bundle.claim,
                     .roots = bundle.roots,
                     .devices = 1,
                     .concurrency = 16,
                     .threads = 2,
                     .timeout = Milliseconds(10'000)},
            .template_name = test::must(TemplateName::parse(test::kFleetTemplate)),
            .serial_prefix = "T-"};
  }

  Report must_run(const Options& options) {
    return test::must(run(options, clock_, random_, nullptr));
  }

  /// The only failure group of a run in which every device fails alike.
  FailureGroup only_failure(const Options& options) {
    Report report = must_run(options);
    EXPECT_EQ(report.succeeded, 0U);
    EXPECT_EQ(report.failures.size(), 1U) << to_text(report);
    return report.failures.empty() ? FailureGroup() : report.failures.front();
  }

  test::ScratchFolder folder_;
  test::FleetDeployment deployment_;
  Endpoint endpoint_{"127.0.0.1", 9};
  SystemClock clock_;
  SystemRandom random_;
};

class ServedFleet : public Fleet {
 protected:
  ServedFleet() {
    std::signal(SIGPIPE, SIG_IGN);  // as imprintd's main() does for its server
    auto config = test::must(deployment::Config::load(deployment_.layout().config()));
    config.listen.mqtt = {"127.0.0.1", 0};
    config.listen.http = {"127.0.0.1", 0};
    config.listen.threads = 2;
    config.templates.key_algorithm = x509::KeyAlgorithm::ec_p256;
    server_ = test::must(server::Server::start(deployment_.layout(), config, log_));
    endpoint_ = test::must(Endpoint::parse(server_->mqtt_address()));
  }

  ~ServedFleet() override {
    // Records about devices (their first connection, refusals) are stored after they are gone; the
    // answer to one more registration comes after all pending records.
    Options o = options();
    o.serial_prefix = "last-";
    o.reconnect = false;
    EXPECT_EQ(must_run(o).succeeded, 1U);
  }

  telemetry::Log log_ = test::quiet_log();
  std::unique_ptr<server::Server> server_;
};

/// Accepts connections and never sends a byte.
class MuteServer {
 public:
  [[nodiscard]] Endpoint endpoint() const {
    return {"127.0.0.1", acceptor_.local_endpoint().port()};
  }

 private:
  boost::asio::io_context loop_;
  boost::asio::ip::tcp::acceptor acceptor_{loop_, {boost::asio::ip::address_v4::loopback(), 0}};
};

TEST_F(ServedFleet, OnboardsEveryDeviceInBothFlowsVersionsAndFormats) {
  int round = 0;
  for (const Flow flow : {Flow::csr, Flow::keys}) {
    for (const mqtt::Version version : {mqtt::Version::v3_1_1, mqtt::Version::v5}) {
      for (const Format format : {Format::json, Format::cbor}) {
        Options o = options();
        o.load.devices = 50;
        o.load.mqtt_version = version;
        o.load.tls_version = version == mqtt::Version::v5 ? TlsVersion::v1_3 : TlsVersion::v1_2;
        o.flow = flow;
        o.format = format;
        o.serial_prefix = fmt::format("R{}-", round++);
        const Report report = must_run(o);
        EXPECT_EQ(report.succeeded, 50U) << to_text(report);
        for (std::size_t step = 0; step < kSteps; ++step) {
          EXPECT_EQ(report.steps[step].count, 50U) << to_string(static_cast<Step>(step));
          EXPECT_GT(report.steps[step].p50, Duration::zero());
          EXPECT_GE(report.steps[step].max, report.steps[step].p99);
        }
        EXPECT_GT(report.total.p50, report.steps[0].p50);
      }
    }
  }
}

TEST_F(ServedFleet, CountsFailuresByCauseAndStep) {
  const test::FleetDeployment other(folder_ / "other");
  struct Row {
    const char* about;
    Options options;
    Cause cause;
    Step step;
    const char* code;
    const char* message;
  };
  std::vector<Row> rows;
  const auto add = [&](const char* about, Options o, Cause cause, Step step, const char* code,
                       const char* message) {
    o.load.devices = 7;
    o.serial_prefix = fmt::format("F{}-", rows.size());
    rows.push_back({about, std::move(o), cause, step, code, message});
  };
  Options o = options();
  o.template_name = test::must(TemplateName::parse("Nowhere"));
  add("a template that does not exist", o, Cause::rejected, Step::register_thing,
      "ResourceNotFound", "Nowhere");
  o = options();
  o.parameters.clear();
  add("a parameter is missing", o, Cause::rejected, Step::register_thing, "InvalidParameters",
      "FirmwareVersion");
  add("a server of another deployment", options(other.claim_folder()), Cause::tls, Step::connect,
      "", "does not verify");
  o = options();
  o.publish_topic = "elsewhere/{thingName}";
  add("the policy does not allow the topic", o, Cause::refused, Step::publish, "not authorized",
      "elsewhere/device-F3-00000");
  o = options();
  o.publish_topic = "elsewhere";
  o.load.mqtt_version = mqtt::Version::v3_1_1;
  add("MQTT 3.1.1 ends the connection instead", o, Cause::closed, Step::publish, "connection lost",
      "closed the connection");
  for (const Row& row : rows) {
    const FailureGroup group = only_failure(row.options);
    EXPECT_EQ(to_string(group.cause), to_string(row.cause)) << row.about;
    EXPECT_EQ(to_string(group.step), to_string(row.step)) << row.about;
    EXPECT_THAT(group.code, HasSubstr(row.code)) << row.about;
    EXPECT_EQ(group.count, 7U) << row.about;
    ASSERT_EQ(group.examples.size(), Tally::kExamples) << row.about;
    EXPECT_THAT(group.examples[0].message, HasSubstr(row.message)) << row.about;
  }
}

TEST_F(ServedFleet, AClaimOfAnotherDeploymentIsRefusedInTheHandshake) {
  const test::FleetDeployment other(folder_ / "other");
  std::filesystem::create_directory(folder_.path() / "mixed");
  for (const char* file : {"claim.pem", "claim.key"})
    std::filesystem::copy(other.claim_folder() / file, folder_.path() / "mixed" / file);
  std::filesystem::copy(deployment_.layout().trusted_root(), folder_.path() / "mixed/root-ca.pem");
  for (const TlsVersion version : {TlsVersion::v1_2, TlsVersion::v1_3}) {
    Options o = options(folder_.path() / "mixed");
    o.load.devices = 7;
    o.load.tls_version = version;
    const Report report = must_run(o);
    EXPECT_EQ(report.failed(), 7U);
    for (const FailureGroup& group : report.failures) {
      // The alert, or the end of the connection if a reset overtakes the alert.
      EXPECT_TRUE(group.cause == Cause::tls || group.cause == Cause::closed) << to_text(report);
      EXPECT_EQ(group.step, Step::connect);
      if (group.cause == Cause::closed || version == TlsVersion::v1_3)
        EXPECT_THAT(group.examples.at(0).message, HasSubstr("client certificate registered"));
    }
  }
}

TEST_F(Fleet, AServerThatNeverAnswersTimesOut) {
  const MuteServer mute;
  Options o = options();
  o.load.endpoint = mute.endpoint();
  o.load.devices = 7;
  o.load.timeout = Milliseconds(50);
  const FailureGroup group = only_failure(o);
  EXPECT_EQ(to_string(group.cause), "timeout");
  EXPECT_EQ(to_string(group.step), "connect");
  EXPECT_EQ(group.count, 7U);
  EXPECT_EQ(group.examples.at(0).message, "no answer within 50 ms");
}

TEST_F(Fleet, RetriesTemporaryFailures) {
  const MuteServer mute;
  Options o = options();
  o.load.endpoint = mute.endpoint();
  o.load.devices = 2;
  o.load.timeout = Milliseconds(10);
  o.retries = 1;
  EXPECT_EQ(must_run(o).retries, 2U);
}

TEST_F(Fleet, ReportsAnUnreachableServerAsOneError) {
  Options o = options();
  const auto report = run(o, clock_, random_, nullptr);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().fault, Fault::unavailable);
  EXPECT_THAT(report.error().message, HasSubstr("is imprintd running?"));
}

TEST_F(ServedFleet, SavesCertificatesAndKeys) {
  Options o = options();
  o.load.devices = 3;
  o.reconnect = false;
  o.save_to = folder_.path();
  EXPECT_EQ(must_run(o).succeeded, 3U);
  for (const std::string name : {"device-T-000001", "device-T-000002", "device-T-000003"}) {
    const auto certificate =
        test::must(x509::Certificate::from_pem(test::slurp(folder_ / (name + ".pem"))));
    const auto key = test::must(x509::PrivateKey::from_pem(
        test::must(read_secret_file(folder_ / (name + ".key"), 65536)).reveal()));
    EXPECT_EQ(certificate.public_key(), key.public_key());
  }
}

TEST_F(ServedFleet, DoesNotRetryFinalFailures) {
  Options o = options();
  o.template_name = test::must(TemplateName::parse("Nowhere"));
  o.retries = 1;
  const Report report = must_run(o);
  EXPECT_EQ(report.failed(), 1U);
  EXPECT_EQ(report.retries, 0U);
}

TEST_F(ServedFleet, ProgressReachesTheEnd) {
  struct Sink final : ProgressSink {
    Progress last;
    void update(const Progress& progress) override {
      EXPECT_GE(progress.succeeded, last.succeeded);
      last = progress;
    }
  } sink;
  Options o = options();
  o.load.devices = 20;
  test::must(run(o, clock_, random_, &sink));
  EXPECT_EQ(sink.last.devices, 20U);
  EXPECT_EQ(sink.last.succeeded, 20U);
  EXPECT_EQ(sink.last.failed, 0U);
}

TEST_F(ServedFleet, EchoNeedsNoProvisioning) {
  Load load = options(deployment_.broker_folder()).load;
  load.devices = 20;
  const Report report = test::must(run_echo(load, clock_, random_, nullptr));
  EXPECT_EQ(report.succeeded, 20U) << to_text(report);
  EXPECT_EQ(report.steps[static_cast<std::size_t>(Step::create)].count, 0U);
}

TEST_F(Fleet, RejectsInvalidLoads) {
  const struct {
    void (*change)(Load&);
    const char* message;
  } rows[] = {
      {[](Load& load) { load.devices = 0; }, "no devices"},
      {[](Load& load) { load.concurrency = 0; }, "concurrency of 0"},
      {[](Load& load) { load.threads = 0; }, "0 threads"},
      {[](Load& load) { load.timeout = Milliseconds(0); }, "timeout of 0 ms"},
      {[](Load& load) { load.timeout = Milliseconds(600'001); }, "use 1 to 600000"},
  };
  for (const auto& row : rows) {
    Options o = options();
    row.change(o.load);
    const auto report = run(o, clock_, random_, nullptr);
    ASSERT_FALSE(report) << row.message;
    EXPECT_EQ(report.error().fault, Fault::invalid);
    EXPECT_THAT(report.error().message, HasSubstr(row.message));
  }
}

}  // namespace
}  // namespace imprint::fleet
