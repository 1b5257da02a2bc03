// SPDX-License-Identifier: Apache-2.0
#include "audit/continuity.h"

#include <fmt/chrono.h>
#include <ranges>

#include "audit/archive_files.h"
#include "audit/archive_line.h"
#include "base/file.h"
#include "registry/audit_chain.h"
#include "registry/sqlite/audit_reader.h"

namespace imprint::audit {

namespace {

using registry::ChainPlace;

/// The last place of one file that can be read; nothing when it has no first line.
Result<std::optional<ChainPlace>> last_of(const std::filesystem::path& path) {
  std::optional<ChainPlace> at;
  TRY(for_each_line(path, [&](const Line& line) -> Result<bool> {
    if (!line.is_complete) return false;
    if (line.number == 1) {
      const auto header = parse_header(line.text);
      if (header) at = header->after;
      return header.has_value();
    }
    const auto event = parse_event(line.text);
    if (event) at = registry::place_of(*event);
    return event.has_value();
  }));
  return at;
}

Result<std::optional<ChainPlace>> end_of(const std::filesystem::path& archive) {
  TRY_ASSIGN(const std::vector<ArchiveFile> files, archive_files(archive));
  for (const ArchiveFile& file : std::views::reverse(files)) {
    TRY_ASSIGN(const std::optional<ChainPlace> last, last_of(file.path));
    if (last) return last;
  }
  return std::nullopt;
}

/// Whether the store has this event, or has had and forgotten it.
Result<bool> has(registry::AuditReader& store, const ChainPlace& wanted) {
  const registry::AuditTrail& trail = store.trail();
  const ChainPlace beginning = trail.beginning();
  if (wanted.sequence > trail.head.sequence) return false;
  if (wanted.sequence < beginning.sequence) return true;
  if (wanted.sequence == beginning.sequence) return wanted == beginning;
  TRY_ASSIGN(const std::vector<registry::AuditReader::Row> rows,
             store.after(wanted.sequence - 1, 1));
  return !rows.empty() && registry::place_of(rows.front().event) == wanted;
}

}  // namespace

Result<void> check_continuity(const TrailFiles& files) {
  // First the archive: what it has by now, the store has had for longer.
  TRY_ASSIGN(const std::optional<ChainPlace> archived, end_of(files.archive));
  if (!archived || archived->sequence == 0) return {};
  TRY_ASSIGN(registry::AuditReader store, registry::AuditReader::open(files.store));
  TRY_ASSIGN(const bool is_there, has(store, *archived));
  if (is_there) return {};
  return fail(Fault::conflict,
              "{} lacks events that the audit archive has: {} ends with event {}, the store with "
              "event {}{}. The store was lost, or is an older copy or another one",
              files.store.string(), files.archive.string(), archived->sequence,
              store.trail().head.sequence,
              archived->sequence > store.trail().head.sequence ? "" : ", and the two differ");
}

Result<std::filesystem::path> set_aside(const std::filesystem::path& archive, Timestamp now) {
  std::error_code error;
  if (!std::filesystem::exists(archive, error)) return std::filesystem::path();
  std::filesystem::path aside = archive;
  aside +=
      fmt::format(".before-{:%Y%m%dT%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                  std::chrono::floor<std::chrono::seconds>(now))));
  if (std::filesystem::exists(aside, error)) {
    return fail(Fault::conflict, "{} is there already; move it away and try again", aside.string());
  }
  std::filesystem::rename(archive, aside, error);
  if (error) {
    return fail(Fault::unavailable, "cannot rename {} to {}: {}", archive.string(), aside.string(),
                error.message());
  }
  TRY(sync_directory(archive.has_parent_path() ? archive.parent_path() : "."));
  return aside;
}

}  // namespace imprint::audit
