// SPDX-License-Identifier: Apache-2.0
#include "rest/call.h"

#include "registry/records.h"

namespace imprint::rest {

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

// A word begins where the case rises, and with the last capital of several.
std::string step_of(std::string_view operation) {
  std::string out;
  for (std::size_t i = 0; i < operation.size(); ++i) {
    const char c = operation[i];
    const bool ends_acronym = i + 1 < operation.size() && !is_upper(operation[i + 1]);
    const bool begins_word = i > 0 && is_upper(c) && (!is_upper(operation[i - 1]) || ends_acronym);
    if (begins_word) out += '_';
    out += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::string Inputs::text(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

std::optional<std::int64_t> Inputs::integer(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  return value->as_int64();
}

std::optional<bool> Inputs::boolean(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  return value->as_bool();
}

json::object Inputs::object(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  return value == nullptr ? json::object() : value->as_object();
}

json::array Inputs::list(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  return value == nullptr ? json::array() : value->as_array();
}

std::vector<std::string> Inputs::texts(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return {};
  if (value->is_string()) return {std::string(value->get_string())};
  std::vector<std::string> out;
  for (const json::value& element : list(name)) {
    if (element.is_string()) out.emplace_back(element.get_string());
  }
  return out;
}

std::string Call::arn(std::string_view resource) const {
  return fmt::format("arn:aws:iot:{}:{}:{}", region, account, resource);
}

registry::AuditEvent Call::event(json::object detail) const {
  detail["source_ip"] = source_ip;
  return {.time = now(),
          .step = step_of(operation),
          .outcome = "ok",
          .actor = access_key_id,
          .correlation = request_id,
          .detail = encoding::to_json(detail)};
}

double epoch_seconds(Timestamp time) { return static_cast<double>(to_milliseconds(time)) / 1000.0; }

}  // namespace imprint::rest
