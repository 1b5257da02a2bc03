// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::encoding {

/// The one JSON library. Other folders say encoding::json and never include it themselves.
namespace json = boost::json;

struct Limits {
  std::size_t max_bytes = std::size_t{128} * 1024;
  std::size_t max_depth = 32;
};

/// Exactly one JSON text (RFC 8259); errors name line and column. Duplicate member names are
/// refused, because readers disagree on which one counts.
Result<json::value> parse_json(std::string_view text, Limits limits = {});

/// Without white space, members in insertion order.
std::string to_json(const json::value& value);

/// The same for people: two spaces for each level, one member or element a line, a final line end.
std::string to_readable_json(const json::value& value);

/// Exactly one CBOR item (RFC 8949) of the JSON data model: maps with text keys, arrays, text,
/// integers, floats, booleans, null, and byte strings that hold UTF-8 (some encoders send text so).
/// Indefinite lengths are accepted; tags, undefined and duplicate keys are refused.
Result<json::value> parse_cbor(BytesView bytes, Limits limits = {});

/// Definite lengths, text as major type 3, integers in their shortest form (RFC 8949 section 4.1).
Bytes to_cbor(const json::value& value);

/// "object", "array", "string", "number", "boolean" or "null": for messages on a wrong type.
std::string_view type_name(const json::value& value);

}  // namespace imprint::encoding
