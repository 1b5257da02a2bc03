// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "audit/verify.h"
#include "base/clock.h"

/// Checks whether an archive was written from the given store. An event is archived only after the
/// store has made it durable. An archived event that the store lacks therefore means that the store
/// was lost or replaced.
namespace imprint::audit {

/// The events that an archive has and its store lacks.
struct Gap {
  /// At most this many revoked certificates are named.
  static constexpr std::size_t kMostNamed = 100;

  registry::ChainPlace archived = {};  ///< where the archive ends
  registry::ChainPlace stored = {};    ///< where the store ends
  std::int64_t events = 0;             ///< number of events after the store's end
  /// Number of certificates revoked in those events; the store lacks the revocations.
  std::int64_t revoked = 0;
  std::vector<std::string> named = {};  ///< ids of revoked certificates
  std::string message = {};             ///< for people

  /// Whether no event was ever recorded in the store, so that it holds no records at all.
  [[nodiscard]] bool is_store_empty() const { return stored.sequence == 0; }
};

/// Absent if the store has all archived events. Missing events are counted only if the store ends
/// before the archive: for a different store it is unknown where the two diverge. A server may
/// be running.
Result<std::optional<Gap>> find_gap(const TrailFiles& files);

/// Fails with Fault::conflict if there is a gap.
Result<void> check_continuity(const TrailFiles& files);

/// The path to which set_aside() should move the archive's folder, next to the old one; empty if
/// there is no archive.
std::filesystem::path set_aside_path(const std::filesystem::path& archive, Timestamp now);
/// Renames an archive's folder to `aside`, so that a new archive begins. Does nothing if `aside` is
/// empty.
Result<void> set_aside(const std::filesystem::path& archive, const std::filesystem::path& aside);

}  // namespace imprint::audit
