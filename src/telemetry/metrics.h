// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace imprint::telemetry {

/// Every metric of the server, declared in one place (metrics.cc) and counted where a use case
/// ends. Labels are of low cardinality: a template, a category, a short certificate id with a cap
/// on their number, never a serial. Any thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void provisioning_succeeded(std::string_view template_name, std::string_view method,
                              double seconds);
  void provisioning_failed(std::string_view template_name, std::string_view method,
                           std::string_view category, double seconds);
  /// A pre-provisioning hook was asked. `outcome` is "ok", "denied", "failed" or "timed_out"; one
  /// that only shadows rejects nothing.
  void hook_asked(std::string_view template_name, std::string_view outcome, bool shadow,
                  double seconds);
  /// `certificate_id` in hexadecimal; its first characters are the label.
  void claim_used(std::string_view certificate_id);
  void certificate_issued(std::string_view profile, std::string_view key);
  void connection_opened();
  void connection_closed();
  void handshake_failed(std::string_view reason);
  void alarm_raised(std::string_view alarm);
  void store_committed(std::size_t records, double seconds);

  /// Numbers that are looked up when they are asked for, by status.
  using CertificateCounts = std::function<std::array<std::size_t, 6>()>;
  void watch_certificates(CertificateCounts counts);

  /// Prometheus text format.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace imprint::telemetry
