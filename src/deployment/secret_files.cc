// SPDX-License-Identifier: Apache-2.0
#include "deployment/secret_files.h"

#include <algorithm>
#include <sys/stat.h>

namespace imprint::deployment {

std::vector<ExposedFile> exposed_files(const Layout& layout) {
  const std::string store = layout.store().string();
  std::vector<std::filesystem::path> files{layout.admin_credentials(), store, store + "-wal"};
  for (const auto& folder : {layout.ca_folder(), layout.server_folder()}) {
    std::error_code ignored;
    for (const auto& item : std::filesystem::directory_iterator(folder, ignored)) {
      if (item.path().extension() == ".key") files.push_back(item.path());
    }
  }
  std::ranges::sort(files);
  std::vector<ExposedFile> out;
  for (const auto& path : files) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 0077U) == 0) continue;
    out.push_back({path, status.st_mode & 07777U});
  }
  return out;
}

}  // namespace imprint::deployment
