// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace imprint::manufacturing {

/// The next bytes of a file, empty at its end. Errors end the reading.
using Source = std::function<Result<std::string>()>;

/// Takes bytes one by one out of a Source, and the mark that some editors begin UTF-8 with away.
class ByteReader {
 public:
  explicit ByteReader(Source source) : source_(std::move(source)) {}

  /// Nothing at the end.
  Result<std::optional<char>> next();
  /// The byte that next() will give.
  Result<std::optional<char>> peek();

 private:
  Result<bool> fill();

  Source source_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

/// A record of a file, or what is wrong with it: reading goes on behind it either way.
template <class T>
struct Numbered {
  std::int64_t line = 0;  ///< where it begins, from 1
  Result<T> value;
};

/// Reads CSV as RFC 4180 section 2 has it, strictly: fields between separators, quoted ones with ""
/// for a quote, lines that end with CRLF or LF. Empty lines are passed over. Memory is bounded by
/// the longest record that is allowed.
class CsvReader {
 public:
  static constexpr std::size_t kMaxRecordBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxFields = 256;
  using Fields = std::vector<std::string>;

  explicit CsvReader(Source source, char separator = ',')
      : bytes_(std::move(source)), separator_(separator) {}

  /// Nothing at the end of the file; an error only when the file cannot be read.
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
