// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "base/name.h"
#include "outcome/causes.h"
#include "templates/expression.h"

namespace imprint::templates {

namespace {

using Kind = Expression::Kind;

Unexpected refuse(const std::string& path, std::string message) {
  return Unexpected(Error{Fault::invalid, std::move(message), path, "InvalidParameters"_cause});
}

/// A value that goes into a policy document must stay a plain part of one topic level or name: no
/// policy wildcard, no policy variable, no MQTT wildcard, nothing that ends its JSON string.
bool harmless_in_policy(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7F &&
         std::string_view("*?${}\"\\+#/").find(c) == std::string_view::npos;
}

}  // namespace

Result<void> Evaluator::check_budget(std::size_t bytes, const std::string& path) const {
  if (bytes <= kMaxResultBytes - produced_) return {};
  return refuse(path, fmt::format("the template's values grow beyond {} bytes; send shorter "
                                  "parameters or repeat them less",
                                  kMaxResultBytes));
}

Result<std::string> Evaluator::reference(const Expression& expression, Flow flow) {
  const std::string& name = expression.text;
  const bool predefined = is_predefined(use_, name);
  const Parameters& from = predefined ? predefined_.values : parameters_;
  if (const auto given = from.find(name); given != from.end()) {
    const auto bad = std::ranges::find_if_not(given->second, harmless_in_policy);
    if (flow == Flow::policy_document && bad != given->second.end()) {
      return refuse(
          expression.path,
          fmt::format("parameter {} holds {} at position {}; a value that goes into a "
                      "policy document may not hold * ? $ {{ }} \" \\ + # / or control "
                      "characters",
                      name, quote(std::string_view(&*bad, 1)), bad - given->second.begin()));
    }
    return given->second;
  }
  const auto declared = declared_.find(name);
  if (declared != declared_.end()) {
    if (const auto& fallback = declared->second; fallback) return *fallback;
  }
  return refuse(expression.path,
                fmt::format("Cannot resolve reference value: {} ({})", name,
                            predefined ? "the certificate has no such attribute"
                                       : "the request does not give this parameter and the "
                                         "template has no Default for it"));
}

Result<std::string> Evaluator::concatenate(const Expression& expression, Flow flow) {
  std::vector<std::string> values;
  for (const Expression& part : expression.parts) {
    TRY_ASSIGN(std::string value, text(part, flow));
    values.push_back(std::move(value));
  }
  std::size_t size = 0;
  for (const auto& segment : expression.segments)
    size += segment.literal.size() + (segment.part ? values[*segment.part].size() : 0);
  TRY(check_budget(size, expression.path));
  std::string out;
  out.reserve(size);
  for (const auto& segment : expression.segments) {
    out += segment.literal;
    if (segment.part) out += values[*segment.part];
  }
  return out;
}

Result<std::string> Evaluator::join(const Expression& expression, Flow flow) {
  TRY_ASSIGN(const auto items, list(expression.parts[0], flow));
  std::size_t size = 0;
  for (const std::string& item : items) size += item.size() + expression.text.size();
  TRY(check_budget(size, expression.path));
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += expression.text;
    out += items[i];
  }
  return out;
}

Result<std::string> Evaluator::select(const Expression& expression, Flow flow) {
  // The index only selects; its text does not become part of the value.
  TRY_ASSIGN(const std::string index_text, text(expression.parts[0]));
  TRY_ASSIGN(const auto items, list(expression.parts[1], flow));
  std::size_t index = 0;
  const char* end = index_text.data() + index_text.size();
  const auto parsed = std::from_chars(index_text.data(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return refuse(expression.parts[0].path,
                  fmt::format("the index {} is not a number from 0", quote(index_text)));
  }
  if (index >= items.size()) {
    return refuse(expression.path,
                  fmt::format("index {} is outside the list of {} entries", index, items.size()));
  }
  return items[index];
}

Result<std::vector<std::string>> Evaluator::split(const Expression& expression, Flow flow) {
  TRY_ASSIGN(const std::string source, text(expression.parts[0], flow));
  std::vector<std::string> out;
  std::size_t from = 0;
  while (true) {
    const std::size_t at = source.find(expression.text, from);
    out.push_back(source.substr(from, at - from));
    if (at == std::string::npos) return out;
    from = at + expression.text.size();
  }
}

Result<Mapped> Evaluator::find(const Expression& expression) {
  TRY_ASSIGN(const std::string map_name, text(expression.parts[0]));
  TRY_ASSIGN(const std::string top_name, text(expression.parts[1]));
  TRY_ASSIGN(const std::string second_name, text(expression.parts[2]));
  const auto missing = [&](std::size_t i, std::string_view what, std::string_view name) {
    return refuse(expression.parts[i].path,
                  fmt::format("Mappings have no {} {}", what, quote(name)));
  };
  const auto map = mappings_.find(map_name);
  if (map == mappings_.end()) return missing(0, "map", map_name);
  const auto top = map->second.find(top_name);
  if (top == map->second.end()) return missing(1, "top-level key", top_name);
  const auto second = top->second.find(second_name);
  if (second == top->second.end()) return missing(2, "second-level key", second_name);
  return second->second;
}

Result<Mapped> Evaluator::any(const Expression& expression, Flow flow) {
  switch (expression.kind) {
    case Kind::find_in_map:
      return find(expression);
    case Kind::split:
    case Kind::list: {
      TRY_ASSIGN(auto items, list(expression, flow));
      return Mapped(std::move(items));
    }
    default: {
      TRY_ASSIGN(auto one, text(expression, flow));
      return Mapped(std::move(one));
    }
  }
}

Result<std::string> Evaluator::text(const Expression& expression, Flow flow) {
  const auto compute = [&]() -> Result<std::string> {
    switch (expression.kind) {
      case Kind::literal:
        return expression.text;
      case Kind::reference:
        return reference(expression, flow);
      case Kind::concat:
        return concatenate(expression, flow);
      case Kind::join:
        return join(expression, flow);
      case Kind::select:
        return select(expression, flow);
      case Kind::find_in_map: {
        TRY_ASSIGN(const Mapped found, find(expression));
        if (const auto* one = std::get_if<std::string>(&found)) return *one;
        return refuse(expression.path, "the map holds a list where one text is needed");
      }
      case Kind::split:
      case Kind::list:
        break;
    }
    return refuse(expression.path, "is a list where one text is needed");
  };
  TRY_ASSIGN(std::string out, compute());
  TRY(check_budget(out.size(), expression.path));
  produced_ += out.size();
  return out;
}

Result<std::vector<std::string>> Evaluator::list(const Expression& expression, Flow flow) {
  if (expression.kind == Kind::split) return split(expression, flow);
  if (expression.kind == Kind::find_in_map) {
    TRY_ASSIGN(const Mapped found, find(expression));
    if (const auto* items = std::get_if<std::vector<std::string>>(&found)) return *items;
    return refuse(expression.path, "the map holds one text where a list is needed");
  }
  std::vector<std::string> out;
  for (const Expression& part : expression.parts) {
    TRY_ASSIGN(std::string item, text(part, flow));
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace imprint::templates
