// SPDX-License-Identifier: Apache-2.0
#include "policy/document.h"

#include <algorithm>

#include "outcome/causes.h"

namespace imprint::policy {

namespace json = encoding::json;

namespace {

constexpr std::string_view kVersion = "2012-10-17";
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxSidCharacters = 128;

std::size_t counted_characters(std::string_view document) {
  return static_cast<std::size_t>(std::ranges::count_if(document, [](char c) {
    const bool white = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    return !white && !continues;
  }));
}

Result<void> add_statement(std::vector<StatementText>& out, std::string where,
                           const json::value& value) {
  if (!value.is_object())
    return malformed(std::move(where),
                     fmt::format("must be an object; found {}", encoding::type_name(value)));
  out.push_back({std::move(where), value.get_object()});
  return {};
}

Result<void> check_members(const json::object& members) {
  for (const auto& member : members) {
    const std::string_view key(member.key().data(), member.key().size());
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
  return {};
}

}  // namespace

Unexpected malformed(std::string where, std::string message) {
  return Unexpected(
      Error{Fault::invalid, std::move(message), std::move(where), "MalformedPolicy"_cause});
}

Unexpected malformed(const std::string& where, const Error& error) {
  return malformed(where + error.where, error.message);
}

Result<std::string_view> string_at(const std::string& where, const json::value& value) {
  if (!value.is_string())
    return malformed(where, fmt::format("must be a string; found {}", encoding::type_name(value)));
  return std::string_view(value.get_string().data(), value.get_string().size());
}

std::string member_path(const std::string& where, std::string_view name) {
  constexpr std::size_t kMaxPlain = 64;
  const bool plain = name.size() <= kMaxPlain && std::ranges::all_of(name, [](char c) {
                       return name_rules::is_alnum(c) || c == ':';
                     });
  return plain ? fmt::format("{}.{}", where, name) : fmt::format("{}[{}]", where, quote(name));
}

Result<std::string> parse_sid(const std::string& where, const json::value& value) {
  TRY_ASSIGN(const std::string_view text, string_at(where, value));
  if (text.size() > kMaxSidCharacters)
    return malformed(where, fmt::format("has {} characters; at most {} are allowed", text.size(),
                                        kMaxSidCharacters));
  return std::string(text);
}

Result<bool> parse_effect(const std::string& where, const json::value& value) {
  TRY_ASSIGN(const std::string_view text, string_at(where, value));
  if (text != "Allow" && text != "Deny")
    return malformed(where, fmt::format("must be \"Allow\" or \"Deny\"; found {}", quote(text)));
  return text == "Allow";
}

Result<std::vector<StatementText>> parse_document(std::string_view document,
                                                  DocumentLimits limits) {
  if (document.size() > limits.bytes || counted_characters(document) > limits.characters) {
    return malformed("$",
                     fmt::format("the document has {} characters without white space; at most "
                                 "{} are allowed (and {} with)",
                                 counted_characters(document), limits.characters, limits.bytes));
  }
  const auto parsed = encoding::parse_json(document, {limits.bytes, kMaxDepth});
  if (!parsed) return malformed("$", parsed.error().message);
  if (!parsed->is_object())
    return malformed("$", fmt::format("must be an object with Version and Statement; found {}",
                                      encoding::type_name(*parsed)));
  const json::object& members = parsed->get_object();
  TRY(check_members(members));
  const json::value* statement = members.if_contains("Statement");
  if (statement == nullptr) return malformed("$", "has no Statement; give at least one");
  std::vector<StatementText> out;
  if (!statement->is_array()) {
    TRY(add_statement(out, "$.Statement", *statement));
    return out;
  }
  const json::array& list = statement->get_array();
  if (list.empty())
    return malformed("$.Statement", "the list is empty; give at least one statement");
  for (std::size_t i = 0; i < list.size(); ++i)
    TRY(add_statement(out, fmt::format("$.Statement[{}]", i), list[i]));
  return out;
}

}  // namespace imprint::policy
