// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <set>

namespace imprint::telemetry {

namespace {

constexpr std::size_t kMaxLabelValues = 200;  // of one label that an operator or a device can vary
constexpr std::size_t kShortIdCharacters = 12;

const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
const prometheus::Histogram::BucketBoundaries kRecords = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

constexpr std::array<const char*, 6> kStatuses = {
    "ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION"};

/// Values past the cap share one series, so that nobody can fill the memory with label values.
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

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  LabelCap templates;
  LabelCap claims;
  CertificateCounts certificate_counts;

  prometheus::Family<prometheus::Counter>& success =
      prometheus::BuildCounter()
          .Name("imprint_provisioning_success_total")
          .Help("Provisioning requests that were accepted")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& failure =
      prometheus::BuildCounter()
          .Name("imprint_provisioning_failure_total")
          .Help("Provisioning requests that were rejected, by error code")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& duration =
      prometheus::BuildHistogram()
          .Name("imprint_provisioning_seconds")
          .Help("From a provisioning request to its answer")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& hook_rejections =
      prometheus::BuildCounter()
          .Name("imprint_hook_rejections_total")
          .Help("Registrations that a pre-provisioning hook stopped: denied, failed or timed_out")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& hook_duration =
      prometheus::BuildHistogram()
          .Name("imprint_hook_seconds")
          .Help("From asking a pre-provisioning hook to its answer, waiting for its turn included")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& claim_uses =
      prometheus::BuildCounter()
          .Name("imprint_claim_uses_total")
          .Help("Devices registered through a claim certificate")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& issued = prometheus::BuildCounter()
                                                        .Name("imprint_certificates_issued_total")
                                                        .Help("Certificates signed")
                                                        .Register(registry);
  prometheus::Family<prometheus::Gauge>& certificates = prometheus::BuildGauge()
                                                            .Name("imprint_certificates")
                                                            .Help("Certificates in the registry")
                                                            .Register(registry);
  prometheus::Gauge& connections = prometheus::BuildGauge()
                                       .Name("imprint_mqtt_connections")
                                       .Help("Open MQTT connections")
                                       .Register(registry)
                                       .Add({});
  prometheus::Family<prometheus::Counter>& handshake_failures =
      prometheus::BuildCounter()
          .Name("imprint_tls_handshake_failures_total")
          .Help("TLS handshakes that did not succeed")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& alarms =
      prometheus::BuildCounter()
          .Name("imprint_alarms_total")
          .Help("Alarms raised: what somebody has to look at soon")
          .Register(registry);
  prometheus::Histogram& commit_seconds = prometheus::BuildHistogram()
                                              .Name("imprint_store_commit_seconds")
                                              .Help("Duration of a store transaction")
                                              .Register(registry)
                                              .Add({}, kSeconds);
  prometheus::Histogram& batch_records = prometheus::BuildHistogram()
                                             .Name("imprint_store_batch_records")
                                             .Help("Change sets that shared a store transaction")
                                             .Register(registry)
                                             .Add({}, kRecords);
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::provisioning_succeeded(std::string_view template_name, std::string_view method,
                                     double seconds) {
  const std::string label = families_->templates(template_name);
  families_->success.Add({{"template", label}, {"method", std::string(method)}}).Increment();
  families_->duration.Add({{"method", std::string(method)}}, kSeconds).Observe(seconds);
}

void Metrics::provisioning_failed(std::string_view template_name, std::string_view method,
                                  std::string_view category, double seconds) {
  const std::string label = families_->templates(template_name);
  families_->failure
      .Add({{"template", label},
            {"method", std::string(method)},
            {"category", std::string(category)}})
      .Increment();
  families_->duration.Add({{"method", std::string(method)}}, kSeconds).Observe(seconds);
}

void Metrics::hook_asked(std::string_view template_name, std::string_view outcome, bool shadow,
                         double seconds) {
  families_->hook_duration
      .Add({{"outcome", std::string(outcome)}, {"shadow", shadow ? "yes" : "no"}}, kSeconds)
      .Observe(seconds);
  if (shadow || outcome == "ok") return;
  families_->hook_rejections
      .Add({{"template", families_->templates(template_name)}, {"reason", std::string(outcome)}})
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

void Metrics::connection_opened() { families_->connections.Increment(); }
void Metrics::connection_closed() { families_->connections.Decrement(); }

void Metrics::handshake_failed(std::string_view reason) {
  families_->handshake_failures.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::alarm_raised(std::string_view alarm) {
  families_->alarms.Add({{"alarm", std::string(alarm)}}).Increment();
}

void Metrics::store_committed(std::size_t records, double seconds) {
  families_->commit_seconds.Observe(seconds);
  families_->batch_records.Observe(static_cast<double>(records));
}

void Metrics::watch_certificates(CertificateCounts counts) {
  families_->certificate_counts = std::move(counts);
}

std::string Metrics::text() const {
  if (families_->certificate_counts) {
    const auto counts = families_->certificate_counts();
    for (std::size_t i = 0; i < counts.size(); ++i) {
      families_->certificates.Add({{"status", kStatuses[i]}}).Set(static_cast<double>(counts[i]));
    }
  }
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace imprint::telemetry
