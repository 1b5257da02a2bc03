// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <vector>

#include "base/household.h"
#include "telemetry/line_writer.h"

namespace imprint::telemetry {

namespace {

constexpr std::size_t kMaxValueBytes = 1000;
/// At most this many bytes wait for a slow reader; further lines are dropped.
constexpr std::size_t kWaitingBytes = std::size_t{4} << 20U;
/// For each sentence from one source.
constexpr Allowance kPayerAllowance{20, Seconds(10)};
/// For each sentence from all sources together.
constexpr Allowance kSentenceAllowance{1'000, Seconds(1)};
constexpr std::size_t kPayers = 10'000;
constexpr std::size_t kSentences = 1'000;
/// The fields that can identify the source of a line, in order of precedence, unless one is marked
/// with pays(). Excludes the client id, which the client chooses.
constexpr std::array<std::string_view, 5> kPayerFields = {"certificate", "from", "claim", "hook",
                                                          "template"};

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

spdlog::level::level_enum to_spdlog(Level level) {
  static constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info,
                                         spdlog::level::warn, spdlog::level::err};
  return kLevels[static_cast<std::size_t>(level)];
}

/// Appends a JSON string literal of printable ASCII. All other bytes, including control characters
/// that terminals interpret, are escaped.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text.substr(0, kMaxValueBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  if (text.size() > kMaxValueBytes) out += "...";
  out += '"';
}

bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > kMaxValueBytes) return false;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7F || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_value(std::string& out, LogFormat format, const Field& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", *real);
  } else {
    const std::string_view text = std::get<std::string_view>(field.value);
    if (format == LogFormat::text && is_plain(text)) {
      out += text;
    } else {
      append_quoted(out, text);
    }
  }
}

}  // namespace

std::string format_line(LogFormat format, Level level, std::string_view sentence,
                        std::span<const Field> fields) {
  std::string out;
  if (format == LogFormat::json) {
    out += R"("level":")";
    out += kLevelNames[static_cast<std::size_t>(level)];
    out += R"(","message":)";
    append_quoted(out, sentence);
    for (const Field& field : fields) {
      out += ',';
      append_quoted(out, field.name);
      out += ':';
      append_value(out, format, field);
    }
    return out;
  }
  out = fmt::format("{:<7} {}", kLevelNames[static_cast<std::size_t>(level)], sentence);
  for (const Field& field : fields) {
    out += ' ';
    out += field.name;
    out += '=';
    append_value(out, format, field);
  }
  return out;
}

namespace {

/// The field that identifies the source of a line; null if there is none.
const Field* payer_among(std::span<const Field> fields) {
  const auto paying = std::ranges::find(fields, true, &Field::pays);
  if (paying != fields.end()) return &*paying;
  for (const std::string_view name : kPayerFields) {
    const auto found = std::ranges::find(fields, name, &Field::name);
    if (found != fields.end()) return &*found;
  }
  return nullptr;
}

/// Passes finished lines to the thread that writes them.
class QueueSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  QueueSink(LogFormat format, const Clock& clock, int descriptor)
      : writer_(descriptor, kWaitingBytes, clock,
                [format](std::uint64_t dropped) { return note(format, dropped); }) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_.write(std::string(line.data(), line.size()));
  }
  void flush_() override {}

 private:
  static std::string note(LogFormat format, std::uint64_t dropped) {
    const std::string line =
        format_line(format, Level::warning,
                    "log lines were dropped because the reader was too slow", {{"lines", dropped}});
    return format == LogFormat::json ? "{" + line + "}\n" : line + "\n";
  }

  LineWriter writer_;
};

}  // namespace

Log::Log(LogFormat format, Level least, const Clock& clock, int descriptor)
    : format_(format),
      clock_(clock),
      least_(least),
      by_payer_(kPayers, kPayerAllowance),
      by_sentence_(kSentences, kSentenceAllowance),
      logger_(std::make_shared<spdlog::logger>(
          "imprint", std::make_shared<QueueSink>(format, clock, descriptor))) {
  logger_->set_level(spdlog::level::debug);  // Log::writes() has already filtered by level
  logger_->set_pattern(format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})"
                                                 : "%Y-%m-%dT%H:%M:%S.%eZ %v",
                       spdlog::pattern_time_type::utc);
}

Log::~Log() = default;

std::optional<std::uint64_t> Log::spend(std::string_view sentence, Fields fields) {
  std::string payer(sentence);
  const Field* field = payer_among(fields);
  const auto* text = field == nullptr ? nullptr : std::get_if<std::string_view>(&field->value);
  if (text != nullptr) {
    payer.append("\n");
    payer.append(field->name == "from" ? household_of(*text) : *text);
  }
  const Monotonic now = clock_.monotonic();
  const std::scoped_lock lock(mutex_);
  const auto grant = by_payer_.of(payer, now).take(now);
  if (!grant) return std::nullopt;
  const auto all = by_sentence_.of(sentence, now).take(now);
  if (!all) return std::nullopt;
  return grant->left_out + all->left_out;
}

void Log::write(Level level, std::string_view sentence, Log::Fields fields) {
  if (!writes(level)) return;
  std::vector<Field> all(fields);
  if (level != Level::debug) {
    const auto left_out = spend(sentence, fields);
    if (!left_out) return;
    if (*left_out > 0) all.emplace_back("more_like_this", *left_out);
  }
  logger_->log(clock_.now(), spdlog::source_loc{}, to_spdlog(level),
               spdlog::string_view_t(format_line(format_, level, sentence, all)));
}

}  // namespace imprint::telemetry
