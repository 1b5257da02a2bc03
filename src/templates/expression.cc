// SPDX-License-Identifier: Apache-2.0
#include "templates/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "base/name.h"
#include "templates/text.h"

namespace imprint::templates {

namespace json = encoding::json;

namespace {

using Kind = Expression::Kind;
using Shape = Expression::Shape;

constexpr std::string_view kFunctionPrefix = "Fn::";
constexpr std::string_view kKnownFunctions =
    "use Ref, Fn::Join, Fn::Select, Fn::FindInMap, Fn::Split or Fn::Sub";
constexpr std::array<std::string_view, 8> kPseudoParameters = {
    "AWS::Region",  "AWS::AccountId", "AWS::Partition", "AWS::StackName",
    "AWS::StackId", "AWS::URLSuffix", "AWS::NoValue",   "AWS::NotificationARNs"};

bool is_function_name(std::string_view name) {
  return name == "Ref" || name.starts_with(kFunctionPrefix);
}

/// `${iot:...}` and `${aws:...}` are policy variables, `${*}`, `${?}` and `${$}` policy escapes.
bool belongs_to_policies(std::string_view name) {
  return name.starts_with("iot:") || name.starts_with("aws:") || name == "*" || name == "?" ||
         name == "$";
}

void add_once(std::vector<std::string>& out, const std::string& name) {
  if (std::ranges::find(out, name) == out.end()) out.push_back(name);
}

void walk_references(const Expression& expression, bool sources_only,
                     std::vector<std::string>& out) {
  if (expression.kind == Kind::reference) add_once(out, expression.text);
  if (sources_only && expression.kind == Kind::find_in_map) return;
  const std::size_t first = sources_only && expression.kind == Kind::select ? 1 : 0;
  for (std::size_t i = first; i < expression.parts.size(); ++i)
    walk_references(expression.parts[i], sources_only, out);
}

}  // namespace

std::vector<std::string> Expression::references() const {
  std::vector<std::string> out;
  walk_references(*this, false, out);
  return out;
}

std::vector<std::string> Expression::sources() const {
  std::vector<std::string> out;
  walk_references(*this, true, out);
  return out;
}

namespace {

/// Longer texts already exceed the limit of any name or attribute.
constexpr std::size_t kMostLiteralBytes = 4096;

/// The leaves of Mappings that a lookup may return.
std::vector<std::string> reachable_texts(const Expression& lookup, const Mappings& mappings) {
  const auto fits = [&](std::size_t part, const std::string& name) {
    const Expression& key = lookup.parts[part];
    return key.kind != Expression::Kind::literal || key.text == name;
  };
  std::vector<std::string> out;
  for (const auto& [map, tops] : mappings) {
    if (!fits(0, map)) continue;
    for (const auto& [top, seconds] : tops) {
      if (!fits(1, top)) continue;
      for (const auto& [second, value] : seconds) {
        if (!fits(2, second)) continue;
        if (const auto* text = std::get_if<std::string>(&value)) out.push_back(*text);
        if (const auto* texts = std::get_if<std::vector<std::string>>(&value))
          out.insert(out.end(), texts->begin(), texts->end());
      }
    }
  }
  return out;
}

/// The only possible text, or an empty one: where a parameter chooses, no choice is certain.
std::string certain_text(const Expression& expression, const Mappings& mappings) {
  const std::vector<std::string> texts = literal_texts(expression, mappings);
  return texts.size() == 1 ? texts.front() : std::string();
}

}  // namespace

std::vector<std::string> literal_texts(const Expression& expression, const Mappings& mappings) {
  switch (expression.kind) {
    case Kind::literal:
      return {expression.text};
    case Kind::concat: {
      // Each part once, regardless of how often the text names it.
      std::vector<std::string> values;
      for (const Expression& part : expression.parts)
        values.push_back(certain_text(part, mappings));
      std::string out;
      for (const Expression::Segment& segment : expression.segments) {
        out += segment.literal;
        if (segment.part) out += values[*segment.part];
        if (out.size() > kMostLiteralBytes) break;
      }
      return {out};
    }
    case Kind::join: {
      const Expression& items = expression.parts[0];
      if (items.kind != Kind::list) return {};
      std::string out;
      for (std::size_t i = 0; i < items.parts.size(); ++i) {
        if (i > 0) out += expression.text;
        out += certain_text(items.parts[i], mappings);
        if (out.size() > kMostLiteralBytes) break;
      }
      return {out};
    }
    case Kind::list: {
      std::vector<std::string> out;
      for (const Expression& item : expression.parts) {
        const std::vector<std::string> texts = literal_texts(item, mappings);
        out.insert(out.end(), texts.begin(), texts.end());
      }
      return out;
    }
    case Kind::select: {
      // A constant index selects one of them, but only evaluation knows which.
      if (expression.parts[0].is_constant()) return {};
      return literal_texts(expression.parts[1], mappings);
    }
    case Kind::find_in_map:
      return reachable_texts(expression, mappings);
    case Kind::reference:
    case Kind::split:
      return {};
  }
  return {};
}

bool looks_like_function(const json::value& value) {
  return value.is_object() && std::ranges::any_of(value.get_object(), [](const auto& member) {
           return is_function_name(text_of(member.key()));
         });
}

/// Counts how deeply functions and lists are nested.
class ExpressionCompiler::Nesting {
 public:
  explicit Nesting(std::size_t& depth) : depth_(depth) { ++depth_; }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  [[nodiscard]] bool too_deep() const { return depth_ > kMaxFunctionDepth; }

 private:
  std::size_t& depth_;
};

Expression ExpressionCompiler::any(const json::value& value, const std::string& path) {
  Expression out;
  out.path = path;
  const Nesting nesting(depth_);
  if (nesting.too_deep()) {
    problems_.error(path,
                    fmt::format("functions and lists are nested deeper than {}", kMaxFunctionDepth),
                    "compute less in one value");
    return out;
  }
  if (value.is_string()) {
    out.text = text_of(value);
    return out;
  }
  if (value.is_array()) {
    out.kind = Kind::list;
    out.shape = Shape::list;
    const json::array& items = value.get_array();
    for (std::size_t i = 0; i < items.size(); ++i)
      out.parts.push_back(text(items[i], index_path(path, i)));
    return out;
  }
  if (looks_like_function(value)) {
    const json::object& members = value.get_object();
    if (members.size() != 1) {
      problems_.error(path, "a function shares its object with other members",
                      "make the function the only member of its object");
      return out;
    }
    const std::string_view name = text_of(members.begin()->key());
    out = function(name, members.begin()->value(), member_path(path, name));
    return out;
  }
  problems_.error(
      path, fmt::format("must be a string or a function; found {}", encoding::type_name(value)),
      value.is_number() || value.is_bool() ? "write it in quotes" : kKnownFunctions.data());
  return out;
}

Expression ExpressionCompiler::text(const json::value& value, const std::string& path) {
  Expression out = any(value, path);
  if (out.shape == Shape::list) {
    problems_.error(path, "is a list where one text is needed", "pick one with Fn::Select");
    return Expression{.path = path};
  }
  return out;
}

Expression ExpressionCompiler::list(const json::value& value, const std::string& path) {
  if (!value.is_array() && !looks_like_function(value)) {
    problems_.error(path,
                    fmt::format("must be a list of strings; found {}", encoding::type_name(value)),
                    "write a JSON array");
    return Expression{.kind = Kind::list, .shape = Shape::list, .path = path};
  }
  Expression out = any(value, path);
  if (out.shape == Shape::text) {
    problems_.error(path, "is one text where a list is needed",
                    "put it in [ ], or split it with Fn::Split");
    return Expression{.kind = Kind::list, .shape = Shape::list, .path = path};
  }
  return out;
}

Expression ExpressionCompiler::function(std::string_view name, const json::value& argument,
                                        const std::string& path) {
  if (name == "Ref") return reference(argument, path);
  if (name == "Fn::Join") return join(argument, path);
  if (name == "Fn::Select") return select(argument, path);
  if (name == "Fn::FindInMap") return find_in_map(argument, path);
  if (name == "Fn::Split") return split(argument, path);
  if (name == "Fn::Sub") return substitute(argument, path);
  problems_.error(path, fmt::format("{} is not a function of provisioning templates", quote(name)),
                  std::string(kKnownFunctions));
  return Expression{.path = path};
}

Expression ExpressionCompiler::reference(const json::value& argument, const std::string& path) {
  if (!argument.is_string()) {
    problems_.error(
        path, fmt::format("Ref takes a parameter's name; found {}", encoding::type_name(argument)),
        R"(write {"Ref": "SerialNumber"})");
    return Expression{.path = path};
  }
  return reference_to(text_of(argument), path);
}

Expression ExpressionCompiler::reference_to(std::string_view name, const std::string& path) {
  Expression out{.kind = Kind::reference, .text = std::string(name), .path = path};
  used_.emplace(name);
  if (inside_policy_) used_in_policies_.emplace(name);
  if (is_predefined(use_, name) || declared_.contains(name)) return out;
  if (std::ranges::find(kPseudoParameters, name) != kPseudoParameters.end()) {
    problems_.error(path,
                    fmt::format("{} is a CloudFormation pseudo parameter; provisioning templates "
                                "do not have it",
                                name),
                    "declare a parameter of your own with a Default");
  } else {
    problems_.error(path, fmt::format("refers to {}, which is not declared", quote(name)),
                    "add it under Parameters with \"Type\": \"String\"");
  }
  return out;
}

const json::array* ExpressionCompiler::arguments(const json::value& argument, std::size_t count,
                                                 std::string_view form, const std::string& path) {
  if (argument.is_array() && argument.get_array().size() == count) return &argument.get_array();
  const std::string found = argument.is_array()
                                ? fmt::format("a list of {}", argument.get_array().size())
                                : std::string(encoding::type_name(argument));
  problems_.error(path, fmt::format("needs a list of {} arguments; found {}", count, found),
                  fmt::format("write {}", form));
  return nullptr;
}

std::optional<std::string> ExpressionCompiler::delimiter(const json::value& value,
                                                         const std::string& path) {
  if (value.is_string()) return std::string(text_of(value));
  problems_.error(
      path,
      fmt::format("the delimiter must be a plain string; found {}", encoding::type_name(value)),
      "write the delimiter itself");
  return std::nullopt;
}

Expression ExpressionCompiler::join(const json::value& argument, const std::string& path) {
  Expression out{.kind = Kind::join, .path = path};
  if (inside_policy_) {
    problems_.error(path, "Fn::Join is not supported in policy resources", "use Fn::Sub");
  }
  const auto* list_of =
      arguments(argument, 2, R"({"Fn::Join": ["delimiter", ["a", {"Ref": "B"}]]})", path);
  if (list_of == nullptr) return Expression{.path = path};
  const auto text = delimiter(list_of->at(0), index_path(path, 0));
  if (text) out.text = *text;
  out.parts.push_back(list(list_of->at(1), index_path(path, 1)));
  return out;
}

Expression ExpressionCompiler::select(const json::value& argument, const std::string& path) {
  Expression out{.kind = Kind::select, .path = path};
  const auto* list_of = arguments(argument, 2, R"({"Fn::Select": ["0", ["a", "b"]]})", path);
  if (list_of == nullptr) return Expression{.path = path};
  const json::value& index = list_of->at(0);
  const std::string index_place = index_path(path, 0);
  if (index.is_int64() && index.get_int64() >= 0) {
    out.parts.push_back({.text = fmt::format("{}", index.get_int64()), .path = index_place});
  } else {
    out.parts.push_back(text(index, index_place));
  }
  out.parts.push_back(list(list_of->at(1), index_path(path, 1)));
  return out;
}

Expression ExpressionCompiler::find_in_map(const json::value& argument, const std::string& path) {
  Expression out{.kind = Kind::find_in_map, .shape = Shape::either, .path = path};
  const auto* list_of =
      arguments(argument, 3, R"({"Fn::FindInMap": ["Map", "TopKey", "SecondKey"]})", path);
  if (list_of == nullptr) return Expression{.path = path};
  for (std::size_t i = 0; i < 3; ++i)
    out.parts.push_back(text(list_of->at(i), index_path(path, i)));
  Lookup lookup;
  for (std::size_t i = 0; i < lookup.size(); ++i) {
    if (out.parts[i].kind == Kind::literal) lookup[i] = out.parts[i].text;
  }
  lookups_.push_back(std::move(lookup));
  out.shape = check_lookup(out);
  return out;
}

bool ExpressionCompiler::reaches(std::string_view map, std::string_view top,
                                 std::string_view second) const {
  const auto fits = [](std::string_view wanted, std::string_view key) {
    return wanted.empty() || key.empty() || wanted == key;
  };
  return std::ranges::any_of(lookups_, [&](const Lookup& lookup) {
    return fits(map, lookup[0]) && fits(top, lookup[1]) && fits(second, lookup[2]);
  });
}

/// The literal keys of the lookup must exist; the others depend on the parameters.
Shape ExpressionCompiler::check_lookup(const Expression& lookup) {
  const auto literal = [&](std::size_t i) { return lookup.parts[i].kind == Kind::literal; };
  const auto missing = [&](std::size_t i, std::string_view what) {
    problems_.error(lookup.parts[i].path,
                    fmt::format("{} {} does not exist", what, quote(lookup.parts[i].text)),
                    "add it under Mappings");
    return Shape::either;
  };
  if (!literal(0)) return Shape::either;
  const auto map = mappings_.find(lookup.parts[0].text);
  if (map == mappings_.end()) return missing(0, "the map");
  if (!literal(1)) return Shape::either;
  const auto top = map->second.find(lookup.parts[1].text);
  if (top == map->second.end()) return missing(1, "the top-level key");
  if (!literal(2)) return Shape::either;
  const auto second = top->second.find(lookup.parts[2].text);
  if (second == top->second.end()) return missing(2, "the second-level key");
  return std::holds_alternative<std::string>(second->second) ? Shape::text : Shape::list;
}

Expression ExpressionCompiler::split(const json::value& argument, const std::string& path) {
  Expression out{.kind = Kind::split, .shape = Shape::list, .path = path};
  const auto* list_of = arguments(argument, 2, R"({"Fn::Split": ["-", {"Ref": "A"}]})", path);
  if (list_of == nullptr) return Expression{.path = path};
  const auto text_between = delimiter(list_of->at(0), index_path(path, 0));
  if (text_between) out.text = *text_between;
  if (text_between && text_between->empty())
    problems_.error(index_path(path, 0), "the delimiter is empty", "give at least one character");
  out.parts.push_back(text(list_of->at(1), index_path(path, 1)));
  return out;
}

Expression ExpressionCompiler::substitute(const json::value& argument, const std::string& path) {
  Expression out{.kind = Kind::concat, .path = path};
  if (argument.is_string()) {
    substitute_text(text_of(argument), path, {}, out);
    return out;
  }
  const auto* list_of =
      arguments(argument, 2, R"({"Fn::Sub": ["text ${Name}", {"Name": {"Ref": "A"}}]})", path);
  if (list_of == nullptr) return Expression{.path = path};
  if (!list_of->at(0).is_string() || !list_of->at(1).is_object()) {
    problems_.error(path, "needs a string and an object of values",
                    R"(write {"Fn::Sub": ["text ${Name}", {"Name": {"Ref": "A"}}]})");
    return Expression{.path = path};
  }
  std::map<std::string, Expression, std::less<>> entries;
  for (const auto& entry : list_of->at(1).get_object()) {
    const std::string_view name = text_of(entry.key());
    const std::string place = member_path(index_path(path, 1), name);
    if (belongs_to_policies(name)) {
      problems_.error(place,
                      fmt::format("{} is a policy variable and cannot be replaced", quote(name)),
                      "give the entry another name");
    }
    entries.emplace(name, text(entry.value(), place));
  }
  substitute_text(text_of(list_of->at(0)), index_path(path, 0), std::move(entries), out);
  return out;
}

void ExpressionCompiler::substitute_text(std::string_view text, const std::string& path,
                                         std::map<std::string, Expression, std::less<>> entries,
                                         Expression& out) {
  std::map<std::string, std::size_t, std::less<>> part_of;
  out.segments.emplace_back();
  const auto literal = [&](std::string_view piece) {
    if (out.segments.back().part) out.segments.emplace_back();
    out.segments.back().literal += piece;
  };
  const auto value_of = [&](std::string_view name) {
    const auto known = part_of.find(name);
    if (known != part_of.end()) return known->second;
    const auto entry = entries.find(name);
    out.parts.push_back(entry != entries.end() ? std::move(entry->second)
                                               : reference_to(name, path));
    part_of.emplace(name, out.parts.size() - 1);
    return out.parts.size() - 1;
  };
  while (!text.empty()) {
    const std::size_t open = text.find("${");
    literal(text.substr(0, open));
    if (open == std::string_view::npos) return;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      problems_.error(path, "holds '${' without a closing '}'",
                      "close it, or write ${!name} for the plain text ${name}");
      return;
    }
    const std::string_view name = text.substr(open + 2, close - open - 2);
    if (belongs_to_policies(name)) {
      literal(text.substr(open, close + 1 - open));
    } else if (name.starts_with('!')) {
      literal(fmt::format("${{{}}}", name.substr(1)));
    } else {
      out.segments.back().part = value_of(name);
    }
    text.remove_prefix(close + 1);
  }
}

}  // namespace imprint::templates
