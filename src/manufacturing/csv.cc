// SPDX-License-Identifier: Apache-2.0
#include "manufacturing/csv.h"

namespace imprint::manufacturing {

Result<bool> ByteReader::fill() {
  while (at_ == buffer_.size() && !ended_) {
    TRY_ASSIGN(buffer_, source_());
    at_ = 0;
    ended_ = buffer_.empty();
    // A Source returns a file's first three bytes in one piece.
    if (!started_ && buffer_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    started_ = true;
  }
  return at_ < buffer_.size();
}

Result<std::optional<char>> ByteReader::peek() {
  TRY_ASSIGN(const bool has_more, fill());
  return has_more ? std::optional(buffer_[at_]) : std::nullopt;
}

Result<std::optional<char>> ByteReader::next() {
  TRY_ASSIGN(const std::optional<char> byte, peek());
  if (byte) ++at_;
  return byte;
}

/// One record while it is being read. Only its first error is kept.
struct CsvReader::Record {
  Fields fields = {};
  std::string field = {};
  std::size_t bytes = 0;
  std::optional<Error> error = {};
  bool is_over = false;  ///< its line end has been read
  bool is_end_of_file = false;

  void refuse(std::string message) {
    if (!error) error = Error{Fault::invalid, std::move(message)};
  }
  void add(char c) {
    if (++bytes > kMaxRecordBytes) {
      refuse(fmt::format("the record has more than {} bytes; is a quote not closed?",
                         kMaxRecordBytes));
    } else {
      field += c;
    }
  }
  void end_field() {
    if (fields.size() == kMaxFields)
      refuse(fmt::format("the record has more than {} fields", kMaxFields));
    else
      fields.push_back(std::move(field));
    field.clear();
  }
};

/// Reads from after the opening quote to after the closing one.
Result<void> CsvReader::read_quoted(Record& record) {
  while (!record.error) {
    TRY_ASSIGN(const std::optional<char> byte, bytes_.next());
    if (!byte) {
      record.is_end_of_file = true;
      record.refuse("the file ends within quotes; close them");
      return {};
    }
    if (*byte == '\n') ++line_;
    if (*byte != '"') {
      record.add(*byte);
      continue;
    }
    TRY_ASSIGN(const std::optional<char> after, bytes_.peek());
    if (after != '"') {
      if (after && *after != separator_ && *after != '\r' && *after != '\n')
        record.refuse("text follows a closing quote; write a quote within quotes twice");
      return {};
    }
    record.add('"');
    TRY(bytes_.next());
  }
  return {};
}

Result<void> CsvReader::read_record(Record& record) {
  while (!record.is_over && !record.is_end_of_file && !record.error) {
    TRY_ASSIGN(const std::optional<char> byte, bytes_.next());
    if (!byte) {
      record.is_end_of_file = true;
    } else if (*byte == '\n') {
      ++line_;
      record.is_over = true;
    } else if (*byte == '\r') {
      TRY_ASSIGN(const std::optional<char> after, bytes_.peek());
      if (after != '\n')
        record.refuse("a carriage return without a line feed; lines end with CRLF or LF");
    } else if (*byte == separator_) {
      record.end_field();
    } else if (*byte == '"' && record.field.empty()) {
      TRY(read_quoted(record));
    } else if (*byte == '"') {
      record.refuse("a quote occurs within a field that does not begin with one");
    } else {
      record.add(*byte);
    }
  }
  return {};
}

/// After an error, the next line is where a record may begin again.
Result<void> CsvReader::skip_line() {
  while (true) {
    TRY_ASSIGN(const std::optional<char> byte, bytes_.next());
    if (!byte) return {};
    if (*byte != '\n') continue;
    ++line_;
    return {};
  }
}

Result<std::optional<Numbered<CsvReader::Fields>>> CsvReader::next() {
  while (true) {
    Record record;
    const std::int64_t line = line_;
    TRY(read_record(record));
    if (record.error) {
      if (!record.is_end_of_file) TRY(skip_line());
      return std::optional(Numbered<Fields>{line, tl::unexpected(*record.error)});
    }
    const bool is_empty = record.fields.empty() && record.field.empty();
    if (is_empty && record.is_end_of_file) return std::optional<Numbered<Fields>>();
    if (is_empty) continue;
    record.end_field();
    if (record.error) return std::optional(Numbered<Fields>{line, tl::unexpected(*record.error)});
    return std::optional(Numbered<Fields>{line, std::move(record.fields)});
  }
}

}  // namespace imprint::manufacturing
