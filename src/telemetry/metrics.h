// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/failure_category.h"
#include "telemetry/hook_outcome.h"

namespace imprint::telemetry {

/// A histogram of durations: `counts[i]` is the number of observations of at most `bounds[i]`
/// seconds and more than the previous bound; the last count is for those above all bounds. Counted
/// since the start.
struct Distribution {
  std::vector<double> bounds = {};
  std::vector<std::uint64_t> counts = {};
};

/// The counters for rates, charts and alarms: current values of /metrics, summed over labels.
struct Totals {
  std::uint64_t onboarded = 0;  ///< devices registered: RegisterThing and just-in-time
  std::array<std::uint64_t, outcome::kFailureCategories> failed = {};
  std::array<std::uint64_t, kHookOutcomes> hooks = {};  ///< without shadow hooks
  Distribution registration_seconds = {};  ///< from a request to its answer, accepted or not
  std::uint64_t store_failures = 0;        ///< change sets that could not be written
};

/// All metrics of the server, declared in one place (metrics.cc). Labels have low cardinality: a
/// template, a category, a shortened certificate id (their number is limited), never a serial
/// number. Any thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// `method` is "csr", "keys", "register" or "jitp".
  void provisioning_succeeded(std::string_view template_name, std::string_view method,
                              double seconds);
  /// A device repeated a request because its answer was lost; nothing new was created.
  void provisioning_repeated(std::string_view template_name, std::string_view method);
  void provisioning_failed(std::string_view template_name, std::string_view method,
                           outcome::FailureCategory category, double seconds);
  /// A device failed without an answer to a request of its own. `method` is the step: "handshake",
  /// "connect", "publish", "subscribe", "disconnect".
  void device_refused(std::string_view method, outcome::FailureCategory category);
  /// A pre-provisioning hook was called. Shadow hooks never reject a device.
  void hook_called(std::string_view template_name, HookOutcome outcome, bool shadow,
                   double seconds);
  /// `certificate_id` is in hexadecimal; its first characters are the label.
  void claim_used(std::string_view certificate_id);
  /// `profile` is "device" or "claim"; `key` is, for example, "EC P-256".
  void certificate_issued(std::string_view profile, std::string_view key);
  void connection_opened(std::size_t shard);
  void connection_closed(std::size_t shard);
  void handshake_failed(std::string_view reason);
  void alarm_raised(std::string_view alarm);
  /// The number of currently raised alarms of a kind.
  void alarms_active(std::string_view alarm, std::size_t count);
  /// A notification was delivered over a channel, or an attempt failed.
  void alarm_delivered(std::string_view channel, bool is_delivered);
  /// `failed` of the change sets could not be written.
  void store_committed(std::size_t change_sets, std::size_t failed, double seconds);
  /// The expiry of one of the deployment's own certificates: "server", "issuing" or "root".
  void set_certificate_expiry(std::string_view certificate, double seconds_since_1970);

  /// The number of certificates per status, computed on request.
  using CertificateCounts = std::function<std::array<std::size_t, 6>()>;
  void watch_certificates(CertificateCounts counts);

  [[nodiscard]] Totals totals() const;
  /// Open MQTT connections of each shard that has ever had one.
  [[nodiscard]] std::vector<std::size_t> connections_by_shard() const;

  /// Prometheus text format.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

/// ACTIVE, INACTIVE, ...: in the order of CertificateCounts.
std::span<const char* const, 6> certificate_statuses();

}  // namespace imprint::telemetry
