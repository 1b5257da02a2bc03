// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <cerrno>
#include <sys/statvfs.h>

namespace imprint {

std::string_view disk_remedy(int reason) {
  if (reason == ENOSPC || reason == EDQUOT) return "; make room on the disk";
  if (reason == EROFS) return "; the file system is mounted read-only: mount it for writing";
  return {};
}

std::optional<std::uint64_t> free_bytes(const std::filesystem::path& directory) {
  struct statvfs status{};
  if (::statvfs(directory.c_str(), &status) != 0) return std::nullopt;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace imprint
