// SPDX-License-Identifier: Apache-2.0
// Alarms, the pipeline and expiring certificates, over REST.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator_api/monitoring_json.h"
#include "operator_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;

/// A world whose monitor has run once.
class Pipeline : public ::testing::Test {
 protected:
  Pipeline() {
    world_.monitor.use({}, {});
    pass();
  }
  void pass() {
    world_.clock.advance(Seconds(1));
    world_.monitor.work();
  }
  void fail_many() {
    for (int i = 0; i < 20; ++i) {
      world_.metrics.provisioning_failed("T", "register", outcome::FailureCategory::throttled,
                                         0.02);
    }
    world_.metrics.provisioning_failed("T", "register", outcome::FailureCategory::hook_denied,
                                       0.02);
    world_.metrics.provisioning_succeeded("T", "register", 0.02);
    world_.metrics.hook_called("T", telemetry::HookOutcome::denied, false, 0.01);
    pass();
  }
  void put(std::uint8_t seed, Seconds left, const char* thing = nullptr) {
    registry::ChangeSet changes;
    const CertificateId id(Sha256{seed});
    changes.add(registry::Put{registry::Certificate{.id = id,
                                                    .pem = "PEM",
                                                    .status = registry::CertificateStatus::active,
                                                    .not_after = world_.clock.now() + left}});
    if (thing != nullptr) {
      changes.add(registry::Put{registry::ThingPrincipal{*ThingName::parse(thing), id}});
    }
    world_.arrange(std::move(changes));
  }

  ControlApiWorld world_;
};

TEST_F(Pipeline, AlarmsHaveTheirReasonAndRemedy) {
  EXPECT_TRUE(world_.must("GET", "/imprint/v1/alarms").list("alarms").empty());
  fail_many();
  const Reply reply = world_.must("GET", "/imprint/v1/alarms?state=raised");
  ASSERT_EQ(reply.list("alarms").size(), 1U);
  const json::object& alarm = reply.list("alarms")[0].as_object();
  EXPECT_EQ(alarm.at("alarm"), "failure-ratio");
  EXPECT_EQ(alarm.at("state"), "raised");
  EXPECT_EQ(alarm.at("severity"), "critical");
  EXPECT_FALSE(alarm.at("next").as_string().empty());
  EXPECT_FALSE(alarm.contains("resolvedAt"));
  for (int i = 0; i < 1300; ++i) pass();
  EXPECT_TRUE(world_.must("GET", "/imprint/v1/alarms").list("alarms").empty());
  const Reply all = world_.must("GET", "/imprint/v1/alarms?state=all");
  ASSERT_EQ(all.list("alarms").size(), 1U);
  EXPECT_TRUE(all.list("alarms")[0].as_object().contains("resolvedAt"));
}

TEST_F(Pipeline, ThePipelineAddsUp) {
  fail_many();
  for (const auto& [span, step, steps] :
       {std::tuple{"hour", 60, 60U}, {"day", 900, 96U}, {"month", 21'600, 120U}}) {
    const Reply reply = world_.must("GET", fmt::format("/imprint/v1/pipeline?span={}", span));
    const json::object& series = reply.body.at("series").as_object();
    EXPECT_EQ(series.at("stepSeconds"), step);
    EXPECT_EQ(series.at("onboarded").as_array().size(), steps);
    EXPECT_EQ(series.at("onboarded").as_array().back(), 1);
    EXPECT_EQ(series.at("failed").as_object().at("throttled").as_array().back(), 20);
    EXPECT_FALSE(series.at("failed").as_object().contains("conflict"));
    EXPECT_EQ(series.at("hookRejections").as_object().at("denied").as_array().back(), 1);
    const json::array& categories = reply.list("categories");
    ASSERT_EQ(categories.size(), 2U);
    EXPECT_EQ(categories[0].as_object().at("category"), "throttled");
    EXPECT_EQ(categories[1].as_object().at("count"), 1);
    EXPECT_EQ(reply.body.at("latency").as_object().at("count"), 22);
    EXPECT_EQ(reply.body.at("now").as_object().at("ratio"), 21.0);
  }
}

TEST_F(Pipeline, HasNullsBeforeTheFirstRequest) {
  const Reply reply = world_.must("GET", "/imprint/v1/pipeline");
  EXPECT_EQ(reply.body.at("series").as_object().at("stepSeconds"), 900);
  EXPECT_TRUE(reply.body.at("latency").as_object().at("p50").is_null());
  EXPECT_TRUE(reply.body.at("now").as_object().at("ratio").is_null());
  EXPECT_TRUE(reply.list("categories").empty());
}

TEST_F(Pipeline, ListsCertificatesByExpirySoonestFirst) {
  const auto days = [](int count) { return Seconds(std::chrono::hours(24 * count)); };
  put(1, days(20));
  put(2, days(3), "device-2");
  put(3, days(80));
  put(4, days(-1));
  const Reply reply = world_.must("GET", "/imprint/v1/expiring-certificates");
  ASSERT_EQ(reply.list("certificates").size(), 2U);
  EXPECT_EQ(reply.list("certificates")[0].as_object().at("thingName"), "device-2");
  EXPECT_FALSE(reply.list("certificates")[1].as_object().contains("thingName"));
  std::string counts;
  for (const json::value& count : reply.list("counts"))
    counts += fmt::format("{} ", count.as_object().at("certificates").to_number<int>());
  EXPECT_EQ(counts, "1 2 3 3 ");
  const auto pages =
      world_.follow("GET", "/imprint/v1/expiring-certificates?days=90", "certificates", false, 1);
  EXPECT_EQ(pages.elements.size(), 3U);
}

TEST_F(Pipeline, TestsNoChannelIfThereIsNone) {
  EXPECT_TRUE(world_.must("POST", "/imprint/v1/alarms/test").list("channels").empty());
}

TEST_F(Pipeline, RefusesUnknownValues) {
  test::expect_refusals(
      world_, {
                  {"state", "GET", "/imprint/v1/alarms?state=old", "", 400,
                   "InvalidRequestException", "state"},
                  {"span", "GET", "/imprint/v1/pipeline?span=year", "", 400,
                   "InvalidRequestException", "span"},
                  {"no days", "GET", "/imprint/v1/expiring-certificates?days=0", "", 400,
                   "InvalidRequestException", "days"},
                  {"many days", "GET", "/imprint/v1/expiring-certificates?days=99999", "", 400,
                   "InvalidRequestException", "days"},
                  {"another's token", "GET", "/imprint/v1/expiring-certificates?nextToken=eA%3D%3D",
                   "", 400, "InvalidRequestException", ""},
              });
}

TEST_F(Pipeline, TheLiveFeedReportsChanges) {
  const auto topics = monitoring_topics([this] { return world_.monitor.snapshot(); });
  ASSERT_EQ(topics.size(), 2U);
  std::uint64_t pipeline = 0;
  std::uint64_t alarms = 0;
  EXPECT_THAT(topics[0].news(pipeline).value_or(""), HasSubstr("\"onboarded\":0"));
  EXPECT_EQ(topics[1].news(alarms), R"({"alarms":[]})");
  pass();
  EXPECT_FALSE(topics[0].news(pipeline)) << "only the time has changed";
  EXPECT_FALSE(topics[1].news(alarms));
  fail_many();
  EXPECT_THAT(topics[0].news(pipeline).value_or(""), HasSubstr("\"failed\":21"));
  EXPECT_THAT(topics[1].news(alarms).value_or(""), HasSubstr("failure-ratio"));
}

}  // namespace
}  // namespace imprint::operator_api
