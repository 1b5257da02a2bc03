// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace imprint::transfer {

/// A new text file, written line by line and durable once closed.
class LineFile {
 public:
  static Result<LineFile> create(const std::filesystem::path& path);
  /// Appends the line and a line feed.
  Result<void> add(std::string_view line);
  Result<void> close();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  LineFile(std::filesystem::path path, std::unique_ptr<std::FILE, Close> file)
      : path_(std::move(path)), file_(std::move(file)) {}
  [[nodiscard]] Unexpected failure(std::string_view what) const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace imprint::transfer
