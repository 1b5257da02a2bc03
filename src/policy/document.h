// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/name.h"
#include "base/result.h"
#include "encoding/json.h"

/// The parts that all AWS policy languages share: Version, Statement, members that are a string or
/// a list of strings, and errors that name their place. Used to read device policies (policy.h) and
/// access policies (access/policy.h).
namespace imprint::policy {

struct DocumentLimits {
  std::size_t characters;  ///< not counting white space, as AWS counts
  std::size_t bytes;       ///< including white space
};

/// One element of "Statement" with its JSON path.
struct StatementText {
  std::string where;  ///< "$.Statement[0]"
  encoding::json::object members;
};

/// An error with Fault::invalid, MalformedPolicy and the JSON path.
Unexpected malformed(std::string where, std::string message);
/// Prepends a path to the place that a deeper error names.
Unexpected malformed(const std::string& where, const Error& error);

/// The statements of a document: Version 2012-10-17, at least one statement, no other members.
Result<std::vector<StatementText>> parse_document(std::string_view document, DocumentLimits limits);

Result<std::string_view> string_at(const std::string& where, const encoding::json::value& value);

/// `where`.name, or `where`["name"] when the name is not a plain word, because paths reach logs.
std::string member_path(const std::string& where, std::string_view name);

/// At most 128 characters.
Result<std::string> parse_sid(const std::string& where, const encoding::json::value& value);
/// Whether a statement allows: "Allow" or "Deny".
Result<bool> parse_effect(const std::string& where, const encoding::json::value& value);

/// Calls f(where, text) for a string or for each string of a list that is not empty.
template <class F>
Result<void> each_string(const std::string& where, const encoding::json::value& value, F f) {
  if (!value.is_array()) {
    if (!value.is_string())
      return malformed(where, fmt::format("must be a string or a list of strings; found {}",
                                          encoding::type_name(value)));
    return f(where, std::string_view(value.get_string().data(), value.get_string().size()));
  }
  const encoding::json::array& list = value.get_array();
  if (list.empty()) return malformed(where, "the list is empty; give at least one entry");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", where, i);
    TRY_ASSIGN(const std::string_view text, string_at(place, list[i]));
    TRY(f(place, text));
  }
  return {};
}

}  // namespace imprint::policy
