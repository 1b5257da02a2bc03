// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "manufacturing/csv.h"
#include "manufacturing/entry.h"

namespace imprint::manufacturing {

enum class Format : std::uint8_t { csv, ndjson };

/// The format according to the file's name: .csv and .tsv, or .ndjson and .jsonl.
Result<Format> format_of(std::string_view file_name);

/// Reads a list file unit by unit: CSV with a header and fields separated by commas, semicolons or
/// tabs, or one JSON object per line. A wrong row is returned as an error, and reading continues
/// with the next. Memory does not grow with the file.
class RowReader {
 public:
  /// Fault::invalid when the file is UTF-16 rather than UTF-8, or when a CSV file has no header or
  /// no column "serial".
  static Result<RowReader> open(Format format, Source source);

  /// Nullopt at the end of the file; an error only when the file cannot be read.
  Result<std::optional<Numbered<Columns>>> next();

 private:
  RowReader() = default;
  Result<std::optional<Numbered<Columns>>> next_of_csv();
  Result<std::optional<Numbered<Columns>>> next_of_lines();
  [[nodiscard]] Result<Columns> under_header(CsvReader::Fields fields) const;

  std::optional<CsvReader> csv_ = {};
  CsvReader::Fields header_ = {};
  std::optional<ByteReader> lines_ = {};
  std::int64_t line_ = 0;
};

}  // namespace imprint::manufacturing
