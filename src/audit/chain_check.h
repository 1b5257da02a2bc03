// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "registry/records.h"

namespace imprint::audit {

/// The kind of change to a trail, as far as the remaining events show it.
enum class Tampering : std::uint8_t { altered, removed, inserted, reordered };

std::string_view to_string(Tampering what);  ///< "altered", ...

/// The first place at which a trail was changed.
struct Problem {
  Tampering what = Tampering::altered;
  std::int64_t sequence = 0;  ///< of the event in question
  std::size_t place = 0;      ///< as given to take(); for a missing event, that of the next one
  std::string because = {};

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Checks events, one after another, against their hash chain (registry/audit_chain.h). Pure. After
/// the first mismatch it reads some further events, to distinguish an inserted or moved event from
/// an altered or removed one.
class ChainCheck {
 public:
  /// `from` is the place that the first event follows.
  explicit ChainCheck(registry::ChainPlace from) : at_(from) {}

  /// `place` is the caller's number for the event; Problem returns it.
  void take(const registry::AuditEvent& event, std::size_t place = 0);
  /// Call for an entry that cannot be read as an event.
  void take_unreadable(std::string because, std::size_t place = 0);

  /// Whether no further event can change the result.
  [[nodiscard]] bool is_decided() const { return is_decided_; }
  /// Call after the last event.
  [[nodiscard]] const std::optional<Problem>& finish();

  /// The last event that matches the chain, and the number of matching events.
  [[nodiscard]] const registry::ChainPlace& at() const { return at_; }
  [[nodiscard]] std::int64_t checked() const { return checked_; }

 private:
  void suspect(Tampering what, std::int64_t sequence, std::size_t place, std::string because);
  void classify(const registry::AuditEvent& event);
  [[nodiscard]] bool matches(const registry::AuditEvent& event) const;

  registry::ChainPlace at_;
  std::int64_t checked_ = 0;
  std::optional<Problem> problem_ = {};
  std::size_t read_after_problem_ = 0;
  bool is_decided_ = false;
};

}  // namespace imprint::audit
