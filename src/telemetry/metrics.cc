// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <algorithm>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <set>

#include "telemetry/build.h"
#include "telemetry/process.h"

namespace imprint::telemetry {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

constexpr std::size_t kMaxLabelValues = 200;  // of a label whose values operators or devices choose
constexpr std::size_t kShortIdCharacters = 12;

const Histogram::BucketBoundaries kSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,    0.25,  0.5,    1,     2.5,  5,     10};
const Histogram::BucketBoundaries kRecords = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

constexpr std::array<const char*, 6> kStatuses = {
    "ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION"};

/// The methods whose success makes a device registered.
constexpr std::array<std::string_view, 2> kRegistrations = {"register", "jitp"};

/// Further values share the series "other", so that nobody can exhaust memory with label values.
class LabelCap {
 public:
  std::string operator()(std::string_view value) {
    const std::scoped_lock lock(mutex_);
    if (seen_.contains(value)) return std::string(value);
    if (seen_.size() >= kMaxLabelValues) return "other";
    seen_.emplace(value);
    return std::string(value);
  }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> seen_;
};

std::string_view label_of(const prometheus::ClientMetric& metric, std::string_view name) {
  const auto it = std::ranges::find(metric.label, name, &prometheus::ClientMetric::Label::name);
  return it == metric.label.end() ? std::string_view() : std::string_view(it->value);
}

bool is_registration(const prometheus::ClientMetric& metric) {
  return std::ranges::find(kRegistrations, label_of(metric, "method")) != kRegistrations.end();
}

std::uint64_t count_of(const prometheus::ClientMetric& metric) {
  return static_cast<std::uint64_t>(metric.counter.value);
}

template <class F>
void for_each(const prometheus::Collectable& family, F use) {
  for (const prometheus::MetricFamily& one : family.Collect())
    std::ranges::for_each(one.metric, use);
}

/// Prometheus counts cumulatively up to each bound; a Distribution counts between bounds.
void add(const prometheus::ClientMetric& metric, Distribution& sum) {
  const auto& buckets = metric.histogram.bucket;
  sum.counts.resize(buckets.size());
  if (sum.bounds.empty()) sum.bounds.assign(kSeconds.begin(), kSeconds.end());
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    sum.counts[i] += buckets[i].cumulative_count - below;
    below = buckets[i].cumulative_count;
  }
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  LabelCap templates;
  LabelCap claims;
  CertificateCounts certificate_counts;

  template <class Builder>
  auto& declare(Builder builder, const char* name, const char* help) {
    return builder.Name(name).Help(help).Register(registry);
  }
  Family<Counter>& counter(const char* name, const char* help) {
    return declare(prometheus::BuildCounter(), name, help);
  }
  Family<Gauge>& gauge(const char* name, const char* help) {
    return declare(prometheus::BuildGauge(), name, help);
  }
  Family<Histogram>& histogram(const char* name, const char* help) {
    return declare(prometheus::BuildHistogram(), name, help);
  }

  // ---- all metrics; docs/monitoring.md has the same list ----

  Family<Counter>& success =
      counter("imprint_provisioning_success_total", "Provisioning requests that were accepted");
  Family<Counter>& repeats = counter("imprint_provisioning_repeats_total",
                                     "Accepted requests that had already been carried out, "
                                     "repeated because their answer was lost");
  Family<Counter>& failure =
      counter("imprint_provisioning_failure_total",
              "Provisioning requests that were rejected, by category (a closed list)");
  Family<Histogram>& duration =
      histogram("imprint_provisioning_seconds", "From a provisioning request to its answer");
  Family<Counter>& hook_rejections =
      counter("imprint_hook_rejections_total",
              "Registrations that a pre-provisioning hook stopped: denied, failed or timed_out");
  Family<Histogram>& hook_duration = histogram(
      "imprint_hook_seconds",
      "From a request to a pre-provisioning hook to its answer, including the time in the queue");
  Family<Counter>& claim_uses =
      counter("imprint_claim_uses_total", "Devices registered through a claim certificate");
  Family<Counter>& issued = counter("imprint_certificates_issued_total",
                                    "Certificates signed, by profile and kind of key");
  Family<Gauge>& certificates =
      gauge("imprint_certificates", "Certificates in the registry, by status");
  Family<Gauge>& not_after =
      gauge("imprint_certificate_not_after_seconds",
            "Expiry of the deployment's own certificates, in seconds since 1970");
  Gauge& connections = gauge("imprint_mqtt_connections", "Open MQTT connections").Add({});
  Family<Gauge>& shard_connections =
      gauge("imprint_shard_connections", "Open MQTT connections of one shard");
  Family<Counter>& handshake_failures =
      counter("imprint_tls_handshake_failures_total", "TLS handshakes that failed");
  Family<Counter>& alarms = counter(
      "imprint_alarms_total", "Alarms raised: conditions that an operator should look at soon");
  Family<Gauge>& alarms_active = gauge("imprint_alarms_active", "Alarms that are raised now");
  Family<Counter>& alarm_deliveries = counter(
      "imprint_alarm_deliveries_total",
      "Alarm notifications sent over a channel, including resolutions; failed: retried later");
  Histogram& commit_seconds =
      histogram("imprint_store_commit_seconds", "Duration of a store transaction")
          .Add({}, kSeconds);
  Histogram& batch_records =
      histogram("imprint_store_batch_records", "Change sets that shared a store transaction")
          .Add({}, kRecords);
  Counter& store_failures =
      counter("imprint_store_commit_failures_total", "Change sets that the store could not write")
          .Add({});
  Gauge& build = gauge("imprint_build_info", "1; the labels say what is running")
                     .Add({{"version", std::string(version())}, {"compiler", compiler()}});
  Gauge& started =
      gauge("process_start_time_seconds", "Start time of the process, in seconds since 1970")
          .Add({});
  Counter& cpu = counter("process_cpu_seconds_total", "Processor time of the process").Add({});
  Gauge& memory = gauge("process_resident_memory_bytes", "Memory in use").Add({});
  Gauge& descriptors = gauge("process_open_fds", "Open file descriptors").Add({});
  Gauge& most_descriptors = gauge("process_max_fds", "Limit on open file descriptors").Add({});

  void update_gauges() {
    if (certificate_counts) {
      const auto counts = certificate_counts();
      for (std::size_t i = 0; i < counts.size(); ++i)
        certificates.Add({{"status", kStatuses[i]}}).Set(static_cast<double>(counts[i]));
    }
    const Process process = this_process();
    started.Set(process.start_seconds);
    cpu.Increment(std::max(0.0, process.cpu_seconds - cpu.Value()));
    memory.Set(process.resident_bytes);
    descriptors.Set(process.open_descriptors);
    most_descriptors.Set(process.most_descriptors);
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) { families_->build.Set(1); }
Metrics::~Metrics() = default;

void Metrics::provisioning_succeeded(std::string_view template_name, std::string_view method,
                                     double seconds) {
  const std::string label = families_->templates(template_name);
  families_->success.Add({{"template", label}, {"method", std::string(method)}}).Increment();
  families_->duration.Add({{"method", std::string(method)}}, kSeconds).Observe(seconds);
}

void Metrics::provisioning_repeated(std::string_view template_name, std::string_view method) {
  const std::string label = families_->templates(template_name);
  families_->repeats.Add({{"template", label}, {"method", std::string(method)}}).Increment();
}

void Metrics::provisioning_failed(std::string_view template_name, std::string_view method,
                                  outcome::FailureCategory category, double seconds) {
  const std::string label = families_->templates(template_name);
  families_->failure
      .Add({{"template", label},
            {"method", std::string(method)},
            {"category", std::string(to_string(category))}})
      .Increment();
  families_->duration.Add({{"method", std::string(method)}}, kSeconds).Observe(seconds);
}

void Metrics::device_refused(std::string_view method, outcome::FailureCategory category) {
  families_->failure
      .Add({{"template", ""},
            {"method", std::string(method)},
            {"category", std::string(to_string(category))}})
      .Increment();
}

void Metrics::hook_called(std::string_view template_name, HookOutcome outcome, bool shadow,
                          double seconds) {
  const std::string label(to_string(outcome));
  families_->hook_duration.Add({{"outcome", label}, {"shadow", shadow ? "yes" : "no"}}, kSeconds)
      .Observe(seconds);
  if (shadow || outcome == HookOutcome::allowed) return;
  families_->hook_rejections
      .Add({{"template", families_->templates(template_name)}, {"reason", label}})
      .Increment();
}

void Metrics::claim_used(std::string_view certificate_id) {
  families_->claim_uses
      .Add({{"claim", families_->claims(certificate_id.substr(0, kShortIdCharacters))}})
      .Increment();
}

void Metrics::certificate_issued(std::string_view profile, std::string_view key) {
  families_->issued.Add({{"profile", std::string(profile)}, {"key", std::string(key)}}).Increment();
}

void Metrics::connection_opened(std::size_t shard) {
  families_->connections.Increment();
  families_->shard_connections.Add({{"shard", std::to_string(shard)}}).Increment();
}

void Metrics::connection_closed(std::size_t shard) {
  families_->connections.Decrement();
  families_->shard_connections.Add({{"shard", std::to_string(shard)}}).Decrement();
}

void Metrics::handshake_failed(std::string_view reason) {
  families_->handshake_failures.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::alarm_raised(std::string_view alarm) {
  families_->alarms.Add({{"alarm", std::string(alarm)}}).Increment();
}

void Metrics::alarms_active(std::string_view alarm, std::size_t count) {
  families_->alarms_active.Add({{"alarm", std::string(alarm)}}).Set(static_cast<double>(count));
}

void Metrics::alarm_delivered(std::string_view channel, bool is_delivered) {
  families_->alarm_deliveries
      .Add({{"channel", std::string(channel)}, {"outcome", is_delivered ? "delivered" : "failed"}})
      .Increment();
}

std::vector<std::size_t> Metrics::connections_by_shard() const {
  std::vector<std::size_t> out;
  for_each(families_->shard_connections, [&](const prometheus::ClientMetric& metric) {
    const std::size_t shard = std::stoul(std::string(label_of(metric, "shard")));
    if (out.size() <= shard) out.resize(shard + 1);
    out[shard] = static_cast<std::size_t>(metric.gauge.value);
  });
  return out;
}

void Metrics::store_committed(std::size_t change_sets, std::size_t failed, double seconds) {
  families_->commit_seconds.Observe(seconds);
  families_->batch_records.Observe(static_cast<double>(change_sets));
  if (failed > 0) families_->store_failures.Increment(static_cast<double>(failed));
}

void Metrics::set_certificate_expiry(std::string_view certificate, double seconds_since_1970) {
  families_->not_after.Add({{"certificate", std::string(certificate)}}).Set(seconds_since_1970);
}

void Metrics::watch_certificates(CertificateCounts counts) {
  families_->certificate_counts = std::move(counts);
}

Totals Metrics::totals() const {
  Totals totals;
  for_each(families_->success, [&](const prometheus::ClientMetric& metric) {
    if (is_registration(metric)) totals.onboarded += count_of(metric);
  });
  for_each(families_->failure, [&](const prometheus::ClientMetric& metric) {
    const std::string_view name = label_of(metric, "category");
    const auto categories = outcome::failure_categories();
    const auto it = std::ranges::find(categories, name, &outcome::FailureCategoryInfo::name);
    totals.failed[static_cast<std::size_t>(it->category)] += count_of(metric);
  });
  for_each(families_->hook_duration, [&](const prometheus::ClientMetric& metric) {
    if (label_of(metric, "shadow") == "yes") return;
    for (std::size_t i = 0; i < kHookOutcomes; ++i) {
      if (label_of(metric, "outcome") == to_string(static_cast<HookOutcome>(i)))
        totals.hooks[i] += metric.histogram.sample_count;
    }
  });
  for_each(families_->duration, [&](const prometheus::ClientMetric& metric) {
    if (is_registration(metric)) add(metric, totals.registration_seconds);
  });
  totals.store_failures = static_cast<std::uint64_t>(families_->store_failures.Value());
  return totals;
}

std::string Metrics::text() const {
  families_->update_gauges();
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

std::span<const char* const, 6> certificate_statuses() { return kStatuses; }

}  // namespace imprint::telemetry
