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
  /// A file that has grown to this is followed by another one; so is one when a day (UTC) ends.
  std::uint64_t file_size = std::uint64_t{64} << 20U;
  std::optional<Seconds> keep = {};  ///< older files are removed; absent: none is
};

/// How an archive reaches the disk; tests put one in place that fails.
class ArchiveDisk {
 public:
  virtual ~ArchiveDisk() = default;
  virtual Result<void> write(int descriptor, std::string_view bytes,
                             const std::filesystem::path& path);
  virtual Result<void> sync(int descriptor, const std::filesystem::path& path);
  virtual Result<void> sync_folder(const std::filesystem::path& folder);
};

/// Appends events to the files of an archive. What append() has returned from is durable, once and
/// in order, whenever the machine stops. Used by one thread, of one process.
class ArchiveWriter {
 public:
  ArchiveWriter(ArchiveOptions options, ArchiveDisk& disk)
      : options_(std::move(options)), disk_(disk) {}

  /// What recover() found.
  struct Recovered {
    std::optional<registry::ChainPlace> last = {};  ///< absent: nothing is archived
    std::uint64_t cut = 0;     ///< bytes of what a crash had left half written, now gone
    std::string damaged = {};  ///< a file that is damaged further back, and left as it is
  };

  /// Makes the folder if need be and finds where the archive ends. Before the first append(), and
  /// after one that failed.
  Result<Recovered> recover();

  /// Where the next event goes on.
  [[nodiscard]] const std::optional<registry::ChainPlace>& last() const { return last_; }

  /// The next append() begins a file that follows this place. `missing_from` as in FileHeader.
  void begin_after(registry::ChainPlace place, std::optional<std::int64_t> missing_from);

  /// Events whose sequences follow last(), without a gap. After an error, recover().
  Result<void> append(std::span<const registry::AuditEvent> events, Timestamp now);

  /// Removes files whose newest event is older than `keep`; how many.
  Result<std::size_t> prune(Timestamp now);

 private:
  struct Open {
    FileDescriptor descriptor;
    std::filesystem::path path;
    std::uint64_t bytes = 0;  ///< with what waits to be written
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
