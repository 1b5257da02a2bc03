// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace imprint::manufacturing {

/// Returns the next bytes of a file, or none at its end. An error ends the reading.
using Source = std::function<Result<std::string>()>;

/// Reads bytes one by one from a Source, without the byte order mark that some editors write at the
/// start of UTF-8.
class ByteReader {
 public:
  explicit ByteReader(Source source) : source_(std::move(source)) {}

  /// Nullopt at the end.
  Result<std::optional<char>> next();
  /// The byte that next() will return.
  Result<std::optional<char>> peek();

 private:
  Result<bool> fill();

  Source source_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

/// A record of a file, or what is wrong with it: either way, reading continues after it.
template <class T>
struct Numbered {
  std::int64_t line = 0;  ///< the line it begins on, counted from 1
  Result<T> value;
};

/// Reads CSV strictly according to RFC 4180 section 2: fields between separators, quoted fields
/// with "" for a quote, lines that end with CRLF or LF. Empty lines are skipped. Memory is bounded
/// by the longest record allowed.
class CsvReader {
 public:
  static constexpr std::size_t kMaxRecordBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxFields = 256;
  using Fields = std::vector<std::string>;

  explicit CsvReader(Source source, char separator = ',')
      : bytes_(std::move(source)), separator_(separator) {}

  /// Nullopt at the end of the file; an error only when the file cannot be read.
  Result<std::optional<Numbered<Fields>>> next();

 private:
  struct Record;

  Result<void> read_record(Record& record);
  Result<void> read_quoted(Record& record);
  Result<void> skip_line();

  ByteReader bytes_;
  char separator_;
  std::int64_t line_ = 1;
};

}  // namespace imprint::manufacturing
