// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log.h"

#include <array>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace imprint::telemetry {

namespace {

constexpr std::size_t kMaxValueBytes = 1000;

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

spdlog::level::level_enum to_spdlog(Level level) {
  static constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info,
                                         spdlog::level::warn, spdlog::level::err};
  return kLevels[static_cast<std::size_t>(level)];
}

/// A JSON string literal in plain ASCII but for well-formed higher characters, which pass. Bytes of
/// controls, and the C1 range that terminals obey, become escapes.
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
                        Log::Fields fields) {
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

Log::Log(LogFormat format, Level least)
    : format_(format),
      least_(least),
      logger_(std::make_shared<spdlog::logger>("imprint",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  logger_->set_level(spdlog::level::debug);  // writes() has decided before
  logger_->set_pattern(format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})"
                                                 : "%Y-%m-%dT%H:%M:%S.%eZ %v",
                       spdlog::pattern_time_type::utc);
}

Log::~Log() = default;

void Log::write(Level level, std::string_view sentence, Log::Fields fields) {
  if (!writes(level)) return;
  logger_->log(to_spdlog(level),
               spdlog::string_view_t(format_line(format_, level, sentence, fields)));
}

}  // namespace imprint::telemetry
