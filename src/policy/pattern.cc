// SPDX-License-Identifier: Apache-2.0
#include "policy/pattern.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>

#include "base/name.h"

namespace imprint::policy {

namespace {

constexpr std::array<std::string_view, 3> kPartitions = {"aws", "aws-cn", "aws-us-gov"};

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_text(std::string_view a, std::string_view b, Pattern::Case letters) {
  if (letters == Pattern::Case::exact) return a == b;
  return std::ranges::equal(a, b, {}, fold, fold);
}

/// Advances `at` over `value` in the escaped form of certificate variables; false if the text
/// differs.
bool step_escaped(std::string_view value, std::string_view text, std::size_t& at,
                  Pattern::Case letters) {
  std::size_t i = at;
  for (const char c : value) {
    if (needs_escape(c)) {
      if (i >= text.size() || text[i] != '\\') return false;
      ++i;
    }
    if (i >= text.size() || !same_text(text.substr(i, 1), {&c, 1}, letters)) return false;
    ++i;
  }
  at = i;
  return true;
}

bool permits_region(char c) {
  return (c >= 'a' && c <= 'z') || name_rules::is_digit(c) || c == '-' || c == '*' || c == '?';
}
bool permits_account(char c) { return name_rules::is_digit(c) || c == '*' || c == '?'; }

Unexpected bad_arn(std::string_view text, std::string_view what) {
  return fail(Fault::invalid,
              "{} {}; write * or arn:aws:iot:REGION:ACCOUNT:TYPE/NAME, for example "
              "arn:aws:iot:*:000000000000:thing/sensor-*",
              quote(text), what);
}

/// The word before the first '/' must be a resource type, unless it contains a wildcard.
Result<void> check_type(std::string_view arn, std::string_view resource,
                        std::span<const std::string_view> types) {
  const std::string_view word = resource.substr(0, resource.find('/'));
  if (word.find_first_of("*?") != std::string_view::npos) return {};
  if (word.size() == resource.size()) return bad_arn(arn, "has no TYPE/NAME after the account");
  if (std::ranges::find(types, word) == types.end()) {
    return bad_arn(arn, fmt::format("has resource type {}; known are {}", quote(word),
                                    fmt::join(types, ", ")));
  }
  return {};
}

}  // namespace

std::size_t character_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t follow = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  std::size_t length = 1;
  while (length <= follow && at + length < text.size() &&
         (static_cast<unsigned char>(text[at + length]) & 0xC0) == 0x80) {
    ++length;
  }
  return length;
}

void Pattern::add_literal(std::string_view text) {
  if (tokens_.empty() || tokens_.back().kind != Kind::literal) tokens_.push_back({Kind::literal});
  tokens_.back().literal += text;
}

Result<Pattern> Pattern::parse(std::string_view text, Wildcards wildcards, Case letters) {
  Pattern out;
  out.case_ = letters;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (wildcards == Wildcards::yes && c == '*') {
      // "**" means the same as "*".
      if (out.tokens_.empty() || out.tokens_.back().kind != Kind::any_run)
        out.tokens_.push_back({Kind::any_run});
      ++i;
    } else if (wildcards == Wildcards::yes && c == '?') {
      out.tokens_.push_back({Kind::any_one});
      ++i;
    } else if (text.substr(i).starts_with("${")) {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) {
        return fail(Fault::invalid, "{} has '${{' at position {} without a closing '}}'",
                    quote(text), i);
      }
      const std::string_view name = text.substr(i + 2, end - i - 2);
      i = end + 1;
      if (name == "*" || name == "?" || name == "$") {
        out.add_literal(name);
        continue;
      }
      TRY_ASSIGN(Variable variable, Variable::parse(name));
      if (!variable.substitutes()) {
        return fail(Fault::invalid,
                    "${{{}}} has no single value to put in its place; use it as a condition key",
                    name);
      }
      out.tokens_.push_back({Kind::variable, static_cast<std::uint32_t>(out.variables_.size())});
      out.variables_.push_back(std::move(variable));
    } else {
      out.add_literal({&c, 1});
      ++i;
    }
  }
  return out;
}

bool Pattern::is_any_run(const Token& token, const Context& context, Reading reading) const {
  if (token.kind == Kind::any_run) return true;
  return token.kind == Kind::variable && reading == Reading::deny &&
         substitution(variables_[token.variable], context, reading).text.empty();
}

bool Pattern::step(const Token& token, std::string_view text, std::size_t& at,
                   const Context& context, Reading reading) const {
  switch (token.kind) {
    case Kind::literal:
      if (!same_text(text.substr(at, token.literal.size()), token.literal, case_)) return false;
      at += token.literal.size();
      return true;
    case Kind::any_one:
      if (at >= text.size()) return false;
      at += character_length(text, at);
      return true;
    case Kind::variable: {
      const Value value = substitution(variables_[token.variable], context, reading);
      if (value.text.empty()) return false;
      if (value.escaped) return step_escaped(value.text, text, at, case_);
      if (!same_text(text.substr(at, value.text.size()), value.text, case_)) return false;
      at += value.text.size();
      return true;
    }
    case Kind::any_run:
      break;
  }
  return false;
}

bool Pattern::matches(std::string_view text) const {
  return matches(text, nothing_known(), Reading::allow);
}

bool Pattern::matches(std::string_view text, const Context& context, Reading reading) const {
  // Every token but `*` has a fixed width at a given place, so after a mismatch only the last `*`
  // needs to be tried again: no exponential search.
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t token = 0;
  std::size_t at = 0;
  std::size_t after_run = kNone;
  std::size_t run_end = 0;
  while (token < tokens_.size() || at < text.size()) {
    if (token < tokens_.size()) {
      if (is_any_run(tokens_[token], context, reading)) {
        if (++token == tokens_.size()) return true;
        after_run = token;
        run_end = at;
        continue;
      }
      if (step(tokens_[token], text, at, context, reading)) {
        ++token;
        continue;
      }
    }
    if (after_run == kNone || run_end >= text.size()) return false;
    run_end += character_length(text, run_end);
    at = run_end;
    token = after_run;
  }
  return true;
}

bool Pattern::has_wildcards() const {
  return std::ranges::any_of(tokens_, [](const Token& token) {
    return token.kind == Kind::any_run || token.kind == Kind::any_one;
  });
}

bool Pattern::begins_with(std::string_view text) const {
  return !tokens_.empty() && tokens_.front().kind == Kind::literal &&
         tokens_.front().literal.starts_with(text);
}

Result<ResourcePattern> ResourcePattern::parse(std::string_view text,
                                               std::span<const std::string_view> types) {
  ResourcePattern out;
  out.text_ = text;
  if (text == "*") {
    out.everything_ = true;
    return out;
  }
  // arn : partition : service : region : account : rest, where the rest may contain colons.
  std::array<std::string_view, 5> parts;
  std::string_view rest = text;
  for (std::string_view& part : parts) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return bad_arn(text, "is not an ARN");
    part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  const auto& [arn, partition, service, region, account] = parts;
  if (arn != "arn") return bad_arn(text, "does not begin with \"arn:\"");
  if (partition != "*" && std::ranges::find(kPartitions, partition) == kPartitions.end())
    return bad_arn(text, fmt::format("has partition {}", quote(partition)));
  if (service != "iot" && service != "*")
    return bad_arn(text, fmt::format("names service {} instead of iot", quote(service)));
  if (region.empty() || !std::ranges::all_of(region, permits_region))
    return bad_arn(text, fmt::format("has region {}", quote(region)));
  const bool wild = account.find_first_of("*?") != std::string_view::npos;
  if (account.empty() || !std::ranges::all_of(account, permits_account) ||
      (!wild && account.size() != 12))
    return bad_arn(text, fmt::format("has account {}, not 12 digits", quote(account)));
  TRY(check_type(text, rest, types));
  TRY_ASSIGN(out.region_, Pattern::parse(region, Pattern::Wildcards::yes));
  TRY_ASSIGN(out.account_, Pattern::parse(account, Pattern::Wildcards::yes));
  TRY_ASSIGN(out.name_, Pattern::parse(rest, Pattern::Wildcards::yes));
  return out;
}

bool ResourcePattern::names_share_groups() const {
  return name_.begins_with("topicfilter/$share/");
}

bool ResourcePattern::matches(std::string_view resource, const Context& context,
                              Reading reading) const {
  if (everything_) return true;
  if (resource.empty()) return false;
  return (context.region->empty() || region_.matches(context.region, context, reading)) &&
         account_.matches(context.account, context, reading) &&
         name_.matches(resource, context, reading);
}

Result<ActionSet> parse_action(std::string_view text) {
  ActionSet out;
  if (text.find_first_of("*?") == std::string_view::npos) {
    if (const auto action = find_action(text)) out.set(static_cast<std::size_t>(*action));
  } else if (text.find("${") == std::string_view::npos) {
    TRY_ASSIGN(const Pattern pattern,
               Pattern::parse(text, Pattern::Wildcards::yes, Pattern::Case::ignore));
    for (const ActionInfo& row : actions()) {
      if (pattern.matches(row.name) || (!row.old_name.empty() && pattern.matches(row.old_name)))
        out.set(static_cast<std::size_t>(row.action));
    }
  }
  if (out.none()) {
    return fail(Fault::invalid,
                "{} is not an action of device policies; known are iot:Connect, iot:Publish, "
                "iot:Subscribe, iot:Receive, iot:RetainPublish and the shadow, jobs and credential "
                "actions",
                quote(text));
  }
  return out;
}

}  // namespace imprint::policy
