// SPDX-License-Identifier: Apache-2.0
#include "audit/continuity.h"

#include <fmt/chrono.h>
#include <ranges>

#include "audit/archive_files.h"
#include "audit/archive_line.h"
#include "base/file.h"
#include "encoding/json.h"
#include "registry/audit_chain.h"
#include "registry/sqlite/audit_reader.h"
#include "trail/event.h"

namespace imprint::audit {

namespace {

using registry::ChainPlace;

/// The last readable place in a file; nullopt if it has no header.
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

/// Whether the store has this event, or had it and deleted it.
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

constexpr std::string_view kUpdateCertificate = "update_certificate";

/// Matches the events that UpdateCertificate records (control_api/certificates.cc) and those of an
/// activation hook that rejects a device (provisioning/just_in_time.cc).
bool is_revocation(const registry::AuditEvent& stored) {
  const trail::Event event = trail::read(stored);
  if (event.is("reject_certificate"_step)) return event.outcome != trail::Outcome::failed;
  const auto* change = std::get_if<trail::Change>(&event.detail);
  const auto* to = change == nullptr ? nullptr : change->if_contains("to");
  if (stored.step != kUpdateCertificate || !event.is_ok() || to == nullptr || !to->is_string())
    return false;
  return registry::parse_certificate_status(to->get_string()) ==
         registry::CertificateStatus::revoked;
}

/// Counts the archive's events after the store's end. Stops at the first unreadable line; `imprint
/// audit verify` reports it.
Result<void> count_missing(const std::filesystem::path& archive, Gap& gap) {
  TRY_ASSIGN(const std::vector<ArchiveFile> files, archive_files(archive));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool is_before = i + 1 < files.size() && files[i + 1].first <= gap.stored.sequence + 1;
    if (is_before) continue;
    TRY(for_each_line(files[i].path, [&](const Line& line) -> Result<bool> {
      if (!line.is_complete) return false;
      if (line.number == 1) return true;
      const auto event = parse_event(line.text);
      if (!event) return false;
      if (event->sequence <= gap.stored.sequence) return true;
      ++gap.events;
      if (!is_revocation(*event)) return true;
      ++gap.revoked;
      if (gap.named.size() < Gap::kMostNamed) gap.named.push_back(event->certificate);
      return true;
    }));
  }
  return {};
}

std::string describe_gap(const TrailFiles& files, const Gap& gap) {
  const bool is_shorter = gap.archived.sequence > gap.stored.sequence;
  std::string out = fmt::format(
      "{} lacks events that the audit archive has: {} ends with event {}, the store with event "
      "{}{}. "
      "The store was lost, or it is an older copy or a different one",
      files.store.string(), files.archive.string(), gap.archived.sequence, gap.stored.sequence,
      is_shorter ? "" : ", and the two differ");
  if (is_shorter) {
    out += fmt::format("; it lacks at least {} events, in which {} certificate{} revoked",
                       gap.events, gap.revoked, gap.revoked == 1 ? " was" : "s were");
  }
  return out;
}

}  // namespace

Result<std::optional<Gap>> find_gap(const TrailFiles& files) {
  // Read the archive first: the store already has every event that is archived by now.
  TRY_ASSIGN(const std::optional<ChainPlace> archived, end_of(files.archive));
  if (!archived || archived->sequence == 0) return std::optional<Gap>();
  TRY_ASSIGN(registry::AuditReader store, registry::AuditReader::open(files.store));
  TRY_ASSIGN(const bool is_there, has(store, *archived));
  if (is_there) return std::optional<Gap>();
  Gap gap{.archived = *archived, .stored = store.trail().head};
  TRY(count_missing(files.archive, gap));
  gap.message = describe_gap(files, gap);
  return std::optional(std::move(gap));
}

Result<void> check_continuity(const TrailFiles& files) {
  TRY_ASSIGN(const std::optional<Gap> gap, find_gap(files));
  if (gap) return fail(Fault::conflict, "{}", gap->message);
  return {};
}

std::filesystem::path set_aside_path(const std::filesystem::path& archive, Timestamp now) {
  std::error_code ignored;
  if (!std::filesystem::exists(archive, ignored)) return {};
  std::filesystem::path aside = archive;
  aside +=
      fmt::format(".before-{:%Y%m%dT%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                  std::chrono::floor<std::chrono::seconds>(now))));
  return aside;
}

Result<void> set_aside(const std::filesystem::path& archive, const std::filesystem::path& aside) {
  if (aside.empty()) return {};
  std::error_code error;
  if (std::filesystem::exists(aside, error)) {
    return fail(Fault::conflict, "{} already exists; move it away and try again", aside.string());
  }
  std::filesystem::rename(archive, aside, error);
  if (error) {
    return fail(Fault::unavailable, "cannot rename {} to {}: {}", archive.string(), aside.string(),
                error.message());
  }
  return sync_directory(archive.has_parent_path() ? archive.parent_path() : ".");
}

}  // namespace imprint::audit
