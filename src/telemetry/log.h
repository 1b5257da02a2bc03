// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace spdlog {
class logger;
}

namespace imprint::telemetry {

enum class Level { debug, info, warning, error };
enum class LogFormat { text, json };

/// One named value of a log line. Text from outside is escaped and cut; a Secret has no way in.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;

  Field(std::string_view field, std::string_view text) : name(field), value(text) {}
  Field(std::string_view field, const std::string& text)
      : name(field), value(std::string_view(text)) {}
  Field(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
  Field(std::string_view field, double number) : name(field), value(number) {}
  template <class I>
    requires std::is_integral_v<I>
  Field(std::string_view field, I number) : name(field), value(static_cast<std::int64_t>(number)) {}
};

/// Writes one line for each call to stderr: a sentence and its fields, as text or JSON. Any thread.
/// Control characters never reach the output, so nobody can forge a line.
class Log {
 public:
  using Fields = std::initializer_list<Field>;

  Log(LogFormat format, Level least);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view sentence, Fields fields = {}) {
    write(Level::debug, sentence, fields);
  }
  void info(std::string_view sentence, Fields fields = {}) { write(Level::info, sentence, fields); }
  void warning(std::string_view sentence, Fields fields = {}) {
    write(Level::warning, sentence, fields);
  }
  void error(std::string_view sentence, Fields fields = {}) {
    write(Level::error, sentence, fields);
  }

  [[nodiscard]] bool writes(Level level) const { return level >= least_.load(); }
  void use_level(Level least) { least_ = least; }

 private:
  void write(Level level, std::string_view sentence, Fields fields);

  LogFormat format_;
  std::atomic<Level> least_;
  std::shared_ptr<spdlog::logger> logger_;
};

/// The line without time, and in JSON without the outer braces.
std::string format_line(LogFormat format, Level level, std::string_view sentence,
                        Log::Fields fields);

}  // namespace imprint::telemetry
