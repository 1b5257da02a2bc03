// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/result.h"
#include "base/secret.h"

namespace imprint {

/// An open file, closed by the destructor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int value = -1) : value_(value) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool is_open() const { return value_ >= 0; }

 private:
  int value_;
};

/// errno as an error: not_found, conflict (it exists), forbidden, else unavailable.
Unexpected system_failure(std::string_view what, const std::filesystem::path& path);

/// Writes from the descriptor's current position; `path` is for messages.
Result<void> write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path);

/// Replaces or creates `path` so that after a crash it holds either the old bytes or the new ones:
/// a temporary file beside it with O_EXCL and its final mode from the first byte, fsync, rename,
/// fsync of the directory. Errors name the path and the system's reason.
Result<void> write_file_durably(const std::filesystem::path& path, mode_t mode,
                                std::string_view bytes);

/// Reads at most `max_bytes`; a larger file is an error. Fault::not_found when it does not exist.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Reads a file that must be secret: a regular file owned by this user or root, with no permission
/// for group or others (otherwise Fault::forbidden, with the chmod that fixes it).
Result<Secret> read_secret_file(const std::filesystem::path& path, std::size_t max_bytes);

/// fsync on a directory, so that renames and new names in it survive a crash.
Result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace imprint
