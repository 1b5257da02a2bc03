// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/disk.h"

namespace imprint {

namespace {

Result<std::string> read_all(int descriptor, std::size_t max_bytes,
                             const std::filesystem::path& path) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return system_failure("examine", path);
  if (!S_ISREG(status.st_mode))
    return fail(Fault::invalid, "{} is not a regular file", path.string());
  if (static_cast<std::size_t>(status.st_size) > max_bytes) {
    return fail(Fault::invalid, "{} has {} bytes; at most {} are allowed", path.string(),
                status.st_size, max_bytes);
  }
  std::string out(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::read(descriptor, out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.resize(done);
  return out;
}

/// Writes and syncs the temporary file; it has its final mode before its first byte.
Result<void> write_temporary(const std::filesystem::path& path, mode_t mode,
                             std::string_view bytes) {
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0700U));
  if (!file.is_open()) return system_failure("create", path);
  // open() clears the bits of the umask; this sets exactly the mode that was asked for.
  if (::fchmod(file.get(), mode) != 0) return system_failure("set the mode of", path);
  TRY(write_all(file.get(), bytes, path));
  if (::fsync(file.get()) != 0) return system_failure("sync", path);
  return {};
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : value_(std::exchange(other.value_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (value_ >= 0) ::close(value_);
}

Unexpected system_failure(std::string_view what, const std::filesystem::path& path) {
  const int reason = errno;
  const Fault fault = reason == ENOENT                      ? Fault::not_found
                      : reason == EEXIST                    ? Fault::conflict
                      : reason == EACCES || reason == EPERM ? Fault::forbidden
                                                            : Fault::unavailable;
  return fail(fault, "cannot {} {}: {}{}", what, path.string(), std::strerror(reason),
              disk_remedy(reason));
}

Result<void> write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open()) return system_failure("open", directory);
  if (::fsync(file.get()) != 0) return system_failure("sync", directory);
  return {};
}

Result<void> write_file_durably(const std::filesystem::path& path, mode_t mode,
                                std::string_view bytes) {
  // The process id keeps two writers apart; a file left over from a crash is replaced.
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  ::unlink(temporary.c_str());
  if (auto written = write_temporary(temporary, mode, bytes); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto failure = system_failure("replace", path);
    ::unlink(temporary.c_str());
    return failure;
  }
  return sync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return system_failure("open", path);
  return read_all(file.get(), max_bytes, path);
}

Result<Secret> read_secret_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return system_failure("open", path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure("examine", path);
  // If this is a folder or a pipe, its mode is not the problem.
  if (!S_ISREG(status.st_mode))
    return fail(Fault::invalid, "{} is not a regular file", path.string());
  if ((status.st_mode & 0077U) != 0) {
    return fail(Fault::forbidden,
                "{} holds a secret but its mode is {:04o}; run: chmod 600 {} (and replace the "
                "secret if others could have read it)",
                path.string(), status.st_mode & 07777U, path.string());
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return fail(
        Fault::forbidden,
        "{} belongs to user {}, not to the user {} that runs this; run it as that user, or: "
        "chown {} {}",
        path.string(), status.st_uid, ::geteuid(), ::geteuid(), path.string());
  }
  TRY_ASSIGN(std::string text, read_all(file.get(), max_bytes, path));
  return Secret(std::move(text));
}

}  // namespace imprint
