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

/// What the folder of uploads may hold before a piece of another one is refused. What an operator
/// puts there by hand counts too.
struct UploadLimits {
  std::uint64_t total_bytes = std::uint64_t{8} << 30U;  ///< finished or not
  std::size_t files = 1000;                             ///< finished or not
  std::size_t unfinished = 16;
};

/// Input files of bulk registrations, as {folder}/{bucket}/{key}: put there by an operator, or
/// uploaded. Bucket and key are S3's words for a path, so every part of them is held to be a plain
/// name, and no symbolic link is followed on the way. Any thread; pieces are taken one after
/// another.
class Uploads {
 public:
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30U;  ///< of one file
  /// After its last piece.
  static constexpr auto kUnfinishedLifetime = std::chrono::hours(24);
  /// After it was put in its place: as long as the task that copies it is known.
  static constexpr auto kFinishedLifetime = std::chrono::days(30);

  explicit Uploads(std::filesystem::path folder, UploadLimits limits = {})
      : folder_(std::move(folder)), limits_(limits) {}

  /// One piece of a file. Pieces come in order; `offset` 0 begins anew, and only the last one makes
  /// the file appear under its name, in place of one that was there. Tells how many bytes there are
  /// so far. Fault::conflict when `offset` is not where the pieces before it end; Fault::exhausted
  /// when there would be more than the limits allow.
  [[nodiscard]] Result<std::uint64_t> put(const std::string& bucket, const std::string& key,
                                          std::uint64_t offset, std::string_view bytes,
                                          bool is_last) const;

  /// For reading. Fault::not_found when there is none; Fault::invalid for a name that may not be.
  [[nodiscard]] Result<FileDescriptor> open(const std::string& bucket,
                                            const std::string& key) const;

  struct Swept {
    std::size_t unfinished = 0;
    std::size_t finished = 0;
  };
  /// Removes what is past its lifetime, and the folders that are empty then.
  [[nodiscard]] Result<Swept> sweep(Timestamp now) const;

 private:
  /// What is in the folder.
  struct Stock {
    std::uint64_t bytes = 0;
    std::size_t files = 0;
    std::size_t unfinished = 0;
  };
  [[nodiscard]] Result<Stock> take_stock() const;
  [[nodiscard]] Result<void> check_room(std::optional<std::uint64_t> present, std::uint64_t offset,
                                        std::size_t more) const;

  /// The folder that a file lies in, and its name there.
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
