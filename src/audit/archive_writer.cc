// SPDX-License-Identifier: Apache-2.0
#include "audit/archive_writer.h"

#include <fcntl.h>
#include <ranges>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "audit/archive_line.h"
#include "registry/audit_chain.h"

namespace imprint::audit {

namespace {

/// Bytes that are written and synced together.
constexpr std::size_t kBatchBytes = std::size_t{1} << 20U;
/// A crash leaves less than this unusable: one batch and the event that filled it.
constexpr std::uint64_t kMostTorn = kBatchBytes + kMaxLineBytes;

std::chrono::sys_days day_of(Timestamp time) { return std::chrono::floor<std::chrono::days>(time); }

Result<void> make_folder(const std::filesystem::path& folder, ArchiveDisk& disk) {
  if (::mkdir(folder.c_str(), 0700) == 0)
    return disk.sync_folder(folder.has_parent_path() ? folder.parent_path() : ".");
  return errno == EEXIST ? Result<void>() : system_failure("make", folder);
}

/// The header in the file's first line; nullopt if that line is incomplete.
Result<std::optional<FileHeader>> header_of(const std::filesystem::path& path) {
  std::optional<FileHeader> out;
  TRY(for_each_line(path, [&](const Line& line) -> Result<bool> {
    if (!line.is_complete) return false;
    auto header = parse_header(line.text);
    if (!header) {
      return fail(Fault::conflict, "{}: {}; move it out of the folder", path.string(),
                  header.error().message);
    }
    out = *header;
    return false;
  }));
  return out;
}

}  // namespace

Result<void> ArchiveDisk::write(int descriptor, std::string_view bytes,
                                const std::filesystem::path& path) {
  return write_all(descriptor, bytes, path);
}

Result<void> ArchiveDisk::sync(int descriptor, const std::filesystem::path& path) {
  if (::fsync(descriptor) != 0) return system_failure("sync", path);
  return {};
}

Result<void> ArchiveDisk::sync_folder(const std::filesystem::path& folder) {
  return sync_directory(folder);
}

Result<ArchiveWriter::Recovered> ArchiveWriter::recover() {
  last_.reset();
  missing_from_.reset();
  open_.reset();
  waiting_.clear();
  Recovered out;
  TRY(make_folder(options_.folder, disk_));
  TRY_ASSIGN(const std::vector<ArchiveFile> files, archive_files(options_.folder));
  for (const ArchiveFile& file : std::views::reverse(files)) {
    TRY_ASSIGN(const bool has_header, resume(file, out));
    if (has_header) break;
    // The file was created just before a crash and holds no events.
    if (::unlink(file.path.c_str()) != 0) return system_failure("remove", file.path);
    TRY(disk_.sync_folder(options_.folder));
    out.cut += file.bytes;
  }
  out.last = last_;
  return out;
}

/// Continues a file after its last complete event; false if the file has no complete header.
Result<bool> ArchiveWriter::resume(const ArchiveFile& file, Recovered& out) {
  TRY_ASSIGN(const std::optional<FileHeader> header, header_of(file.path));
  if (!header) return false;
  registry::ChainPlace at = header->after;
  std::uint64_t good = 0;
  std::chrono::sys_days day = day_of(header->created);
  TRY(for_each_line(file.path, [&](const Line& line) -> Result<bool> {
    if (!line.is_complete) return false;
    if (line.number > 1) {
      // Bytes left by a crash cannot be parsed. An event that does not match its hash can: it was
      // altered in the store or here, and must stay for verification to find.
      const auto event = parse_event(line.text);
      if (!event || event->sequence != at.sequence + 1) return false;
      at = registry::place_of(*event);
      if (line.number == 2) day = day_of(event->time);
    }
    good = line.end;
    return true;
  }));
  last_ = at;
  const std::uint64_t bad = file.bytes - good;
  if (bad > kMostTorn) {
    std::filesystem::path path = file.path;
    if (at == header->after) {
      // The new file will have the same name, so rename the damaged one.
      path += ".damaged";
      if (::rename(file.path.c_str(), path.c_str()) != 0)
        return system_failure("rename", file.path);
      TRY(disk_.sync_folder(options_.folder));
    }
    out.damaged = path.string();
    return true;
  }
  Open open{FileDescriptor(::open(file.path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)),
            file.path, good, day, true};
  if (!open.descriptor.is_open()) return system_failure("open", file.path);
  if (bad > 0) {
    if (::ftruncate(open.descriptor.get(), static_cast<off_t>(good)) != 0)
      return system_failure("shorten", file.path);
    out.cut += bad;
  }
  // A previous process may have written bytes that it did not sync.
  TRY(disk_.sync(open.descriptor.get(), file.path));
  open_.emplace(std::move(open));
  return true;
}

void ArchiveWriter::begin_after(registry::ChainPlace place,
                                std::optional<std::int64_t> missing_from) {
  last_ = place;
  missing_from_ = missing_from;
  open_.reset();
}

bool ArchiveWriter::is_full(const registry::AuditEvent& next) const {
  return open_->bytes >= options_.file_size || day_of(next.time) > open_->day;
}

Result<void> ArchiveWriter::begin_file(const registry::AuditEvent& first, Timestamp now) {
  open_.reset();
  const std::filesystem::path path =
      options_.folder / archive_file_name(first.sequence, first.time);
  Open open{
      FileDescriptor(::open(path.c_str(),
                            O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)),
      path, 0, day_of(first.time), true};
  if (!open.descriptor.is_open()) return system_failure("create", path);
  waiting_ = write_header({*last_, now, missing_from_});
  missing_from_.reset();
  open.bytes = waiting_.size();
  open_.emplace(std::move(open));
  return {};
}

Result<void> ArchiveWriter::append(std::span<const registry::AuditEvent> events, Timestamp now) {
  IMPRINT_ASSERT(last_.has_value());
  registry::ChainPlace place = *last_;
  for (const registry::AuditEvent& event : events) {
    IMPRINT_ASSERT(event.sequence == place.sequence + 1);
    if (open_ && is_full(event)) {
      TRY(flush(place));
      open_.reset();
    }
    if (!open_) TRY(begin_file(event, now));
    const std::string line = write_event(event);
    waiting_ += line;
    open_->bytes += line.size();
    place = registry::place_of(event);
    if (waiting_.size() >= kBatchBytes) TRY(flush(place));
  }
  return flush(place);
}

Result<void> ArchiveWriter::flush(registry::ChainPlace last) {
  if (waiting_.empty()) return {};
  TRY(disk_.write(open_->descriptor.get(), waiting_, open_->path));
  waiting_.clear();
  TRY(disk_.sync(open_->descriptor.get(), open_->path));
  if (open_->is_new) TRY(disk_.sync_folder(options_.folder));
  open_->is_new = false;
  last_ = last;
  return {};
}

Result<std::size_t> ArchiveWriter::prune(Timestamp now) {
  std::size_t removed = 0;
  if (!options_.keep) return removed;
  TRY_ASSIGN(const std::vector<ArchiveFile> files, archive_files(options_.folder));
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    // A file's newest event is older than the next file.
    TRY_ASSIGN(const std::optional<FileHeader> next, header_of(files[i + 1].path));
    if (!next || next->created > now - *options_.keep) break;
    if (::unlink(files[i].path.c_str()) != 0) return system_failure("remove", files[i].path);
    ++removed;
  }
  if (removed > 0) TRY(disk_.sync_folder(options_.folder));
  return removed;
}

}  // namespace imprint::audit
