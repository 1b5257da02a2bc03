// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <unistd.h>

namespace imprint::test {

/// A new folder, removed by the destructor.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("imprint-test-{}-{}", getpid(), made_++)) {
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  static inline int made_ = 0;
  std::filesystem::path path_;
};

}  // namespace imprint::test
