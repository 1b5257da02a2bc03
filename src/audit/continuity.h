// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "audit/verify.h"
#include "base/clock.h"

/// Whether a store is the one that its archive was written from. The archive holds only what the
/// store had made durable before, so events that the store lacks mean that it was lost, or that
/// another one lies in its place.
namespace imprint::audit {

/// What an archive knows that its store does not.
struct Gap {
  /// Revoked certificates that are named, of as many as there are.
  static constexpr std::size_t kMostNamed = 100;

  registry::ChainPlace archived = {};  ///< where the archive ends
  registry::ChainPlace stored = {};    ///< where the store ends
  std::int64_t events = 0;             ///< that the archive has and the store lacks
  /// Certificates revoked in those events: the store does not know of it.
  std::int64_t revoked = 0;
  std::vector<std::string> named = {};
  std::string message = {};  ///< for people: what is missing

  /// No event was ever recorded in it: nothing is known in it, either.
  [[nodiscard]] bool is_store_empty() const { return stored.sequence == 0; }
};

/// Absent when the store has all that the archive has. Events are counted where the store ends
/// before the archive; of another store, which only differs, nobody can say where it began to. A
/// server may write meanwhile.
Result<std::optional<Gap>> find_gap(const TrailFiles& files);

/// Fault::conflict when there is a gap.
Result<void> check_continuity(const TrailFiles& files);

/// The name that set_aside() would give an archive's folder, beside the old one; empty when there
/// is no archive.
std::filesystem::path aside_of(const std::filesystem::path& archive, Timestamp now);
/// Gives an archive's folder this name, so that a new archive begins; none: there is no archive.
Result<void> set_aside(const std::filesystem::path& archive, const std::filesystem::path& aside);

}  // namespace imprint::audit
