// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/name.h"
#include "rest/operation.h"

/// Inputs of any resource: flags, texts, ARNs, pages.
namespace imprint::rest::members {

template <class Rule>
constexpr TextRule rule_of(std::string_view pattern) {
  return {pattern, &Rule::permits, Rule::allowed};
}

inline constexpr TextRule kDigits{"[0-9]+", &name_rules::is_digit, "digits"};
inline constexpr TextRule kHex{"(0x)?[a-fA-F0-9]+",
                               [](char c) {
                                 return name_rules::is_digit(c) || (c >= 'a' && c <= 'f') ||
                                        (c >= 'A' && c <= 'F') || c == 'x';
                               },
                               "64 hexadecimal digits"};
inline constexpr TextRule kPrintable{
    "[\\p{Graph}\\x20]*", [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; },
    "printable characters"};

template <class Rule>
constexpr InputInfo name_input(std::string_view member, std::string_view pattern, Location in,
                               bool required) {
  return {.name = member,
          .in = in,
          .required = required,
          .least = 1,
          .most = static_cast<std::int64_t>(Rule::max_bytes),
          .rule = rule_of<Rule>(pattern)};
}

constexpr InputInfo text(std::string_view member, std::int64_t most, bool required = false) {
  return {.name = member, .required = required, .most = most};
}
constexpr InputInfo flag(std::string_view member, Location in) {
  return {.name = member, .in = in, .type = Type::boolean};
}
constexpr InputInfo object(std::string_view member, bool required = false) {
  return {.name = member, .type = Type::object, .required = required};
}
constexpr InputInfo expected_version(Location in) {
  return {.name = "expectedVersion", .in = in, .type = Type::integer, .least = 0};
}
/// An ARN, which the handler parses.
constexpr InputInfo arn(std::string_view member, Location in = Location::body,
                        std::string_view wire = {}) {
  return {.name = member, .in = in, .required = true, .least = 1, .most = 2048, .wire = wire};
}

constexpr InputInfo optional_arn(std::string_view member) {
  InputInfo input = arn(member);
  input.required = false;
  return input;
}

/// `tags` of the operations that create; read_tags() parses the list.
inline constexpr InputInfo kTags{.name = "tags", .type = Type::list};

// Pages (contract section 8.3).
inline constexpr std::int64_t kMaxPage = 250;
inline constexpr InputInfo kMaxResults{.name = "maxResults",
                                       .in = Location::query,
                                       .type = Type::integer,
                                       .least = 1,
                                       .most = kMaxPage};
inline constexpr InputInfo kNextToken{.name = "nextToken", .in = Location::query, .most = 2048};
inline constexpr InputInfo kPageSize{
    .name = "pageSize", .in = Location::query, .type = Type::integer, .least = 1, .most = kMaxPage};
inline constexpr InputInfo kMarker{
    .name = "marker",
    .in = Location::query,
    .most = 1024,
    .rule = {"[A-Za-z0-9+/]+={0,2}",
             [](char c) { return name_rules::is_alnum(c) || c == '+' || c == '/' || c == '='; },
             "the nextMarker of the page before"}};
inline constexpr InputInfo kAscendingOrder{.name = "ascendingOrder",
                                           .in = Location::query,
                                           .type = Type::boolean,
                                           .wire = "isAscendingOrder"};

}  // namespace imprint::rest::members
