// SPDX-License-Identifier: Apache-2.0
#include "bulk/uploads.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/name.h"
#include "encoding/text.h"
#include "x509/digest.h"

namespace imprint::bulk {

namespace {

constexpr std::size_t kMaxParts = 32;
constexpr std::size_t kMaxPartBytes = 255;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
/// Holds the pieces of unfinished files. No bucket can have this name: see parts_of().
constexpr const char* kPartial = ".partial";

/// Bucket and key as names of folders and a file.
Result<std::vector<std::string>> parts_of(const std::string& bucket, const std::string& key) {
  std::vector<std::string> parts{bucket};
  std::string_view rest = key;
  while (true) {
    const auto end = rest.find('/');
    parts.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (parts.size() > kMaxParts)
    return fail_at(Fault::invalid, "key", "the key has more than {} parts", kMaxParts);
  for (const std::string& part : parts) {
    const bool is_plain = !part.empty() && part.front() != '.' && part.size() <= kMaxPartBytes &&
                          part.find('\0') == std::string::npos &&
                          part.find('/') == std::string::npos;
    if (is_plain) continue;
    return fail_at(Fault::invalid, "key",
                   "{} may not be part of a bucket or key: each part has 1 to {} characters and "
                   "does not begin with a dot",
                   quote(part), kMaxPartBytes);
  }
  return parts;
}

Result<FileDescriptor> enter(int folder, const std::string& name, bool creates) {
  if (creates && ::mkdirat(folder, name.c_str(), 0700) != 0 && errno != EEXIST)
    return system_failure("create the folder", name);
  FileDescriptor next(::openat(folder, name.c_str(), kFolderFlags));
  if (next.is_open()) return next;
  if (errno == ELOOP || errno == ENOTDIR) {
    return fail_at(Fault::invalid, "key", "{} is not a folder; links are not followed",
                   quote(name));
  }
  return system_failure("open the folder", name);
}

Result<std::uint64_t> size_of(const FileDescriptor& file, const std::string& name) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure("examine", name);
  if (!S_ISREG(status.st_mode))
    return fail_at(Fault::invalid, "key", "{} is not a regular file", quote(name));
  return static_cast<std::uint64_t>(status.st_size);
}

/// The size of a file of that name; nullopt if it does not exist.
Result<std::optional<std::uint64_t>> size_in(const FileDescriptor& folder,
                                             const std::string& name) {
  const FileDescriptor file(
      ::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return std::optional<std::uint64_t>();
  if (!file.is_open()) return system_failure("open", name);
  TRY_ASSIGN(const std::uint64_t size, size_of(file, name));
  return std::optional(size);
}

Result<FileDescriptor> open_partial(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return system_failure("create the folder", folder);
  const FileDescriptor top(::open(folder.c_str(), kFolderFlags));
  if (!top.is_open()) return system_failure("open the folder", folder);
  return enter(top.get(), kPartial, true);
}

Timestamp time_of(const struct timespec& time) {
  return Timestamp(std::chrono::floor<Milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                    std::chrono::nanoseconds(time.tv_nsec)));
}

/// A file below the folder of uploads.
struct Found {
  std::filesystem::path path;
  bool is_unfinished = false;
  std::uint64_t bytes = 0;
  Timestamp written;
  /// When the file was placed here; its modification time may be earlier if it was copied or moved.
  Timestamp placed;
};

/// Calls `take` with each file until it returns false. Links are neither followed nor reported.
template <class Take>
Result<void> for_each_file(const std::filesystem::path& folder, Take take) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator at(folder, error);
  const std::filesystem::path partial = folder / kPartial;
  for (; !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    struct stat status{};
    if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (!take(Found{.path = at->path(),
                    .is_unfinished = at->path().parent_path() == partial,
                    .bytes = static_cast<std::uint64_t>(status.st_size),
                    .written = time_of(status.st_mtim),
                    .placed = time_of(status.st_ctim)})) {
      return {};
    }
  }
  if (!error || error == std::errc::no_such_file_or_directory) return {};
  return fail(Fault::unavailable, "cannot read {}: {}", folder.string(), error.message());
}

}  // namespace

Result<Uploads::Place> Uploads::find_place(const std::string& bucket, const std::string& key,
                                           bool creates) const {
  TRY_ASSIGN(std::vector<std::string> parts, parts_of(bucket, key));
  if (creates && ::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return system_failure("create the folder", folder_);
  FileDescriptor folder(::open(folder_.c_str(), kFolderFlags));
  if (!folder.is_open()) return system_failure("open the folder", folder_);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    TRY_ASSIGN(folder, enter(folder.get(), parts[i], creates));
  }
  return Place{std::move(folder), std::move(parts.back())};
}

Result<Uploads::Stock> Uploads::take_stock() const {
  Stock stock;
  TRY(for_each_file(folder_, [&](const Found& found) {
    stock.bytes += found.bytes;
    stock.unfinished += found.is_unfinished ? 1 : 0;
    return ++stock.files <= limits_.files;
  }));
  return stock;
}

/// `present`: the size so far of the upload that the piece belongs to; nullopt for a new upload.
Result<void> Uploads::check_room(std::optional<std::uint64_t> present, std::uint64_t offset,
                                 std::size_t more) const {
  TRY_ASSIGN(const Stock stock, take_stock());
  const std::size_t added = present ? 0 : 1;
  if (stock.files + added > limits_.files) {
    return fail_at(
        Fault::exhausted, "key",
        "uploads/ may hold {} files; remove those that no registration needs from "
        "uploads/ in the deployment directory (a file is removed automatically {} days after it "
        "was put there)",
        limits_.files, kFinishedLifetime.count());
  }
  if (stock.unfinished + added > limits_.unfinished) {
    return fail_at(Fault::exhausted, "key",
                   "{} uploads are unfinished, which is the limit; send the last piece of one, or "
                   "wait (an upload is removed {} hours after its last piece)",
                   stock.unfinished, kUnfinishedLifetime.count());
  }
  // An upload that starts again replaces its earlier pieces.
  const std::uint64_t replaced = offset == 0 ? present.value_or(0) : 0;
  if (stock.bytes - replaced + more > limits_.total_bytes) {
    return fail_at(Fault::exhausted, "body",
                   "all uploads may have {} bytes in total and have {} already; remove files that "
                   "no registration needs from uploads/ in the deployment directory (a file is "
                   "removed automatically {} days after it was put there)",
                   limits_.total_bytes, stock.bytes, kFinishedLifetime.count());
  }
  return {};
}

Result<std::uint64_t> Uploads::put(const std::string& bucket, const std::string& key,
                                   std::uint64_t offset, std::string_view bytes,
                                   bool is_last) const {
  if (offset > kMaxBytes || bytes.size() > kMaxBytes - offset)
    return fail_at(Fault::invalid, "offset", "a file may have at most {} bytes", kMaxBytes);
  const std::scoped_lock lock(mutex_);
  // An invalid key is refused with the first piece; its folders are created with the last.
  const auto seen = find_place(bucket, key, false);
  if (!seen && seen.error().fault != Fault::not_found) return tl::unexpected(seen.error());
  TRY_ASSIGN(const FileDescriptor partial, open_partial(folder_));
  // One flat name for each file, whatever folders its key has.
  const std::string name =
      encoding::to_hex(x509::sha256(as_bytes(fmt::format("{}\n{}", bucket, key))));
  TRY_ASSIGN(const std::optional<std::uint64_t> present, size_in(partial, name));
  if (offset != 0 && offset != present.value_or(0)) {
    return fail_at(Fault::conflict, "offset",
                   "the pieces so far have {} bytes, so the next must begin there, not at {}",
                   present.value_or(0), offset);
  }
  TRY(check_room(present, offset, bytes.size()));
  const int begins = offset == 0 ? O_CREAT | O_TRUNC : 0;
  const FileDescriptor file(::openat(partial.get(), name.c_str(),
                                     O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | begins, 0600));
  if (!file.is_open()) return system_failure("open", name);
  TRY(write_all(file.get(), bytes, key));
  if (::fsync(file.get()) != 0) return system_failure("write", key);
  if (!is_last) return offset + bytes.size();
  TRY_ASSIGN(const Place place, find_place(bucket, key, true));
  if (::renameat(partial.get(), name.c_str(), place.folder.get(), place.name.c_str()) != 0) {
    if (errno == EISDIR)
      return fail_at(Fault::invalid, "key", "{} is a folder; name a file in it", quote(key));
    return system_failure("put in place", key);
  }
  return offset + bytes.size();
}

Result<Uploads::Swept> Uploads::sweep(Timestamp now) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Found> old;
  TRY(for_each_file(folder_, [&](const Found& found) {
    const bool is_old = found.is_unfinished ? found.written + kUnfinishedLifetime < now
                                            : found.placed + kFinishedLifetime < now;
    if (is_old) old.push_back(found);
    return true;
  }));
  Swept swept;
  for (const Found& found : old) {
    if (::unlink(found.path.c_str()) != 0) return system_failure("remove", found.path);
    ++(found.is_unfinished ? swept.unfinished : swept.finished);
    // A folder that is not empty stays, and so do its parents.
    auto folder = found.path.parent_path();
    while (folder != folder_ && ::rmdir(folder.c_str()) == 0) folder = folder.parent_path();
  }
  return swept;
}

Result<FileDescriptor> Uploads::open(const std::string& bucket, const std::string& key) const {
  TRY_ASSIGN(const Place place, find_place(bucket, key, false));
  FileDescriptor file(::openat(place.folder.get(), place.name.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open() && errno == ELOOP)
    return fail_at(Fault::invalid, "key", "{} is a link; links are not followed", quote(key));
  if (!file.is_open()) return system_failure("open", key);
  TRY(size_of(file, key));
  return file;
}

}  // namespace imprint::bulk
