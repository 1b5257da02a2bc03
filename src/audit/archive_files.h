// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// The names and the lines of an archive's files.
namespace imprint::audit {

struct ArchiveFile {
  std::filesystem::path path;
  std::int64_t first = 0;  ///< the sequence of its first event
  std::uint64_t bytes = 0;
};

/// "events-0000000000000123-20260301.jsonl": the sequence and the day (UTC) of the file's first
/// event. Names sort in the order of the events.
std::string archive_file_name(std::int64_t first, Timestamp day);

/// The files in an archive's folder, oldest first. Files with other names are skipped. Empty if the
/// folder does not exist.
Result<std::vector<ArchiveFile>> archive_files(const std::filesystem::path& folder);

/// A line of a file, without its line end.
struct Line {
  std::string_view text;
  std::size_t number = 1;
  std::uint64_t end = 0;    ///< the byte after its line end
  bool is_complete = true;  ///< false for a last line without a line end
};

/// Passes a file's lines to `take` until it returns false. Of a line that is too long, only the
/// beginning is passed, as an incomplete line, and reading stops.
Result<void> for_each_line(const std::filesystem::path& path,
                           const std::function<Result<bool>(const Line&)>& take);

/// The files that hold the events up to `sequence`. `bytes` of the last file excludes later events.
Result<std::vector<ArchiveFile>> archived_through(const std::filesystem::path& folder,
                                                  std::int64_t sequence);

}  // namespace imprint::audit
