// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <algorithm>
#include <array>

#include "base/name.h"
#include "encoding/json.h"

namespace imprint::policy {

namespace json = encoding::json;

namespace {

constexpr std::string_view kCode = "MalformedPolicy";
constexpr std::string_view kVersion = "2012-10-17";
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxSidCharacters = 128;

std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }
std::string_view text_of(json::string_view text) { return {text.data(), text.size()}; }

Unexpected malformed(std::string where, std::string message) {
  return Unexpected(Error{Fault::invalid, std::move(message), std::move(where), kCode});
}

/// Puts a path before the place that a deeper error names.
Unexpected malformed(const std::string& where, const Error& error) {
  return malformed(where + error.where, error.message);
}

std::size_t counted_characters(std::string_view document) {
  return static_cast<std::size_t>(std::ranges::count_if(document, [](char c) {
    const bool white = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    return !white && !continues;
  }));
}

Result<std::string_view> string_at(const std::string& where, const json::value& value) {
  if (!value.is_string())
    return malformed(where, fmt::format("must be a string; found {}", encoding::type_name(value)));
  return text_of(value.get_string());
}

/// Calls f(where, text) for a string or for each string of a list that is not empty.
template <class F>
Result<void> each_string(const std::string& where, const json::value& value, F f) {
  if (!value.is_array()) {
    if (!value.is_string())
      return malformed(where, fmt::format("must be a string or a list of strings; found {}",
                                          encoding::type_name(value)));
    return f(where, text_of(value.get_string()));
  }
  const json::array& list = value.get_array();
  if (list.empty()) return malformed(where, "the list is empty; give at least one entry");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", where, i);
    TRY_ASSIGN(const std::string_view text, string_at(place, list[i]));
    TRY(f(place, text));
  }
  return {};
}

/// `where`.name, or `where`["name"] when the name is not a plain word: paths reach logs.
std::string member_path(const std::string& where, std::string_view name) {
  constexpr std::size_t kMaxPlain = 64;
  const bool plain = name.size() <= kMaxPlain && std::ranges::all_of(name, [](char c) {
                       return name_rules::is_alnum(c) || c == ':';
                     });
  return plain ? fmt::format("{}.{}", where, name) : fmt::format("{}[{}]", where, quote(name));
}

std::string_view remedy_for(std::string_view member) {
  if (member == "NotAction") return "list the actions in Action instead";
  if (member == "NotResource")
    return "allow what is needed in Resource, or deny the exceptions in a statement of their own";
  if (member == "Principal" || member == "NotPrincipal")
    return "remove it: a policy applies to the certificates it is attached to";
  return "known are Sid, Effect, Action, Resource and Condition";
}

}  // namespace

/// Turns one element of "Statement" into a Statement.
class StatementParser {
 public:
  explicit StatementParser(std::string where) : where_(std::move(where)) {}

  Result<Statement> parse(const json::value& value) {
    if (!value.is_object())
      return malformed(where_,
                       fmt::format("must be an object; found {}", encoding::type_name(value)));
    const json::object& members = value.get_object();
    for (const auto& member : members) TRY(take(text_of(member.key()), member.value()));
    for (const char* needed : {"Effect", "Action", "Resource"}) {
      if (!members.contains(needed))
        return malformed(where_, fmt::format("has no {}; every statement needs one", needed));
    }
    collect_variables();
    return std::move(out_);
  }

 private:
  Result<void> take(std::string_view member, const json::value& value) {
    const std::string where = member_path(where_, member);
    if (member == "Sid") return take_sid(where, value);
    if (member == "Effect") return take_effect(where, value);
    if (member == "Action") return take_actions(where, value);
    if (member == "Resource") return take_resources(where, value);
    if (member == "Condition") return take_conditions(where, value);
    return malformed(where_, fmt::format("member {} is not supported in device policies; {}",
                                         quote(member), remedy_for(member)));
  }

  Result<void> take_sid(const std::string& where, const json::value& value) {
    TRY_ASSIGN(const std::string_view text, string_at(where, value));
    if (text.size() > kMaxSidCharacters)
      return malformed(where, fmt::format("has {} characters; at most {} are allowed", text.size(),
                                          kMaxSidCharacters));
    out_.sid_ = text;
    return {};
  }

  Result<void> take_effect(const std::string& where, const json::value& value) {
    TRY_ASSIGN(const std::string_view text, string_at(where, value));
    if (text != "Allow" && text != "Deny")
      return malformed(where, fmt::format("must be \"Allow\" or \"Deny\"; found {}", quote(text)));
    out_.allows_ = text == "Allow";
    return {};
  }

  Result<void> take_actions(const std::string& where, const json::value& value) {
    return each_string(where, value,
                       [&](const std::string& place, std::string_view text) -> Result<void> {
                         const auto found = parse_action(text);
                         if (!found) return malformed(place, found.error());
                         out_.actions_ |= *found;
                         return {};
                       });
  }

  Result<void> take_resources(const std::string& where, const json::value& value) {
    return each_string(where, value,
                       [&](const std::string& place, std::string_view text) -> Result<void> {
                         auto found = ResourcePattern::parse(text);
                         if (!found) return malformed(place, found.error());
                         out_.resources_.push_back(*std::move(found));
                         return {};
                       });
  }

  Result<void> take_conditions(const std::string& where, const json::value& value) {
    if (!value.is_object())
      return malformed(where, fmt::format("must be an object of operators; found {}",
                                          encoding::type_name(value)));
    for (const auto& block : value.get_object()) {
      const std::string_view op = text_of(block.key());
      const std::string place = member_path(where, op);
      if (!block.value().is_object())
        return malformed(place, fmt::format("must be an object of condition keys; found {}",
                                            encoding::type_name(block.value())));
      for (const auto& line : block.value().get_object()) {
        const std::string_view key = text_of(line.key());
        auto condition = Condition::parse(op, key, line.value());
        if (!condition)
          return malformed(fmt::format("{}[{}]", place, quote(key)), condition.error());
        out_.conditions_.push_back(*std::move(condition));
      }
    }
    return {};
  }

  void collect_variables() {
    std::vector<Variable> all;
    for (const ResourcePattern& resource : out_.resources_)
      all.insert(all.end(), resource.variables().begin(), resource.variables().end());
    for (const Condition& condition : out_.conditions_) condition.collect_variables(all);
    for (Variable& variable : all) {
      if (std::ranges::find(out_.variables_, variable) == out_.variables_.end())
        out_.variables_.push_back(std::move(variable));
    }
  }

  std::string where_;
  Statement out_;
};

Result<Policy> Policy::parse(std::string_view document, std::string name) {
  if (document.size() > kMaxDocumentBytes ||
      counted_characters(document) > kMaxDocumentCharacters) {
    return malformed(
        "$", fmt::format("the document has {} characters without white space; at most "
                         "{} are allowed (and {} with)",
                         counted_characters(document), kMaxDocumentCharacters, kMaxDocumentBytes));
  }
  const auto parsed = encoding::parse_json(document, {kMaxDocumentBytes, kMaxDepth});
  if (!parsed) return malformed("$", parsed.error().message);
  if (!parsed->is_object())
    return malformed("$", fmt::format("must be an object with Version and Statement; found {}",
                                      encoding::type_name(*parsed)));
  const json::object& members = parsed->get_object();
  for (const auto& member : members) {
    const std::string_view key = text_of(member.key());
    if (key != "Version" && key != "Statement")
      return malformed(
          "$",
          fmt::format("member {} is not supported; known are Version and Statement", quote(key)));
  }
  const json::value* version = members.if_contains("Version");
  if (version == nullptr)
    return malformed("$", fmt::format("has no Version; write \"Version\": \"{}\"", kVersion));
  TRY_ASSIGN(const std::string_view found, string_at("$.Version", *version));
  if (found != kVersion)
    return malformed("$.Version", fmt::format("is {}; the only version with policy variables is "
                                              "\"{}\"",
                                              quote(found), kVersion));
  const json::value* statement = members.if_contains("Statement");
  if (statement == nullptr) return malformed("$", "has no Statement; give at least one");

  Policy out;
  out.name_ = std::move(name);
  if (!statement->is_array()) {
    TRY_ASSIGN(Statement one, StatementParser("$.Statement").parse(*statement));
    out.statements_.push_back(std::move(one));
    return out;
  }
  const json::array& list = statement->get_array();
  if (list.empty())
    return malformed("$.Statement", "the list is empty; give at least one statement");
  for (std::size_t i = 0; i < list.size(); ++i) {
    TRY_ASSIGN(Statement one, StatementParser(fmt::format("$.Statement[{}]", i)).parse(list[i]));
    out.statements_.push_back(std::move(one));
  }
  return out;
}

}  // namespace imprint::policy
