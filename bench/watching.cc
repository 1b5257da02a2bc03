// SPDX-License-Identifier: Apache-2.0
#include "bench/watching.h"

#include <fmt/format.h>
#include <set>
#include <vector>

#include "audit/archive_files.h"
#include "audit/archive_line.h"
#include "bench/cpu_time.h"
#include "bench/must.h"
#include "bench/results.h"
#include "registry/audit_chain.h"
#include "telemetry/metrics.h"
#include "test/support/fleet_deployment.h"

namespace imprint::bench {

namespace {

constexpr std::size_t kMostEvents = 20'000;
constexpr int kRounds = 20'000;

std::vector<registry::AuditEvent> events_of(const std::filesystem::path& archive,
                                            std::string_view clients) {
  std::vector<registry::AuditEvent> out;
  for (const audit::ArchiveFile& file : must(audit::archive_files(archive))) {
    must(audit::for_each_line(file.path, [&](const audit::Line& line) -> Result<bool> {
      if (line.number == 1) return true;
      auto event = must(audit::parse_event(line.text));
      if (event.client.starts_with(clients)) out.push_back(std::move(event));
      return out.size() < kMostEvents;
    }));
  }
  return out;
}

}  // namespace

double measure_metrics() {
  telemetry::Metrics metrics;
  const CpuTime began = thread_cpu_time();
  for (int i = 0; i < kRounds; ++i) {
    metrics.connection_opened(0);
    metrics.certificate_issued("device", "EC P-256");
    metrics.provisioning_succeeded(test::kFleetTemplate, "csr", 0.002);
    metrics.store_committed(1, 0, 0.001);
    metrics.provisioning_succeeded(test::kFleetTemplate, "register", 0.003);
    metrics.claim_used("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    metrics.store_committed(1, 0, 0.001);
    metrics.connection_closed(0);
  }
  return to_microseconds(thread_cpu_time() - began) / kRounds;
}

ChainCost measure_chain(const std::filesystem::path& archive, std::string_view clients) {
  const std::vector<registry::AuditEvent> events = events_of(archive, clients);
  std::set<std::string_view> devices;
  for (const registry::AuditEvent& event : events) devices.insert(event.client);
  if (devices.empty()) return {};
  Sha256 head{};
  const CpuTime began = thread_cpu_time();
  for (const registry::AuditEvent& event : events) head = registry::chain_hash(head, event);
  const CpuTime took = thread_cpu_time() - began;
  IMPRINT_ASSERT(head != Sha256{});
  const auto count = static_cast<double>(devices.size());
  return {static_cast<double>(events.size()) / count, to_microseconds(took) / count};
}

std::string to_text(const WatchingCost& cost) {
  const auto line = [&](const char* what, double us) {
    return fmt::format("  {:<22}{:>8.1f} us{:>7.2f} %\n", what, us, 100 * us / cost.onboarding_us);
  };
  return fmt::format("metrics and audit, of {:.0f} us for a csr onboarding with {:.1f} events\n",
                     cost.onboarding_us, cost.events) +
         line("metrics", cost.metrics_us) + line("audit: hash chain", cost.chain_us) +
         line("audit: archive", cost.archive_us);
}

encoding::json::object to_json(const WatchingCost& cost) {
  return {{"eventsPerDevice", rounded(cost.events)},     {"metricsUs", rounded(cost.metrics_us)},
          {"chainUs", rounded(cost.chain_us)},           {"archiveUs", rounded(cost.archive_us)},
          {"onboardingUs", rounded(cost.onboarding_us)}, {"share", cost.share()}};
}

}  // namespace imprint::bench
