// SPDX-License-Identifier: Apache-2.0
#include "audit/chain_check.h"

#include <array>

#include "registry/audit_chain.h"

namespace imprint::audit {

namespace {

/// A missing event is searched for among this many following events.
constexpr std::size_t kReadAfterProblem = 10'000;

std::string missing(std::int64_t first, std::int64_t last) {
  return first == last ? fmt::format("event {} is missing", first)
                       : fmt::format("events {} to {} are missing", first, last);
}

}  // namespace

std::string_view to_string(Tampering what) {
  constexpr std::array<std::string_view, 4> kNames = {"altered", "removed", "inserted",
                                                      "reordered"};
  return kNames[static_cast<std::size_t>(what)];
}

bool ChainCheck::matches(const registry::AuditEvent& event) const {
  return event.hash && *event.hash == registry::chain_hash(at_.hash, event);
}

void ChainCheck::take(const registry::AuditEvent& event, std::size_t place) {
  if (is_decided_) return;
  if (problem_) return classify(event);
  const std::int64_t expected = at_.sequence + 1;
  if (event.sequence < expected) {
    suspect(Tampering::inserted, event.sequence, place,
            fmt::format("event {} is where event {} should be", event.sequence, expected));
    is_decided_ = true;
  } else if (event.sequence > expected) {
    suspect(Tampering::removed, expected, place,
            fmt::format("{}: event {} is followed by event {}",
                        missing(expected, event.sequence - 1), at_.sequence, event.sequence));
  } else if (!matches(event)) {
    suspect(Tampering::altered, expected, place,
            event.hash ? fmt::format("event {} does not match its hash", expected)
                       : fmt::format("event {} has no hash", expected));
  } else {
    at_ = registry::place_of(event);
    ++checked_;
  }
}

void ChainCheck::take_unreadable(std::string because, std::size_t place) {
  if (is_decided_) return;
  if (!problem_) suspect(Tampering::altered, at_.sequence + 1, place, std::move(because));
  is_decided_ = true;
}

void ChainCheck::classify(const registry::AuditEvent& event) {
  if (event.sequence == problem_->sequence) {
    if (problem_->what == Tampering::removed) {
      problem_->what = Tampering::reordered;
      problem_->because = fmt::format("event {} comes after later events", event.sequence);
    } else if (matches(event)) {
      problem_->what = Tampering::inserted;
      problem_->because = fmt::format("an event was inserted before event {}", event.sequence);
    }
    is_decided_ = true;
  }
  if (problem_->what == Tampering::altered || ++read_after_problem_ == kReadAfterProblem)
    is_decided_ = true;
}

void ChainCheck::suspect(Tampering what, std::int64_t sequence, std::size_t place,
                         std::string because) {
  problem_ = Problem{what, sequence, place, std::move(because)};
}

const std::optional<Problem>& ChainCheck::finish() {
  is_decided_ = true;
  return problem_;
}

}  // namespace imprint::audit
