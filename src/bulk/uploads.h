// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace imprint::bulk {

/// Input files of bulk registrations, as {folder}/{bucket}/{key}: put there by an operator, or
/// uploaded. Bucket and key are S3's words for a path, so every part of them is held to be a plain
/// name, and no symbolic link is followed on the way. Any thread; one upload of a name at a time.
class Uploads {
 public:
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30U;

  explicit Uploads(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// One piece of a file. Pieces come in order; `offset` 0 begins anew, and only the last one makes
  /// the file appear under its name, in place of one that was there. Tells how many bytes there are
  /// so far. Fault::conflict when `offset` is not where the pieces before it end.
  [[nodiscard]] Result<std::uint64_t> put(const std::string& bucket, const std::string& key,
                                          std::uint64_t offset, std::string_view bytes,
                                          bool is_last) const;

  /// For reading. Fault::not_found when there is none; Fault::invalid for a name that may not be.
  [[nodiscard]] Result<FileDescriptor> open(const std::string& bucket,
                                            const std::string& key) const;

 private:
  /// The folder that a file lies in, and its name there.
  struct Place {
    FileDescriptor folder;
    std::string name;
  };
  [[nodiscard]] Result<Place> find_place(const std::string& bucket, const std::string& key,
                                         bool creates) const;

  std::filesystem::path folder_;
};

}  // namespace imprint::bulk
