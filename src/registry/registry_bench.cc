// SPDX-License-Identifier: Apache-2.0
// The cost of an audit event for the store's writer.
#include <benchmark/benchmark.h>

#include "encoding/json.h"
#include "registry/audit_chain.h"
#include "registry/codec.h"

namespace imprint::registry {
namespace {

std::vector<AuditEvent> some_events() {
  return std::vector<AuditEvent>(
      100, {.time = from_milliseconds(1'772'366'400'123),
            .step = "register_thing",
            .outcome = "ok",
            .actor = std::string(64, 'a'),
            .correlation = std::string(32, 'c'),
            .thing = "device-000001",
            .certificate = std::string(64, 'd'),
            .client = "bench-000001",
            .serial_number = "SN-000001",
            .detail = R"({"template":"FleetProvisioningTemplate","parameters":{"SerialNumber":)"
                      R"("SN-000001","FirmwareVersion":"1.0.0"},"claim":")" +
                      std::string(64, 'e') + "\"}"});
}

void chain_event(benchmark::State& state) {
  std::vector<AuditEvent> events = some_events();
  AuditTrail trail;
  for (auto _ : state) append(trail, events);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events.size()));
}
BENCHMARK(chain_event);

/// For comparison: the cost of an event without the hash chain.
void encode_event(benchmark::State& state) {
  const std::vector<AuditEvent> events = some_events();
  for (auto _ : state) {
    for (const AuditEvent& event : events)
      benchmark::DoNotOptimize(encoding::to_json(to_json(event)));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events.size()));
}
BENCHMARK(encode_event);

}  // namespace
}  // namespace imprint::registry
