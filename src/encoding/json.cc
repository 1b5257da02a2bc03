// SPDX-License-Identifier: Apache-2.0
#include "encoding/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "base/name.h"

namespace imprint::encoding {

namespace {

/// Feeds a value stack and refuses what Boost.JSON's own handler lets pass: duplicate member names.
struct StrictHandler {
  static constexpr std::size_t max_object_size = 65536;
  static constexpr std::size_t max_array_size = 65536;
  static constexpr std::size_t max_key_size = 65536;
  static constexpr std::size_t max_string_size = std::size_t{64} * 1024 * 1024;

  json::value_stack stack;
  std::vector<std::set<std::string, std::less<>>> open_objects;
  std::string key;
  bool duplicate = false;

  using string_view = json::string_view;
  using error_code = json::error_code;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    open_objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t n, error_code&) {
    open_objects.pop_back();
    stack.push_object(n);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t n, error_code&) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(string_view s, std::size_t, error_code&) {
    key.append(s.data(), s.size());
    stack.push_chars(s);
    return true;
  }
  bool on_key(string_view s, std::size_t, error_code& ec) {
    key.append(s.data(), s.size());
    if (!open_objects.back().insert(key).second) {
      duplicate = true;
      ec = json::error::syntax;
      return false;
    }
    key.clear();
    stack.push_key(s);
    return true;
  }
  bool on_string_part(string_view s, std::size_t, error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_string(string_view s, std::size_t, error_code&) {
    stack.push_string(s);
    return true;
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t i, string_view, error_code&) {
    stack.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t u, string_view, error_code&) {
    stack.push_uint64(u);
    return true;
  }
  bool on_double(double d, string_view, error_code& ec) {
    if (!std::isfinite(d)) {  // Boost.JSON reads 1e400 as infinity, which JSON cannot print back.
      ec = json::error::exponent_overflow;
      return false;
    }
    stack.push_double(d);
    return true;
  }
  bool on_bool(bool b, error_code&) {
    stack.push_bool(b);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

std::string place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto line_start = before.rfind('\n');
  const std::size_t column =
      line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

Result<json::value> parse_json(std::string_view text, Limits limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Fault::invalid, "JSON text of {} bytes; at most {} are allowed", text.size(),
                limits.max_bytes);
  }
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<StrictHandler> parser(options);
  parser.handler().stack.reset();
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (parser.handler().duplicate) {
    return fail(Fault::invalid, "member {} appears twice in one object ({})",
                quote(parser.handler().key), place(text, used));
  }
  if (error == json::error::too_deep) {
    return fail(Fault::invalid, "JSON nested deeper than {} levels ({})", limits.max_depth,
                place(text, used));
  }
  if (error == json::error::incomplete) return fail(Fault::invalid, "the JSON text ends too early");
  if (error) return fail(Fault::invalid, "not JSON: {} ({})", error.message(), place(text, used));
  const std::string_view rest = text.substr(used);
  if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    return fail(Fault::invalid, "text follows the JSON value ({})", place(text, used));
  }
  return parser.handler().stack.release();
}

std::string to_json(const json::value& value) { return json::serialize(value); }

namespace {

/// The maker of the value bounds its depth: parse_json refuses more than 32 levels by default.
void write_readable(std::string& out, const json::value& value, std::size_t level) {
  const std::string inner(2 * (level + 1), ' ');
  const auto write_all = [&](char open, char close, const auto& items, auto write_item) {
    out += open;
    bool first = true;
    for (const auto& item : items) {
      out += first ? "\n" : ",\n";
      out += inner;
      write_item(item);
      first = false;
    }
    if (!first) out += "\n" + inner.substr(2);
    out += close;
  };
  if (const auto* object = value.if_object()) {
    write_all('{', '}', *object, [&](const json::key_value_pair& member) {
      out += json::serialize(json::string_view(member.key())) + ": ";
      write_readable(out, member.value(), level + 1);
    });
  } else if (const auto* array = value.if_array()) {
    write_all('[', ']', *array,
              [&](const json::value& element) { write_readable(out, element, level + 1); });
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string to_readable_json(const json::value& value) {
  std::string out;
  write_readable(out, value, 0);
  return out + "\n";
}

std::string_view type_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::object:
      return "object";
    case json::kind::array:
      return "array";
    case json::kind::string:
      return "string";
    case json::kind::bool_:
      return "boolean";
    case json::kind::null:
      return "null";
    default:
      return "number";
  }
}

}  // namespace imprint::encoding
