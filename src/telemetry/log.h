// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/clock.h"
#include "telemetry/audit_budgets.h"

namespace spdlog {
class logger;
}

namespace imprint::telemetry {

enum class Level { debug, info, warning, error };
enum class LogFormat { text, json };

/// One named value of a log line. Text from outside is escaped and cut; a Secret cannot be passed.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
  bool pays = false;  ///< see pays()

  Field(std::string_view field, std::string_view text) : name(field), value(text) {}
  Field(std::string_view field, const std::string& text)
      : name(field), value(std::string_view(text)) {}
  Field(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
  Field(std::string_view field, double number) : name(field), value(number) {}
  template <class I>
    requires std::is_integral_v<I>
  Field(std::string_view field, I number) : name(field), value(static_cast<std::int64_t>(number)) {}
};

/// Marks the field that identifies the source of a line if that is not the certificate.
/// Unregistered certificates cost nothing to create, so their senders are identified by address.
inline Field pays(Field field) {
  field.pays = true;
  return field;
}

/// Writes one line per call to stderr: a sentence and its fields, as text or JSON. Any thread;
/// never waits for the reader. Control characters never reach the output, so nobody can forge a
/// line. Repeated lines have a budget per sentence and source. The source is the value of the field
/// marked with pays() or, without one, of the first field among certificate, from, claim, hook and
/// template. Each sentence also has a budget of its own. A later line says how many similar ones
/// were left out. Level debug, which an operator must request, has no budget.
class Log {
 public:
  using Fields = std::initializer_list<Field>;

  Log(LogFormat format, Level least, const Clock& clock, int descriptor = 2);
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
  /// The number of similar lines left out before this one; nullopt when this one is left out, too.
  std::optional<std::uint64_t> spend(std::string_view sentence, Fields fields);

  LogFormat format_;
  const Clock& clock_;
  std::atomic<Level> least_;
  std::mutex mutex_;  ///< guards the budgets
  AuditBudgets by_payer_;
  AuditBudgets by_sentence_;
  std::shared_ptr<spdlog::logger> logger_;
};

/// The line without the time, and in JSON without the outer braces.
std::string format_line(LogFormat format, Level level, std::string_view sentence,
                        std::span<const Field> fields);
inline std::string format_line(LogFormat format, Level level, std::string_view sentence,
                               Log::Fields fields) {
  return format_line(format, level, sentence,
                     std::span<const Field>(fields.begin(), fields.size()));
}

}  // namespace imprint::telemetry
