// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/network.h"
#include "base/result.h"
#include "encoding/json.h"
#include "policy/context.h"
#include "policy/pattern.h"
#include "policy/variable.h"

namespace imprint::policy {

/// ISO 8601 ("2026-01-31", "2026-01-31T12:00:00Z", with fraction or ±hh:mm) or epoch seconds.
Result<Timestamp> parse_time(std::string_view text);

/// One line of a Condition block: operator, key, values. All lines of a statement must hold. Values
/// are alternatives; for a negated operator (StringNotEquals ...) none may match. A key that the
/// request does not have fails the line, but satisfies a negated operator, ...IfExists and
/// ForAllValues: (AWS IAM condition rules). Where the result is unknown - a value whose variable
/// cannot be resolved, an address or a number that cannot be read, the thing that a client hides
/// behind another client id - the line holds in a Deny and fails in an Allow.
class Condition {
 public:
  /// `values` is a string, number or boolean, or a list of them. Error.where is relative to them:
  /// "" or "[i]".
  static Result<Condition> parse(std::string_view op, std::string_view key,
                                 const encoding::json::value& values);

  [[nodiscard]] bool holds(const Context& context, Reading reading) const;

  /// The variables that its values refer to (not its key).
  void collect_variables(std::vector<Variable>& out) const;
  /// Adds the times at which it may start or stop holding merely because time passes.
  void collect_turning_points(std::vector<Timestamp>& out) const;
  [[nodiscard]] const Variable& key() const { return key_; }
  /// "StringEquals iot:ClientId", for explanations.
  [[nodiscard]] std::string describe() const;

 private:
  enum class Kind : std::uint8_t { string, numeric, date, boolean, ip, arn, null };
  enum class Compare : std::uint8_t { equal, less, less_equal, greater, greater_equal };
  enum class Set : std::uint8_t { none, for_all, for_any };
  enum class Text : std::uint8_t { exact, ignore_case, like };
  struct Operator {
    std::string_view name;
    Kind kind;
    bool negated = false;
    Compare compare = Compare::equal;
    Text text = Text::exact;
  };
  using Operand = std::variant<Pattern, ResourcePattern, double, Timestamp, bool, Network>;

  static const Operator* find_operator(std::string_view name);
  Result<void> check_key() const;
  Result<Operand> parse_operand(const encoding::json::value& value) const;
  enum class Match : std::uint8_t { no, unknown, yes };
  static Match matches_text(const std::vector<Variable>& variables, bool is_match,
                            const Context& context, Reading reading);
  Match matches(Value value, const Operand& operand, const Context& context, Reading reading) const;
  bool passes(Value value, const Context& context, Reading reading) const;
  bool time_passes(Timestamp now) const;
  template <class T>
  bool compare(const T& left, const T& right) const;

  const Operator* operator_ = nullptr;
  Set set_ = Set::none;
  bool if_exists_ = false;
  Variable key_;
  std::vector<Operand> operands_;
  std::string spelling_;
};

}  // namespace imprint::policy
