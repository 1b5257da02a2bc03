// SPDX-License-Identifier: Apache-2.0
#include "monitoring/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarms/point_alarms.h"
#include "base/file.h"
#include "provisioning/claim_budget.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"
#include "test/support/quiet_log.h"
#include "test/support/quiet_sources.h"
#include "test/support/scratch_folder.h"
#include "test/support/web_server.h"

namespace imprint::monitoring {
namespace {

using alarms::Kind;
using outcome::FailureCategory;
using registry::Alarm;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The recipient of a channel's messages, who may be unreachable.
struct Listener {
  std::vector<std::string> received;
  bool is_away = false;
  bool is_silent = false;
  int attempts = 0;
  int cancelled = 0;
};

class FakeChannel final : public Channel {
 public:
  FakeChannel(std::string name, Listener& listener) : name_(std::move(name)), listener_(listener) {}
  std::string_view name() const override { return name_; }
  void send(std::uint64_t, const Message& message, Done done) override {
    ++listener_.attempts;
    if (listener_.is_silent) return;
    if (listener_.is_away) return done(fail(Fault::unavailable, "unreachable"));
    listener_.received.push_back(fmt::format("{} {}", message.alarm.kind, to_string(message.what)));
    done({});
  }
  void cancel(std::uint64_t) override { ++listener_.cancelled; }

 private:
  std::string name_;
  Listener& listener_;
};

class MonitorTest : public ::testing::Test {
 protected:
  MonitorTest() {
    options_.failure_ratio.window = Seconds(60);
    options_.no_success.after = Seconds(60);
    begin();
  }

  void begin() {
    monitor_.reset();
    monitor_ = std::make_unique<Monitor>(MonitorParts{.store = store_,
                                                      .metrics = metrics_,
                                                      .clock = clock_,
                                                      .random = random_,
                                                      .log = log_,
                                                      .sources = sources_,
                                                      .directory = "d"});
    ASSERT_TRUE(monitor_->load());
    use();
  }
  void use() {
    Channels channels;
    channels.push_back(std::make_unique<FakeChannel>("one", one_));
    channels.push_back(std::make_unique<FakeChannel>("two", two_));
    monitor_->use(options_, std::move(channels));
    monitor_->work();
  }
  void pass(Seconds time) {
    for (Seconds i{0}; i < time; ++i) {
      clock_.advance(Seconds(1));
      monitor_->work();
    }
  }
  void onboard(int devices) {
    for (int i = 0; i < devices; ++i) metrics_.provisioning_succeeded("T", "register", 0.02);
  }
  void refuse(int devices, FailureCategory why = FailureCategory::not_admitted) {
    for (int i = 0; i < devices; ++i) metrics_.provisioning_failed("T", "register", why, 0.02);
  }
  std::vector<Alarm> alarms() { return monitor_->snapshot()->alarms; }
  template <class T>
  std::vector<T> kept(registry::Query query) {
    return *runtime::run_blocking(registry::list_all<T>(memory_, std::move(query)));
  }
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(runtime::run_blocking(memory_.commit(std::move(changes))));
  }
  registry::Certificate claim(std::uint8_t seed, std::int64_t devices, std::int64_t most) {
    registry::Certificate made{.id = CertificateId(Sha256{seed}),
                               .pem = "PEM",
                               .status = registry::CertificateStatus::active,
                               .purpose = registry::CertificatePurpose::claim,
                               .not_before = clock_.now(),
                               .not_after = clock_.now() + std::chrono::hours(24 * 30)};
    made.claim_budget.max_devices = most;
    put(made);
    count(made, devices);
    return made;
  }
  void count(const registry::Certificate& claim, std::int64_t by) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Count{provisioning::devices_counter(claim.id), by});
    ASSERT_TRUE(runtime::run_blocking(memory_.commit(std::move(changes))));
  }

  test::MemoryStore memory_;
  test::FaultyStore store_{memory_};
  telemetry::Metrics metrics_;
  test::FakeClock clock_;
  SystemRandom random_;
  telemetry::Log log_ = test::quiet_log();
  Sources sources_ = test::quiet_sources(metrics_);
  alarms::Options options_;
  Listener one_;
  Listener two_;
  std::unique_ptr<Monitor> monitor_;
};

TEST_F(MonitorTest, ReportsAFailingFactoryOnceAndItsRecoveryOnce) {
  onboard(93);
  refuse(6);
  refuse(1, FailureCategory::throttled);
  pass(Seconds(2));
  ASSERT_EQ(alarms().size(), 1U);
  EXPECT_THAT(alarms()[0].because, HasSubstr("7 of 100"));
  EXPECT_THAT(alarms()[0].because, HasSubstr("(not-admitted)"));
  EXPECT_THAT(alarms()[0].next, HasSubstr("timeline names the rule"));
  EXPECT_NEAR(*monitor_->snapshot()->now.ratio, 7.0 / 93, 1e-9);
  for (int i = 0; i < 300; ++i) {
    pass(Seconds(1));
    onboard(1);
  }
  EXPECT_THAT(one_.received, ElementsAre("failure-ratio raised", "failure-ratio resolved"));
  EXPECT_EQ(two_.received, one_.received);
  const auto events = kept<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].outcome + events[1].outcome, "raisedresolved");
}

TEST_F(MonitorTest, CountsRefusedDevicesButNotFailedHandshakes) {
  for (int i = 0; i < 200; ++i)
    metrics_.device_refused("handshake", FailureCategory::handshake_refused);
  onboard(20);
  pass(Seconds(2));
  EXPECT_THAT(alarms(), IsEmpty()) << "anybody who reaches the port can cause these";
  EXPECT_EQ(monitor_->snapshot()->now.failed, 200U) << "they are shown";
  for (int i = 0; i < 25; ++i) metrics_.device_refused("publish", FailureCategory::topic_refused);
  pass(Seconds(2));
  ASSERT_EQ(alarms().size(), 1U);
  EXPECT_THAT(alarms()[0].because, HasSubstr("(25 times): "));
  EXPECT_THAT(alarms()[0].because, HasSubstr("(topic-refused)"));
  EXPECT_THAT(alarms()[0].next, HasSubstr("template's name"));
}

TEST_F(MonitorTest, OneRefusedDeviceOfThreeRaisesNoAlarm) {
  onboard(2);
  refuse(1);
  pass(Seconds(120));
  EXPECT_THAT(alarms(), IsEmpty());
  EXPECT_FALSE(monitor_->snapshot()->now.ratio);
  EXPECT_THAT(one_.received, IsEmpty());
}

TEST_F(MonitorTest, ARestartKeepsAlarmsAndHistory) {
  onboard(10);
  refuse(10);
  pass(Seconds(70));
  const std::string id = alarms().at(0).id;
  begin();
  pass(Seconds(2));
  EXPECT_EQ(alarms().at(0).id, id);
  EXPECT_THAT(one_.received, ElementsAre("failure-ratio raised"));
  EXPECT_EQ(
      monitor_->activity().last(clock_.now(), std::chrono::hours(1), 24).sum().counts.onboarded,
      10U);
  pass(Seconds(60));
  EXPECT_THAT(one_.received, ElementsAre("failure-ratio raised", "failure-ratio resolved"));
}

TEST_F(MonitorTest, RetriesAFailingChannelWithoutDelayingOthers) {
  one_.is_away = true;
  onboard(10);
  refuse(10);
  pass(Seconds(16));
  EXPECT_THAT(two_.received, ElementsAre("failure-ratio raised"));
  EXPECT_EQ(one_.attempts, 5) << "at about 0, 1, 3, 7 and 15 seconds";
  one_.is_away = false;
  begin();  // the notification is pending across a restart
  pass(Seconds(2));
  EXPECT_THAT(one_.received, ElementsAre("failure-ratio raised"));
  EXPECT_THAT(two_.received, ElementsAre("failure-ratio raised"));
  EXPECT_THAT(metrics_.text(),
              HasSubstr(R"(imprint_alarm_deliveries_total{channel="one",outcome="failed"} 5)"));
}

TEST_F(MonitorTest, CancelsAndRetriesAChannelThatDoesNotAnswer) {
  one_.is_silent = true;
  onboard(10);
  refuse(10);
  pass(Seconds(40));
  EXPECT_EQ(one_.cancelled, 1);
  EXPECT_EQ(one_.attempts, 2);
  one_.is_silent = false;
  pass(Seconds(120));
  EXPECT_EQ(one_.received.at(0), "failure-ratio raised");
}

TEST_F(MonitorTest, DropsNotificationsThatFailForADay) {
  one_.is_away = true;
  onboard(10);
  refuse(10);
  pass(Seconds(2));
  clock_.advance(std::chrono::hours(25));
  pass(Seconds(2));
  EXPECT_THAT(kept<Alarm>(registry::query::Alarms{}).at(0).owed,
              ::testing::Not(::testing::Contains("one raised")));
}

TEST_F(MonitorTest, ReportsAFailingStoreAlthoughTheAlarmCannotBeStored) {
  for (int i = 1; i < 40; ++i) {
    store_.fail_call(1, test::FaultyStore::When::before);
    metrics_.store_committed(1, 1, 0.1);
    pass(Seconds(1));
  }
  EXPECT_THAT(one_.received, ElementsAre("store-trouble raised"));
  store_.fail_call(0, test::FaultyStore::When::before);
  pass(Seconds(130));
  EXPECT_THAT(one_.received, ElementsAre("store-trouble raised", "store-trouble resolved"));
  EXPECT_EQ(kept<Alarm>(registry::query::Alarms{}).size(), 1U);
}

TEST_F(MonitorTest, ReportsAStoppedBatchButNotOneThatHasNotStarted) {
  const auto batch = claim(1, 37, 100);
  claim(2, 0, 100);
  claim(3, 100, 100);
  pass(Seconds(50));
  EXPECT_THAT(alarms(), IsEmpty());
  count(batch, 1);
  pass(Seconds(50));
  EXPECT_THAT(alarms(), IsEmpty());
  pass(Seconds(40));
  ASSERT_EQ(alarms().size(), 1U);
  EXPECT_EQ(alarms()[0].subject, batch.id.hex());
  EXPECT_THAT(alarms()[0].because, HasSubstr("38 of 100"));
  count(batch, 62);
  pass(Seconds(20));
  EXPECT_THAT(one_.received, ElementsAre("no-success raised", "no-success resolved"));
}

TEST_F(MonitorTest, ARestartDoesNotReportAStoppedBatchAgain) {
  const auto batch = claim(1, 0, 100);
  pass(Seconds(20));
  count(batch, 38);
  pass(Seconds(90));
  ASSERT_THAT(one_.received, ElementsAre("no-success raised"));
  begin();
  pass(Seconds(50));
  EXPECT_THAT(one_.received, ElementsAre("no-success raised"));
  count(batch, 1);
  pass(Seconds(20));
  EXPECT_THAT(one_.received, ElementsAre("no-success raised", "no-success resolved"));
}

TEST_F(MonitorTest, ReportsAFrozenClaimUntilItIsThawed) {
  auto frozen = claim(1, 5, 5);
  frozen.status = registry::CertificateStatus::inactive;
  frozen.frozen = registry::Freeze{.at = clock_.now(), .because = "used beyond"};
  put(frozen);
  const auto event =
      alarms::alarm_event(Kind::claim_frozen, "used beyond", {.certificate = frozen.id.hex()});
  monitor_->changed({.events = {event}});
  monitor_->changed({.events = {event}});
  pass(Seconds(30));
  ASSERT_EQ(alarms().size(), 1U);
  EXPECT_EQ(alarms()[0].because, "used beyond");
  frozen.frozen.reset();
  put(frozen);
  pass(Seconds(2));
  EXPECT_THAT(one_.received, ElementsAre("claim-frozen raised", "claim-frozen resolved"));
  EXPECT_THAT(metrics_.text(), HasSubstr(R"(imprint_alarms_total{alarm="claim-frozen"} 1)"));
}

TEST_F(MonitorTest, FindsAFrozenClaimWhoseEventWasLostInACrash) {
  auto frozen = claim(1, 5, 5);
  frozen.frozen = registry::Freeze{.at = clock_.now(), .because = "used beyond"};
  put(frozen);
  auto by_hand = claim(2, 5, 5);
  by_hand.frozen = registry::Freeze{.at = clock_.now(), .because = "line 3", .by = "AKIA"};
  put(by_hand);
  begin();
  pass(Seconds(20));
  ASSERT_EQ(alarms().size(), 1U);
  EXPECT_EQ(alarms()[0].subject, frozen.id.hex());
}

TEST_F(MonitorTest, MonitorsExpiryAndDisk) {
  std::int64_t free = 10;
  sources_.disk = [&] { return alarms::DiskSpace{.free_mib = free, .total_mib = 1000}; };
  sources_.own_certificates = [&] {
    return std::vector<alarms::WatchedCertificate>{
        {.what = alarms::WatchedCertificate::What::root,
         .id = "ab",
         .not_before = clock_.now() - std::chrono::hours(24 * 3000),
         .not_after = clock_.now() + std::chrono::hours(24)}};
  };
  registry::Certificate device{.id = CertificateId(Sha256{9}),
                               .pem = "PEM",
                               .status = registry::CertificateStatus::active,
                               .not_after = clock_.now() + std::chrono::hours(48)};
  put(device);
  begin();
  pass(Seconds(2));
  EXPECT_EQ(alarms().size(), 3U);
  free = 1000;
  device.status = registry::CertificateStatus::revoked;
  put(device);
  pass(Seconds(62));
  std::vector<std::string> raised;
  for (const Alarm& alarm : alarms()) {
    if (!alarm.resolved) raised.push_back(alarm.kind);
  }
  EXPECT_THAT(raised, ElementsAre("ca-expiring"));
}

TEST_F(MonitorTest, RaisesNoAlarmWhenACheckFails) {
  sources_.disk = [] { return fail(Fault::unavailable, "no such disk"); };
  begin();
  pass(Seconds(70));
  EXPECT_THAT(alarms(), IsEmpty());
}

TEST_F(MonitorTest, ResolvesAlarmsAndRaisesNoneWhenDisabled) {
  onboard(10);
  refuse(10);
  pass(Seconds(2));
  options_.enabled = false;
  use();
  pass(Seconds(2));
  EXPECT_TRUE(alarms().at(0).resolved);
  onboard(10);
  refuse(10);
  pass(Seconds(2));
  EXPECT_EQ(alarms().size(), 1U);
}

TEST_F(MonitorTest, TestsEveryChannelOnItsThreadAndStops) {
  EXPECT_THAT(runtime::run_blocking(monitor_->try_channels()), IsEmpty()) << "not running";
  two_.is_away = true;
  monitor_->start();
  const Trials trials = runtime::run_blocking(monitor_->try_channels());
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_TRUE(trials[0].is_delivered);
  EXPECT_EQ(trials[1].problem, "unreachable");
  monitor_->stop();
  monitor_->stop();
}

// ---- channels ----

class ChannelsTest : public ::testing::Test {
 protected:
  Result<Channels> make(const alarms::Options& options) {
    return make_channels(options, {.directory = folder_ / "",
                                   .sender = {.account = "0", .endpoint = "iot.example.net"},
                                   .clock = clock_,
                                   .log = log_,
                                   .publish = [this](std::string topic, std::string payload) {
                                     published_ = topic + " " + payload;
                                   }});
  }
  static Result<void> send(Channel& channel, const Message& message) {
    runtime::Completion<Result<void>> told;
    channel.send(1, message, [told](Result<void> result) { told.complete(std::move(result)); });
    return runtime::run_blocking(wait(told));
  }
  static runtime::Task<Result<void>> wait(runtime::Completion<Result<void>> told) {
    co_return co_await told.wait();
  }

  test::ScratchFolder folder_;
  SystemClock clock_;
  telemetry::Log log_ = test::quiet_log();
  std::string published_;
};

TEST_F(ChannelsTest, WebhookDeliversOnlyIfTheAnswerIsASuccess) {
  for (const auto& [status, is_delivered] :
       {std::pair{200, true}, {204, true}, {302, false}, {404, false}, {503, false}}) {
    test::WebCall seen;
    test::WebServer server([&, answer = status](const test::WebCall& call) {
      seen = call;
      return test::web_answer(answer, "");
    });
    alarms::Options options;
    options.log = false;
    options.webhook.url = server.url() + "/a";
    const auto channels = make(options);
    ASSERT_TRUE(channels);
    const auto told =
        send(*channels->at(0), {.alarm = {.id = "i", .kind = "disk-low", .because = "5 MiB"}});
    EXPECT_EQ(told.has_value(), is_delivered) << status;
    EXPECT_THAT(seen.body, HasSubstr(R"("event":"raised")"));
    EXPECT_THAT(seen.body, HasSubstr(R"("endpoint":"iot.example.net")"));
    EXPECT_TRUE(seen.has("Imprint-Event: raised"));
  }
}

TEST_F(ChannelsTest, TopicContainsTheKind) {
  alarms::Options options;
  options.topics = true;
  const auto channels = make(options);
  ASSERT_TRUE(channels);
  EXPECT_TRUE(send(*channels->at(1), {.alarm = {.id = "i", .kind = "disk-low"}}));
  EXPECT_TRUE(published_.starts_with("$imprint/alarms/disk-low {")) << published_;
}

TEST_F(ChannelsTest, SecretsMustExistAndNotBeReadableByOthers) {
  alarms::Options options;
  options.webhook = {.url = "http://127.0.0.1:1", .hmac_key_file = "key"};
  EXPECT_FALSE(make(options));
  ASSERT_TRUE(write_file_durably(folder_ / "key", 0644, std::string(32, 'k')));
  const auto open = make(options);
  ASSERT_FALSE(open);
  EXPECT_THAT(describe(open.error()), HasSubstr("chmod"));
  std::filesystem::permissions(folder_ / "key", std::filesystem::perms::owner_read);
  EXPECT_TRUE(make(options));
  options.enabled = false;
  EXPECT_THAT(*make(options), IsEmpty());
}

}  // namespace
}  // namespace imprint::monitoring
