// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/archive_files.h"
#include "base/file.h"
#include "registry/records.h"

namespace imprint::audit {

struct ArchiveOptions {
  std::filesystem::path folder = {};
  /// A new file begins when the current one has reached this size, and with each day (UTC).
  std::uint64_t file_size = std::uint64_t{64} << 20U;
  std::optional<Seconds> keep = {};  ///< older files are removed; if absent, all files are kept
};

/// The disk operations of an archive; tests replace them with failing ones.
class ArchiveDisk {
 public:
  virtual ~ArchiveDisk() = default;
  virtual Result<void> write(int descriptor, std::string_view bytes,
                             const std::filesystem::path& path);
  virtual Result<void> sync(int descriptor, const std::filesystem::path& path);
  virtual Result<void> sync_folder(const std::filesystem::path& folder);
};

/// Appends events to the files of an archive. When append() returns without an error, its events
/// are durable, once and in order, even if the machine then loses power. Used by one thread of one
/// process.
class ArchiveWriter {
 public:
  ArchiveWriter(ArchiveOptions options, ArchiveDisk& disk)
      : options_(std::move(options)), disk_(disk) {}

  /// The result of recover().
  struct Recovered {
    std::optional<registry::ChainPlace> last = {};  ///< absent if nothing is archived
    std::uint64_t cut = 0;     ///< number of bytes removed: incomplete lines left by a crash
    std::string damaged = {};  ///< a file that is damaged before its end, kept unchanged
  };

  /// Creates the folder if necessary and finds the end of the archive. Required before the first
  /// append() and after a failed one.
  Result<Recovered> recover();

  /// The place that the next event follows.
  [[nodiscard]] const std::optional<registry::ChainPlace>& last() const { return last_; }

  /// Makes the next append() begin a new file after `place`. `missing_from` is as in FileHeader.
  void begin_after(registry::ChainPlace place, std::optional<std::int64_t> missing_from);

  /// The sequences of `events` must follow last() without a gap. After an error, call recover().
  Result<void> append(std::span<const registry::AuditEvent> events, Timestamp now);

  /// Removes files whose newest event is older than `keep` and returns their number.
  Result<std::size_t> prune(Timestamp now);

 private:
  struct Open {
    FileDescriptor descriptor;
    std::filesystem::path path;
    std::uint64_t bytes = 0;  ///< including those that are not written yet
    std::chrono::sys_days day = {};
    bool is_new = false;  ///< its name is not durable yet
  };

  Result<bool> resume(const ArchiveFile& file, Recovered& out);
  Result<void> begin_file(const registry::AuditEvent& first, Timestamp now);
  Result<void> flush(registry::ChainPlace last);
  [[nodiscard]] bool is_full(const registry::AuditEvent& next) const;

  const ArchiveOptions options_;
  ArchiveDisk& disk_;
  std::optional<registry::ChainPlace> last_;
  std::optional<std::int64_t> missing_from_;
  std::optional<Open> open_;
  std::string waiting_;
};

}  // namespace imprint::audit
