// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace imprint::bulk {

/// The limits of the uploads folder; a piece of a new upload beyond them is refused. Files that an
/// operator puts there by hand count, too.
struct UploadLimits {
  std::uint64_t total_bytes = std::uint64_t{8} << 30U;  ///< finished or not
  std::size_t files = 1000;                             ///< finished or not
  std::size_t unfinished = 16;
};

/// Input files of bulk registrations, as {folder}/{bucket}/{key}: placed there by an operator, or
/// uploaded. Bucket and key are S3's terms for a path, so each of their parts must be a plain name,
/// and no symbolic link on the path is followed. Any thread; pieces are added one at a time.
class Uploads {
 public:
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30U;  ///< per file
  /// From its last piece.
  static constexpr auto kUnfinishedLifetime = std::chrono::hours(24);
  /// From when it was placed: as long as the task that copies it exists.
  static constexpr auto kFinishedLifetime = std::chrono::days(30);

  explicit Uploads(std::filesystem::path folder, UploadLimits limits = {})
      : folder_(std::move(folder)), limits_(limits) {}

  /// Adds one piece of a file. Pieces must come in order; `offset` 0 starts again, and only the
  /// last piece makes the file appear under its name, replacing any earlier one. Returns the number
  /// of bytes so far. Fault::conflict if `offset` is not where the earlier pieces end;
  /// Fault::exhausted if the limits would be exceeded.
  [[nodiscard]] Result<std::uint64_t> put(const std::string& bucket, const std::string& key,
                                          std::uint64_t offset, std::string_view bytes,
                                          bool is_last) const;

  /// Opens a file for reading. Fault::not_found if it does not exist; Fault::invalid for an invalid
  /// name.
  [[nodiscard]] Result<FileDescriptor> open(const std::string& bucket,
                                            const std::string& key) const;

  struct Swept {
    std::size_t unfinished = 0;
    std::size_t finished = 0;
  };
  /// Removes files past their lifetime, and folders that are empty afterwards.
  [[nodiscard]] Result<Swept> sweep(Timestamp now) const;

 private:
  /// The current contents of the folder.
  struct Stock {
    std::uint64_t bytes = 0;
    std::size_t files = 0;
    std::size_t unfinished = 0;
  };
  [[nodiscard]] Result<Stock> take_stock() const;
  [[nodiscard]] Result<void> check_room(std::optional<std::uint64_t> present, std::uint64_t offset,
                                        std::size_t more) const;

  /// The folder that contains a file, and the file's name in it.
  struct Place {
    FileDescriptor folder;
    std::string name;
  };
  [[nodiscard]] Result<Place> find_place(const std::string& bucket, const std::string& key,
                                         bool creates) const;

  std::filesystem::path folder_;
  UploadLimits limits_;
  mutable std::mutex mutex_;  ///< held while pieces are added, counted and swept
};

}  // namespace imprint::bulk
