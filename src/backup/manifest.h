// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

/// Copies a whole deployment to one file, and restores it.
namespace imprint::backup {

/// One file of a backup.
struct Entry {
  std::string path;  ///< below the deployment directory, "ca/issuing-ca.key"
  unsigned mode = 0600;
  std::uint64_t size = 0;
  Sha256 digest{};

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// The contents of a backup: its first member, "manifest.json".
struct Manifest {
  static constexpr std::int64_t kVersion = 1;
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
  static constexpr std::size_t kMaxEntries = 50'000;  ///< nearly all of them reports

  Timestamp created = {};
  std::vector<Entry> entries = {};

  /// Fault::invalid when it is not a manifest, or one of another version. Every path is safe below
  /// any directory, every mode denies writing by others, and no path occurs twice.
  static Result<Manifest> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::uint64_t total_bytes() const;
};

inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr std::string_view kStoreName = "imprint.db";

/// Whether a backup may hold a file of that name: one of the deployment's own files, one in ca/,
/// server/ or audit/, or one in a task's folder in registrations/. Letters, digits and . _ - only;
/// nothing that leads outside.
bool is_deployment_path(std::string_view path);

}  // namespace imprint::backup
