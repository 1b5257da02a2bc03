// SPDX-License-Identifier: Apache-2.0
#include "bulk/line.h"

#include <algorithm>
#include <unistd.h>

#include "encoding/json.h"

namespace imprint::bulk {

Result<templates::Parameters> parse_line(std::string_view line) {
  constexpr encoding::Limits kLimits{.max_bytes = kMaxLineBytes, .max_depth = 4};
  TRY_ASSIGN(const encoding::json::value value, encoding::parse_json(line, kLimits));
  if (!value.is_object()) {
    return fail(Fault::invalid, "the line is {} where a JSON object of parameters is expected",
                encoding::type_name(value));
  }
  templates::Parameters parameters;
  for (const auto& [name, text] : value.get_object()) {
    if (!text.is_string()) {
      return fail(Fault::invalid, "parameter {} is {} where text is expected",
                  quote(std::string_view(name)), encoding::type_name(text));
    }
    parameters.emplace(std::string_view(name), std::string_view(text.get_string()));
  }
  return parameters;
}

bool is_blank(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

Result<bool> LineReader::fill() {
  constexpr std::size_t kChunk = std::size_t{64} * 1024;
  buffer_.erase(0, taken_);
  taken_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kChunk);
  ssize_t got = -1;
  do {
    got = ::pread(file_.get(), buffer_.data() + before, kChunk, read_);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return system_failure("read", "the input file");
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (read_ == 0 && buffer_.starts_with(kByteOrderMark)) taken_ = kByteOrderMark.size();
  read_ += got;
  return got > 0;
}

Result<std::optional<LineReader::Line>> LineReader::next() {
  Line line;
  line.offset = read_ - static_cast<std::int64_t>(buffer_.size() - taken_);
  while (true) {
    const auto end = buffer_.find('\n', taken_);
    const std::size_t size = (end == std::string::npos ? buffer_.size() : end) - taken_;
    line.is_too_long = line.is_too_long || line.text.size() + size > kMaxLineBytes;
    if (!line.is_too_long) line.text.append(buffer_, taken_, size);
    taken_ += size;
    if (end != std::string::npos) {
      ++taken_;
      break;
    }
    TRY_ASSIGN(const bool more, fill());
    if (!more) break;
  }
  line.end = read_ - static_cast<std::int64_t>(buffer_.size() - taken_);
  if (line.end == line.offset) return std::optional<Line>();
  if (line.is_too_long) line.text.clear();
  return std::optional(std::move(line));
}

}  // namespace imprint::bulk
