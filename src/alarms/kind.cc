// SPDX-License-Identifier: Apache-2.0
#include "alarms/kind.h"

#include <algorithm>
#include <array>

namespace imprint::alarms {

namespace {

struct Row {
  Kind kind;
  std::string_view name;
  Severity severity;
};

/// In the order of Kind.
constexpr std::array kRows = {
    Row{Kind::failure_ratio, "failure-ratio", Severity::critical},
    Row{Kind::no_success, "no-success", Severity::warning},
    Row{Kind::hook_failures, "hook-failures", Severity::critical},
    Row{Kind::hook_rejections, "hook-rejections", Severity::warning},
    Row{Kind::claim_frozen, "claim-frozen", Severity::critical},
    Row{Kind::claim_new_place, "claim-new-place", Severity::warning},
    Row{Kind::duplicate_device, "duplicate-device", Severity::warning},
    Row{Kind::key_in_two_places, "key-in-two-places", Severity::critical},
    Row{Kind::certificates_expiring, "certificates-expiring", Severity::warning},
    Row{Kind::ca_expiring, "ca-expiring", Severity::critical},
    Row{Kind::store_trouble, "store-trouble", Severity::critical},
    Row{Kind::disk_low, "disk-low", Severity::critical},
};
constexpr auto kKinds = [] {
  std::array<Kind, kRows.size()> out{};
  for (std::size_t i = 0; i < kRows.size(); ++i) out[i] = kRows[i].kind;
  return out;
}();
static_assert([] {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].kind) != i) return false;
  }
  return true;
}());

const Row& row_of(Kind kind) { return kRows[static_cast<std::size_t>(kind)]; }

}  // namespace

std::span<const Kind> all_kinds() { return kKinds; }

std::string_view to_string(Kind kind) { return row_of(kind).name; }

std::optional<Kind> parse_kind(std::string_view name) {
  const auto* const row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end()) return std::nullopt;
  return row->kind;
}

Severity severity_of(Kind kind) { return row_of(kind).severity; }

std::string_view to_string(Severity severity) {
  return severity == Severity::critical ? "critical" : "warning";
}

}  // namespace imprint::alarms
