// SPDX-License-Identifier: Apache-2.0
#include "deployment/staging.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdio.h>  // NOLINT(modernize-deprecated-headers): renameat2 and RENAME_NOREPLACE
#include <sys/stat.h>

#include "base/disk.h"
#include "base/file.h"

namespace imprint::deployment {

namespace {

Unexpected already_there(const std::filesystem::path& directory) {
  return fail(Fault::conflict,
              "{} already exists and is left unchanged; name a directory that does not exist yet",
              directory.string());
}

}  // namespace

Result<void> make_folder(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  const int reason = errno;
  return fail(reason == EEXIST ? Fault::conflict : Fault::unavailable,
              "cannot make folder {}: {}{}", path.string(), std::strerror(reason),
              disk_remedy(reason));
}

Result<Staging> Staging::make(const std::filesystem::path& directory, Random& random) {
  std::filesystem::path target = std::filesystem::absolute(directory).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(target, ignored)))
    return already_there(target);
  std::filesystem::path sibling = target.parent_path() / ("." + target.filename().string());
  sibling += fmt::format(".{}.incomplete", make_uuid(random));
  TRY(make_folder(sibling));
  return Staging(std::move(target), std::move(sibling));
}

Staging::~Staging() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<void> Staging::finish() {
  TRY(sync_directory(path_));
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return already_there(target_);
    return fail(Fault::unavailable, "cannot rename {} to {}: {}", path_.string(), target_.string(),
                std::strerror(errno));
  }
  path_.clear();
  return sync_directory(target_.parent_path());
}

}  // namespace imprint::deployment
