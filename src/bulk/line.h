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

/// Parses one line of a bulk registration: an object whose string members are the template's
/// parameters. Fault::invalid says what was found instead.
Result<templates::Parameters> parse_line(std::string_view line);

/// True for a line without content, which is skipped.
bool is_blank(std::string_view line);

/// Reads a file line by line. Lines that are too long are skipped in bounded memory, and so is the
/// byte order mark that some editors write at the start of UTF-8.
class LineReader {
 public:
  struct Line {
    std::string text;         ///< without its line feed; empty if too long
    std::int64_t offset = 0;  ///< of the line's first byte
    std::int64_t end = 0;     ///< offset of the next line
    bool is_too_long = false;
  };

  LineReader(FileDescriptor file, std::int64_t offset) : file_(std::move(file)), read_(offset) {}

  /// Nullopt at the end of the file.
  Result<std::optional<Line>> next();

 private:
  Result<bool> fill();

  FileDescriptor file_;
  std::int64_t read_;  ///< bytes read from the file
  std::string buffer_;
  std::size_t taken_ = 0;  ///< bytes consumed from the buffer
};

}  // namespace imprint::bulk
