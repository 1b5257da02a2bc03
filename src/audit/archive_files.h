// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// The files of an archive: what they are called, and their lines.
namespace imprint::audit {

struct ArchiveFile {
  std::filesystem::path path;
  std::int64_t first = 0;  ///< the sequence of its first event
  std::uint64_t bytes = 0;
};

/// "events-0000000000000123-20260301.jsonl": its first event, and the day (UTC) it began. Names
/// sort as the events do.
std::string archive_file_name(std::int64_t first, Timestamp day);

/// The files in an archive's folder, oldest first; other names are passed over. Empty when there is
/// no folder.
Result<std::vector<ArchiveFile>> archive_files(const std::filesystem::path& folder);

/// A line of a file, without its end.
struct Line {
  std::string_view text;
  std::size_t number = 1;
  std::uint64_t end = 0;    ///< the byte after its line end
  bool is_complete = true;  ///< false: the last one, without a line end
};

/// Hands over a file's lines until `take` answers false. A line that is too long is handed over in
/// its first bytes, as one that is not complete, and ends the reading.
Result<void> for_each_line(const std::filesystem::path& path,
                           const std::function<Result<bool>(const Line&)>& take);

/// How much of an archive says what was up to an event: files, the last one perhaps in part.
Result<std::vector<ArchiveFile>> archived_through(const std::filesystem::path& folder,
                                                  std::int64_t sequence);

}  // namespace imprint::audit
