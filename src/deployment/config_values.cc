// SPDX-License-Identifier: Apache-2.0
#include "deployment/config_values.h"

#include "base/name.h"
#include "deployment/config.h"

namespace imprint::deployment {

namespace {

constexpr std::size_t kMaxListEntries = 64;
constexpr std::size_t kMaxTextChars = 1024;

}  // namespace

Result<std::string> text_of(const toml::node& node) {
  const auto value = node.value_exact<std::string>();
  if (!value) return fail(Fault::invalid, "must be text in double quotes");
  if (value->size() > kMaxTextChars)
    return fail(Fault::invalid, "has {} characters; at most {} are allowed", value->size(),
                kMaxTextChars);
  return *value;
}

Result<std::uint64_t> number_of(const toml::node& node, std::uint64_t low, std::uint64_t high) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < low ||
      static_cast<std::uint64_t>(*value) > high) {
    return fail(Fault::invalid, "must be a whole number from {} to {}", low, high);
  }
  return static_cast<std::uint64_t>(*value);
}

Result<std::vector<std::string>> texts_of(const toml::node& node) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return fail(Fault::invalid, "must be a list like [\"a\", \"b\"]");
  if (list->size() > kMaxListEntries) {
    return fail(Fault::invalid, "has {} entries; at most {} are allowed", list->size(),
                kMaxListEntries);
  }
  std::vector<std::string> out;
  for (const toml::node& entry : *list) {
    TRY_ASSIGN(std::string text, text_of(entry));
    out.push_back(std::move(text));
  }
  return out;
}

Result<Seconds> duration_of(const toml::node& node, Seconds low, Seconds high) {
  TRY_ASSIGN(const std::string value, text_of(node));
  TRY_ASSIGN(const Seconds parsed, parse_duration(value));
  if (parsed < low || parsed > high) {
    return fail(Fault::invalid, "must lie between {} and {} seconds", low.count(), high.count());
  }
  return parsed;
}

std::string shown(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return quote(*text);
  if (const auto integer = node.value_exact<std::int64_t>()) return fmt::format("{}", *integer);
  if (const auto boolean = node.value_exact<bool>()) return *boolean ? "true" : "false";
  if (const auto real = node.value_exact<double>()) return fmt::format("{}", *real);
  if (node.is_array()) return "[...]";
  if (node.is_table()) return "a table";
  return "a date or time";
}

std::string ConfigFile::at(const toml::source_region& source) const {
  return fmt::format("{}:{}", name, source.begin.line);
}

Unexpected wrong(std::string where, const std::string& what) {
  return Unexpected(Error{Fault::invalid, what, std::move(where)});
}

}  // namespace imprint::deployment
