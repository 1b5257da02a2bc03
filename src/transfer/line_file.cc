// SPDX-License-Identifier: Apache-2.0
#include "transfer/line_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace imprint::transfer {

Unexpected LineFile::failure(std::string_view what) const {
  return fail(Fault::unavailable, "cannot {} {}: {}", what, path_.string(), std::strerror(errno));
}

Result<LineFile> LineFile::create(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  std::FILE* const file = fd < 0 ? nullptr : ::fdopen(fd, "w");
  if (file == nullptr) {
    return fail(errno == EEXIST ? Fault::conflict : Fault::unavailable, "cannot create {}: {}",
                path.string(), std::strerror(errno));
  }
  return LineFile(path, std::unique_ptr<std::FILE, Close>(file));
}

Result<void> LineFile::add(std::string_view line) {
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() ||
      std::fputc('\n', file_.get()) == EOF) {
    return failure("write");
  }
  return {};
}

Result<void> LineFile::close() {
  if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0) return failure("sync");
  file_.reset();
  return {};
}

}  // namespace imprint::transfer
