// SPDX-License-Identifier: Apache-2.0
#include "manufacturing/row_reader.h"

#include <algorithm>
#include <set>
#include <utility>

namespace imprint::manufacturing {

namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{64} * 1024;

/// The beginning of a file, up to the end of its first line if that is within the limit.
Result<std::string> read_first_line(const Source& source) {
  std::string out;
  while (out.find('\n') == std::string::npos && out.size() < kMaxLineBytes) {
    TRY_ASSIGN(const std::string more, source());
    if (more.empty()) break;
    out += more;
  }
  return out;
}

/// A source that returns the bytes already read first.
Source continued(std::string first, Source rest) {
  return [first = std::move(first), rest = std::move(rest)]() mutable -> Result<std::string> {
    return first.empty() ? rest() : Result<std::string>(std::exchange(first, {}));
  };
}

struct Signature {
  std::string_view bytes;
  std::string_view what;
};

/// Files that are not text, recognised by their first bytes, regardless of their names.
constexpr Signature kBinaryFormats[] = {
    {std::string_view("PK\x03\x04", 4), "a zip file, as spreadsheets are (.xlsx, .ods)"},
    {std::string_view("\xD0\xCF\x11\xE0", 4), "a spreadsheet of the old kind (.xls)"},
    {std::string_view("\x1F\x8B", 2), "compressed with gzip"},
    {std::string_view("%PDF-", 5), "a PDF"},
};

constexpr std::string_view kUtf32 = "UTF-32";
constexpr std::string_view kUtf16 = "UTF-16, as some programs save \"Unicode text\"";

/// Recognised by the byte order mark, or by the position of the zero bytes in a first character
/// below U+0100.
std::string_view wide_encoding_of(std::string_view first) {
  using std::string_view_literals::operator""sv;
  if (first.starts_with("\xFF\xFE\0\0"sv) || first.starts_with("\0\0\xFE\xFF"sv)) return kUtf32;
  if (first.starts_with("\xFF\xFE"sv) || first.starts_with("\xFE\xFF"sv)) return kUtf16;
  const std::string_view four = first.substr(0, 4);
  if (four.size() == 4 && (four.starts_with("\0\0\0"sv) || four.substr(1) == "\0\0\0"sv))
    return kUtf32;
  const std::string_view two = first.substr(0, 2);
  return two.size() == 2 && (two[0] == '\0') != (two[1] == '\0') ? kUtf16 : std::string_view();
}

Result<void> check_encoding(std::string_view first) {
  constexpr const char* kRemedy = "save it as CSV in UTF-8";
  for (const Signature& one : kBinaryFormats) {
    if (first.starts_with(one.bytes))
      return fail(Fault::invalid, "the file is {}; {}", one.what, kRemedy);
  }
  if (const std::string_view wide = wide_encoding_of(first); !wide.empty())
    return fail(Fault::invalid, "the file is {}; {}", wide, kRemedy);
  if (first.substr(0, first.find('\n')).find('\0') == std::string_view::npos) return {};
  return fail(Fault::invalid, "the file is not text: its first line contains a zero byte; {}",
              kRemedy);
}

/// Spreadsheets write semicolons where the comma is the decimal separator. The header decides,
/// because column names contain neither.
char separator_of(std::string_view first) {
  const std::string_view line = first.substr(0, first.find('\n'));
  for (const char separator : {',', ';', '\t'}) {
    if (line.find(separator) != std::string_view::npos) return separator;
  }
  return ',';
}

Result<void> check_header(const CsvReader::Fields& header) {
  if (header.size() > kMaxColumns)
    return fail(Fault::invalid, "the header has {} columns; at most {} are allowed", header.size(),
                kMaxColumns);
  std::set<std::string_view> seen;
  for (const std::string& name : header) {
    TRY(check_column_name(name));
    if (!seen.insert(name).second)
      return fail(Fault::invalid, "the header names column {} twice", quote(name));
  }
  if (seen.contains(kSerial)) return {};
  return fail(Fault::invalid,
              "the header has no column \"serial\"; the first line names the columns, as in "
              "serial,template,product_line,region,state");
}

}  // namespace

Result<Format> format_of(std::string_view file_name) {
  if (file_name.ends_with(".csv") || file_name.ends_with(".tsv")) return Format::csv;
  if (file_name.ends_with(".ndjson") || file_name.ends_with(".jsonl")) return Format::ndjson;
  return fail(
      Fault::invalid,
      "{} ends neither with .csv or .tsv nor with .ndjson or .jsonl; say what it is with --format",
      quote(file_name));
}

Result<RowReader> RowReader::open(Format format, Source source) {
  RowReader out;
  TRY_ASSIGN(std::string first, read_first_line(source));
  TRY(check_encoding(first));
  const char separator = separator_of(first);
  source = continued(std::move(first), std::move(source));
  if (format == Format::ndjson) {
    out.lines_.emplace(std::move(source));
    return out;
  }
  out.csv_.emplace(std::move(source), separator);
  TRY_ASSIGN(std::optional<Numbered<CsvReader::Fields>> header, out.csv_->next());
  if (!header) return fail(Fault::invalid, "the file is empty; its first line names the columns");
  TRY_ASSIGN(out.header_, std::move(header->value));
  TRY(check_header(out.header_));
  return out;
}

Result<std::optional<Numbered<Columns>>> RowReader::next() {
  return csv_ ? next_of_csv() : next_of_lines();
}

Result<Columns> RowReader::under_header(CsvReader::Fields fields) const {
  if (fields.size() != header_.size()) {
    return fail(Fault::invalid, "{} fields under a header of {}", fields.size(), header_.size());
  }
  Columns out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].empty()) out.emplace(header_[i], std::move(fields[i]));
  }
  return out;
}

Result<std::optional<Numbered<Columns>>> RowReader::next_of_csv() {
  TRY_ASSIGN(std::optional<Numbered<CsvReader::Fields>> record, csv_->next());
  if (!record) return std::optional<Numbered<Columns>>();
  if (!record->value)
    return std::optional(Numbered<Columns>{record->line, tl::unexpected(record->value.error())});
  return std::optional(Numbered<Columns>{record->line, under_header(std::move(*record->value))});
}

Result<std::optional<Numbered<Columns>>> RowReader::next_of_lines() {
  while (true) {
    std::string line;
    bool is_too_long = false;
    std::optional<char> byte;
    while (true) {
      TRY_ASSIGN(byte, lines_->next());
      if (!byte || *byte == '\n') break;
      if (line.size() == kMaxLineBytes) is_too_long = true;
      if (!is_too_long) line += *byte;
    }
    ++line_;
    if (is_too_long) {
      return std::optional(Numbered<Columns>{
          line_, fail(Fault::invalid, "the line has more than {} bytes", kMaxLineBytes)});
    }
    const bool is_blank = line.find_first_not_of(" \t\r") == std::string::npos;
    if (is_blank && !byte) return std::optional<Numbered<Columns>>();
    if (is_blank) continue;
    const auto value = encoding::parse_json(line, {.max_bytes = kMaxLineBytes, .max_depth = 2});
    if (!value) return std::optional(Numbered<Columns>{line_, tl::unexpected(value.error())});
    return std::optional(Numbered<Columns>{line_, parse_columns(*value)});
  }
}

}  // namespace imprint::manufacturing
