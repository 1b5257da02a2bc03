// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "registry/records.h"

namespace imprint::audit {

/// What was done to a trail, as far as what is left of it tells.
enum class Break : std::uint8_t { altered, removed, inserted, reordered };

std::string_view to_string(Break what);  ///< "altered", ...

/// The first place at which a trail is not as it was written.
struct Problem {
  Break what = Break::altered;
  std::int64_t sequence = 0;  ///< of the event in question
  std::size_t place = 0;      ///< what take() was told of it; for what is missing, of what follows
  std::string because = {};

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Holds events, one after another, to their hash chain (registry/audit_chain.h). Pure. It looks a
/// little further than the first place that does not fit, to tell an event that was put in or moved
/// from one that was altered or taken out.
class ChainCheck {
 public:
  /// The place that the first event follows.
  explicit ChainCheck(registry::ChainPlace from) : at_(from) {}

  /// `place` is the caller's, for Problem.
  void take(const registry::AuditEvent& event, std::size_t place = 0);
  /// What stands here is no event as Imprint writes it.
  void take_unreadable(std::string because, std::size_t place = 0);

  /// Nothing that follows can change the answer.
  [[nodiscard]] bool is_decided() const { return is_decided_; }
  /// After the last event.
  [[nodiscard]] const std::optional<Problem>& finish();

  /// The last event that fits, and how many did.
  [[nodiscard]] const registry::ChainPlace& at() const { return at_; }
  [[nodiscard]] std::int64_t checked() const { return checked_; }

 private:
  void suspect(Break what, std::int64_t sequence, std::size_t place, std::string because);
  void look_further(const registry::AuditEvent& event);
  [[nodiscard]] bool fits(const registry::AuditEvent& event) const;

  registry::ChainPlace at_;
  std::int64_t checked_ = 0;
  std::optional<Problem> problem_ = {};
  std::size_t looked_further_ = 0;
  bool is_decided_ = false;
};

}  // namespace imprint::audit
