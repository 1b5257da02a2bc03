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
/// Where pieces wait for the rest of their file. No bucket has this name: see parts_of().
constexpr const char* kPartial = ".partial";

/// Bucket and key as the names of folders and a file.
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

Result<std::uint64_t> Uploads::put(const std::string& bucket, const std::string& key,
                                   std::uint64_t offset, std::string_view bytes,
                                   bool is_last) const {
  if (offset > kMaxBytes || bytes.size() > kMaxBytes - offset)
    return fail_at(Fault::invalid, "offset", "a file may have {} bytes", kMaxBytes);
  TRY_ASSIGN(const Place place, find_place(bucket, key, true));
  const FileDescriptor top(::open(folder_.c_str(), kFolderFlags));
  TRY_ASSIGN(const FileDescriptor partial, enter(top.get(), kPartial, true));
  // One name for each file, whatever folders its key has.
  const std::string name =
      encoding::to_hex(x509::sha256(as_bytes(fmt::format("{}\n{}", bucket, key))));
  const int begins = offset == 0 ? O_CREAT | O_TRUNC : 0;
  const FileDescriptor file(::openat(partial.get(), name.c_str(),
                                     O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | begins, 0600));
  if (!file.is_open() && errno != ENOENT) return system_failure("open", name);
  std::uint64_t present = 0;
  if (file.is_open()) {
    TRY_ASSIGN(present, size_of(file, name));
  }
  if (present != offset) {
    return fail_at(Fault::conflict, "offset",
                   "the pieces so far have {} bytes, so the next begins there, not at {}", present,
                   offset);
  }
  TRY(write_all(file.get(), bytes, key));
  if (::fsync(file.get()) != 0) return system_failure("write", key);
  if (is_last &&
      ::renameat(partial.get(), name.c_str(), place.folder.get(), place.name.c_str()) != 0) {
    if (errno == EISDIR)
      return fail_at(Fault::invalid, "key", "{} is a folder; name a file in it", quote(key));
    return system_failure("put in place", key);
  }
  return offset + bytes.size();
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
