// SPDX-License-Identifier: Apache-2.0
#include "rest/validation.h"

#include <algorithm>
#include <charconv>

#include "base/name.h"
#include "encoding/json.h"
#include "encoding/text.h"
#include "rest/signatures.h"
#include "rest/target.h"

namespace imprint::rest {

namespace {

// The largest body of any operation: a policy document of 404,600 characters, escaped.
constexpr encoding::Limits kBodyLimits{.max_bytes = std::size_t{1} << 20U, .max_depth = 16};

std::int64_t count_characters(std::string_view utf8) {
  return std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::string_view name_of_type(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::integer:
      return "an integer";
    case Type::boolean:
      return "true or false";
    case Type::object:
      return "an object";
    case Type::list:
      return "an array";
  }
  return "";
}

bool is_of_type(const json::value& value, Type type) {
  switch (type) {
    case Type::text:
      return value.is_string();
    case Type::integer:
      return value.is_int64();
    case Type::boolean:
      return value.is_bool();
    case Type::object:
      return value.is_object();
    case Type::list:
      return value.is_array();
  }
  return false;
}

Result<void> check_text(const InputInfo& input, const std::string& text) {
  if (!input.values.empty() && std::ranges::find(input.values, text) == input.values.end()) {
    return refuse_value(
        input.name, text,
        fmt::format("Member must satisfy enum value set: [{}]", fmt::join(input.values, ", ")));
  }
  const std::int64_t length = count_characters(text);
  if (length < input.least) {
    return refuse_value(
        input.name, text,
        fmt::format("Member must have length greater than or equal to {}", input.least));
  }
  if (length > input.most) {
    return refuse_value(input.name, text,
                        fmt::format("Member must have length less than or equal to {}; it has {}",
                                    input.most, length));
  }
  if (input.rule.permits != nullptr && !std::ranges::all_of(text, input.rule.permits)) {
    return refuse_value(input.name, text,
                        fmt::format("Member must satisfy regular expression pattern: {}; use {}",
                                    input.rule.pattern, input.rule.allowed));
  }
  return {};
}

Result<void> check_integer(const InputInfo& input, std::int64_t value) {
  if (value < input.least) {
    return refuse_value(
        input.name, std::to_string(value),
        fmt::format("Member must have value greater than or equal to {}", input.least));
  }
  if (value > input.most) {
    return refuse_value(input.name, std::to_string(value),
                        fmt::format("Member must have value less than or equal to {}", input.most));
  }
  return {};
}

/// The text from a path, a query or a header, converted to the type of the row.
Result<json::value> typed(const InputInfo& input, const std::string& text) {
  if (input.type == Type::boolean && (text == "true" || text == "false"))
    return json::value(text == "true");
  if (input.type == Type::integer) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return json::value(number);
  }
  if (input.type == Type::text) return json::value(text);
  return refuse_value(input.name, text, fmt::format("Member must be {}", name_of_type(input.type)));
}

Result<json::object> read_body(const Operation& operation, const std::string& body) {
  const bool has_members = std::ranges::any_of(
      operation.inputs, [](const InputInfo& i) { return i.in == Location::body; });
  if (!has_members || body.empty()) return json::object();
  auto value = encoding::parse_json(body, kBodyLimits);
  if (!value) {
    return refuse(Exception::invalid_request,
                  fmt::format("the body is not a JSON object: {}", value.error().message));
  }
  if (!value->is_object()) {
    return refuse(
        Exception::invalid_request,
        fmt::format("the body is {} where a JSON object is expected", encoding::type_name(*value)));
  }
  return std::move(value->get_object());
}

/// The parts of a request that contain inputs.
struct Sources {
  const PathParameters& parameters;
  const Target& target;
  const HttpRequest& request;
  const SignedScope& scope;
  const json::object& body;
};

Result<std::optional<json::value>> from_query(const InputInfo& input, const Target& target) {
  const std::string* found = nullptr;
  for (const auto& [name, value] : target.query) {
    if (name != input.wire_name()) continue;
    if (found != nullptr) {
      return refuse_value(input.name, value, "Member must be given once in the query");
    }
    found = &value;
  }
  if (found == nullptr) return std::optional<json::value>();
  TRY_ASSIGN(json::value value, typed(input, *found));
  return std::optional(std::move(value));
}

Result<std::optional<json::value>> from_header(const InputInfo& input, const Sources& sources) {
  const std::string_view found = sources.request.header(input.wire_name());
  if (found.empty()) return std::optional<json::value>();
  if (!sources.scope.covers(input.wire_name())) {
    return refuse(Exception::incomplete_signature,
                  fmt::format("SignedHeaders lacks {}, which the operation needs; sign it too",
                              input.wire_name()));
  }
  // Targets and bodies have been checked for UTF-8 already.
  if (!encoding::is_utf8(found))
    return refuse_value(input.name, found, "Member must be well-formed UTF-8");
  TRY_ASSIGN(json::value value, typed(input, std::string(found)));
  return std::optional(std::move(value));
}

Result<std::optional<json::value>> find_value(const InputInfo& input, const Sources& sources) {
  switch (input.in) {
    case Location::path: {
      const auto it = sources.parameters.find(input.wire_name());
      IMPRINT_ASSERT(it != sources.parameters.end());
      TRY_ASSIGN(json::value value, typed(input, it->second));
      return std::optional(std::move(value));
    }
    case Location::query:
      return from_query(input, sources.target);
    case Location::header:
      return from_header(input, sources);
    case Location::raw:
      return std::optional(json::value(sources.request.body));
    case Location::body:
      break;
  }
  const json::value* value = sources.body.if_contains(input.wire_name());
  if (value == nullptr || value->is_null()) return std::optional<json::value>();
  return std::optional(*value);
}

}  // namespace

Result<void> check_value(const InputInfo& input, const json::value& value) {
  if (!is_of_type(value, input.type)) {
    return refuse_value(input.name, encoding::to_json(value),
                        fmt::format("Member must be {}", name_of_type(input.type)));
  }
  if (input.type == Type::text) return check_text(input, std::string(value.get_string()));
  if (input.type == Type::integer) return check_integer(input, value.get_int64());
  return {};
}

Unexpected refuse_value(std::string_view member, std::string_view value,
                        std::string_view constraint) {
  std::string shown = value == "null" ? std::string(value) : quote(value);
  if (shown.starts_with('"')) {
    std::ranges::replace(shown, '"', '\'');
  }
  return refuse(Exception::invalid_request,
                fmt::format("1 validation error detected: Value {} at '{}' failed to satisfy "
                            "constraint: {}",
                            shown, member, constraint));
}

Result<Inputs> read_inputs(const Operation& operation, const PathParameters& parameters,
                           const Target& target, const HttpRequest& request,
                           const SignedScope& scope) {
  TRY_ASSIGN(const json::object body, read_body(operation, request.body));
  const Sources sources{parameters, target, request, scope, body};
  Inputs inputs;
  for (const InputInfo& input : operation.inputs) {
    TRY_ASSIGN(std::optional<json::value> value, find_value(input, sources));
    if (!value) {
      if (input.required) return refuse_value(input.name, "null", "Member must not be null");
      continue;
    }
    TRY(check_value(input, *value));
    inputs.set(input.name, std::move(*value));
  }
  return inputs;
}

}  // namespace imprint::rest
