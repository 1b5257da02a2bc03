// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/action.h"
#include "policy/context.h"
#include "policy/variable.h"

namespace imprint::policy {

/// A text with wildcards and variables, compiled once to a list of tokens. Immutable and shared.
///
/// `*` matches any run of characters, `?` exactly one (a UTF-8 sequence counts as one), `${name}`
/// the variable's value and nothing else: what a value holds is never a wildcard. `${*}`, `${?}`
/// and
/// `${$}` stand for the plain character. A variable without a value matches nothing in an Allow and
/// any run of characters in a Deny: the parts that can be read still bind.
class Pattern {
 public:
  enum class Wildcards : bool { no, yes };
  enum class Case : bool { exact, ignore };  ///< `ignore` folds ASCII letters.

  static Result<Pattern> parse(std::string_view text, Wildcards wildcards, Case letters = {});

  /// Takes time proportional to pattern times text at most, and allocates nothing.
  [[nodiscard]] bool matches(std::string_view text, const Context& context, Reading reading) const;
  /// For patterns without variables.
  [[nodiscard]] bool matches(std::string_view text) const;

  [[nodiscard]] bool has_wildcards() const;
  /// Whether every text that it matches begins so, regardless of its variables' values.
  [[nodiscard]] bool begins_with(std::string_view text) const;
  /// The variables in it, in order.
  [[nodiscard]] const std::vector<Variable>& variables() const { return variables_; }

 private:
  enum class Kind : std::uint8_t { literal, any_run, any_one, variable };
  struct Token {
    Kind kind;
    std::uint32_t variable = 0;  ///< Index into variables_.
    std::string literal = {};
  };

  bool is_any_run(const Token& token, const Context& context, Reading reading) const;
  bool step(const Token& token, std::string_view text, std::size_t& at, const Context& context,
            Reading reading) const;
  void add_literal(std::string_view text);

  std::vector<Token> tokens_;
  std::vector<Variable> variables_;
  Case case_ = Case::exact;
};

/// A `Resource` entry: `*`, or arn:{partition}:iot:{region}:{account}:{type}/{name} with wildcards
/// inside and variables in the name. Matched part by part, so a wildcard in the region does not
/// extend into the name. The partition (aws, aws-cn, aws-us-gov) and, unless the context names one,
/// the region are not compared: Imprint accepts any of them. The account is compared.
class ResourcePattern {
 public:
  /// `types` are the words allowed before the name's slash.
  static Result<ResourcePattern> parse(std::string_view text,
                                       std::span<const std::string_view> types = resource_types());

  /// `resource` is "{type}/{name}", for example "topic/a/b"; empty for ResourceType::all, which
  /// only `*` covers.
  [[nodiscard]] bool matches(std::string_view resource, const Context& context,
                             Reading reading) const;
  /// Whether it spells out `topicfilter/$share/`: only then does an Allow mean the share group
  /// itself.
  [[nodiscard]] bool names_share_groups() const;

  [[nodiscard]] const std::vector<Variable>& variables() const { return name_.variables(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  bool everything_ = false;
  Pattern region_;
  Pattern account_;
  Pattern name_;
  std::string text_;
};

/// An `Action` entry: the actions that it covers; `*` and `?` as in resources, no variables. An
/// entry that covers no known action is refused.
Result<ActionSet> parse_action(std::string_view text);

/// Number of bytes of the character at `at`: a whole UTF-8 sequence, or one byte where there is
/// none.
std::size_t character_length(std::string_view text, std::size_t at);

}  // namespace imprint::policy
