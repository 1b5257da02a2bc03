// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/random.h"
#include "base/result.h"

namespace imprint::deployment {

/// A temporary folder with mode 0700 beside the target; renamed into place once complete, removed
/// otherwise, so that a crash leaves no directory that looks complete.
class Staging {
 public:
  /// Refuses a target that exists (Fault::conflict).
  static Result<Staging> make(const std::filesystem::path& target, Random& random);
  Staging(Staging&& other) noexcept
      : target_(std::move(other.target_)), path_(std::exchange(other.path_, {})) {}
  Staging& operator=(Staging&&) = delete;
  ~Staging();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Syncs, and renames without replacing anything.
  Result<void> finish();

 private:
  Staging(std::filesystem::path target, std::filesystem::path path)
      : target_(std::move(target)), path_(std::move(path)) {}

  std::filesystem::path target_;
  std::filesystem::path path_;
};

/// Mode 0700; Fault::conflict when it exists.
Result<void> make_folder(const std::filesystem::path& path);

}  // namespace imprint::deployment
