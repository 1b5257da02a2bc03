// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_budget.h"

#include <algorithm>
#include <array>
#include <fmt/chrono.h>
#include <fmt/ranges.h>

#include "base/name.h"

namespace imprint::provisioning {

namespace {

using registry::ClaimBudget;
using registry::SerialRange;
using Kind = ClaimVerdict::Kind;

/// The most networks that a claim learns.
constexpr std::size_t kMostLearnedNetworks = 64;

bool is_upper_hex(char c) { return name_rules::is_digit(c) || (c >= 'A' && c <= 'F'); }
bool is_lower_hex(char c) { return name_rules::is_digit(c) || (c >= 'a' && c <= 'f'); }

using Digits = bool (*)(char);

/// The alphabet that a range counts in, and the length of the common prefix before it.
struct Counting {
  std::size_t prefix;
  Digits digits;
};

std::optional<Counting> counting_of(const SerialRange& range) {
  const auto [a, b] = std::ranges::mismatch(range.first, range.last);
  const auto prefix = static_cast<std::size_t>(a - range.first.begin());
  for (const Digits digits : {Digits(&name_rules::is_digit), &is_upper_hex, &is_lower_hex}) {
    if (std::all_of(a, range.first.end(), digits) && std::all_of(b, range.last.end(), digits))
      return Counting{prefix, digits};
  }
  return std::nullopt;
}

std::string written(Timestamp time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string written(const std::vector<Network>& networks) {
  std::vector<std::string> out;
  for (const Network& network : networks) out.push_back(network.text());
  return fmt::format("{}", fmt::join(out, ", "));
}

bool is_within(const std::vector<Network>& networks, const std::optional<Network>& host) {
  return host && std::ranges::any_of(
                     networks, [&](const Network& network) { return network.contains(*host); });
}

ClaimVerdict refuse_claim(std::string because) { return {Kind::refuse, std::move(because)}; }
ClaimVerdict freeze(std::string because) { return {Kind::freeze, std::move(because)}; }
bool is_allowed(const ClaimVerdict& verdict) { return verdict.kind == Kind::allow; }

ClaimVerdict check_network(const ClaimBudget& budget, const ClaimFacts& facts) {
  const auto host = Network::parse(facts.source_ip);
  const std::optional<Network> from = host ? std::optional(*host) : std::nullopt;
  if (budget.networks.empty() || is_within(budget.networks, from)) return {};
  return freeze(fmt::format("it was used from {}, outside its networks {} (rule networks)",
                            facts.source_ip, written(budget.networks)));
}

ClaimVerdict check_learned(const registry::Certificate& claim, const ClaimFacts& facts) {
  const auto host = Network::parse(facts.source_ip);
  if (!claim.claim_budget.learning_devices || !host || is_within(claim.claim_networks, *host))
    return {};
  if (facts.devices >= *claim.claim_budget.learning_devices) {
    return freeze(fmt::format(
        "it was used from {}, and its first {} devices came from other networks: {} (rule "
        "learn-networks)",
        facts.source_ip, *claim.claim_budget.learning_devices, written(claim.claim_networks)));
  }
  ClaimVerdict verdict;
  if (claim.claim_networks.size() < kMostLearnedNetworks) verdict.learns = host->site();
  return verdict;
}

ClaimVerdict check_times(const ClaimBudget& budget, Timestamp now) {
  if (budget.from && now < *budget.from) {
    return refuse_claim(fmt::format("it may be used from {} on, and now it is {} (rule from)",
                                    written(*budget.from), written(now)));
  }
  if (budget.until && now >= *budget.until) {
    return refuse_claim(fmt::format("it could be used until {}, and now it is {} (rule until)",
                                    written(*budget.until), written(now)));
  }
  return {};
}

ClaimVerdict check_registration(const ClaimBudget& budget, const ClaimUse::Registration& asked) {
  if (!budget.templates.empty() &&
      std::ranges::find(budget.templates, asked.template_name) == budget.templates.end()) {
    std::vector<std::string> names;
    for (const TemplateName& name : budget.templates) names.push_back(quote(name.str()));
    return refuse_claim(
        fmt::format("it may provision with template {} only, not with {} (rule template)",
                    fmt::join(names, " or "), quote(asked.template_name.str())));
  }
  if (!budget.serials) return {};
  if (asked.serial_number.empty()) {
    return refuse_claim(
        "it is for serial numbers of one range, and the request has no parameter SerialNumber "
        "(rule serials)");
  }
  if (lies_in(*budget.serials, asked.serial_number)) return {};
  return freeze(fmt::format("it was used for serial number {}, outside {}..{} (rule serials)",
                            quote(std::string_view(asked.serial_number).substr(0, 128)),
                            budget.serials->first, budget.serials->last));
}

}  // namespace

std::string devices_counter(const CertificateId& claim) {
  return "devices-of-claim/" + claim.hex();
}

bool is_new_device(const registry::Certificate& certificate) {
  return certificate.status == registry::CertificateStatus::pending_activation;
}

std::string_view to_string(ClaimState state) {
  constexpr std::array<std::string_view, 8> kNames = {
      "in-service", "frozen", "inactive", "revoked", "expired", "not-begun", "ended", "used-up"};
  return kNames.at(static_cast<std::size_t>(state));
}

ClaimState state_of(const registry::Certificate& claim, std::int64_t devices, Timestamp now) {
  const ClaimBudget& budget = claim.claim_budget;
  if (claim.status == registry::CertificateStatus::revoked) return ClaimState::revoked;
  if (claim.frozen) return ClaimState::frozen;
  if (claim.status != registry::CertificateStatus::active) return ClaimState::inactive;
  if (now > claim.not_after) return ClaimState::expired;
  if (budget.until && now >= *budget.until) return ClaimState::ended;
  if (budget.max_devices && devices >= *budget.max_devices) return ClaimState::used_up;
  if (budget.from && now < *budget.from) return ClaimState::not_begun;
  return ClaimState::in_service;
}

Result<void> check_serial_range(const SerialRange& range) {
  const auto refuse_range = [&](std::string_view because) {
    return fail_at(Fault::invalid, "serials", "{}..{} is no range of serial numbers: {}",
                   range.first, range.last, because);
  };
  if (range.first.empty() || range.last.empty()) return refuse_range("one end is empty");
  if (range.first.size() != range.last.size())
    return refuse_range("both ends must have the same length; write leading zeros");
  if (!counting_of(range)) {
    return refuse_range(
        "after their common beginning, both ends must consist of digits, or of hexadecimal digits "
        "of one case");
  }
  if (range.first > range.last) return refuse_range("its end comes before its beginning");
  return {};
}

bool lies_in(const SerialRange& range, std::string_view serial_number) {
  const auto counting = counting_of(range);
  if (!counting || serial_number.size() != range.first.size()) return false;
  const std::string_view counted = serial_number.substr(counting->prefix);
  // Texts of one length and alphabet compare as their numbers do: digits sort before letters.
  return std::ranges::all_of(counted, counting->digits) && range.first <= serial_number &&
         serial_number <= range.last;
}

Result<void> check_budget(const ClaimBudget& budget) {
  if (budget.serials) TRY(check_serial_range(*budget.serials));
  if (budget.from && budget.until && *budget.until <= *budget.from)
    return fail_at(Fault::invalid, "until", "the end is not after the beginning");
  for (const Network& network : budget.networks) {
    if (network == network.first()) continue;
    return fail_at(Fault::invalid, "networks",
                   "{} has address bits set after its prefix; the range is {}", network.text(),
                   network.first().text());
  }
  return {};
}

std::string used_up(std::int64_t devices, std::int64_t max_devices) {
  return fmt::format("it may register no more devices: {} of {} are registered (rule max-devices)",
                     devices, max_devices);
}

ClaimVerdict decide(const registry::Certificate& claim, const ClaimUse& use,
                    const ClaimFacts& facts) {
  const ClaimBudget& budget = claim.claim_budget;
  ClaimVerdict verdict = check_network(budget, facts);
  if (is_allowed(verdict)) verdict = check_times(budget, facts.now);
  if (is_allowed(verdict) && use.registers) verdict = check_registration(budget, *use.registers);
  if (is_allowed(verdict) && use.is_new_device && budget.max_devices &&
      facts.devices >= *budget.max_devices)
    verdict = freeze(used_up(facts.devices, *budget.max_devices));
  return is_allowed(verdict) ? check_learned(claim, facts) : verdict;
}

std::string told_when_frozen(const CertificateId& claim, const registry::Freeze& freeze) {
  return fmt::format("claim {} has been frozen since {}: {}", claim.hex(), written(freeze.at),
                     freeze.because);
}

registry::Certificate frozen(registry::Certificate claim, registry::Freeze freeze) {
  claim.status = registry::CertificateStatus::inactive;
  claim.frozen = std::move(freeze);
  return claim;
}

}  // namespace imprint::provisioning
