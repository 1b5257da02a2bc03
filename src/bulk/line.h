// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "templates/template.h"

namespace imprint::bulk {

/// AWS IoT quota.
inline constexpr std::size_t kMaxLineBytes = std::size_t{256} * 1024;

/// One line of a bulk registration: an object of texts, which are the template's parameters.
/// Fault::invalid says what else was found.
Result<templates::Parameters> parse_line(std::string_view line);

/// True for a line that asks for nothing.
bool is_blank(std::string_view line);

/// Reads a file line by line; a line that is too long is passed over in bounded memory, and so is
/// the byte order mark that some editors begin a file of UTF-8 with.
class LineReader {
 public:
  struct Line {
    std::string text;         ///< without its line feed; empty when it is too long
    std::int64_t offset = 0;  ///< of its first byte
    std::int64_t end = 0;     ///< where the next one begins
    bool is_too_long = false;
  };

  LineReader(FileDescriptor file, std::int64_t offset) : file_(std::move(file)), read_(offset) {}

  /// Nothing at the end of the file.
  Result<std::optional<Line>> next();

 private:
  Result<bool> fill();

  FileDescriptor file_;
  std::int64_t read_;  ///< of the file
  std::string buffer_;
  std::size_t taken_ = 0;  ///< of the buffer
};

}  // namespace imprint::bulk
