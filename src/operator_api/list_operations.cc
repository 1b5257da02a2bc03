// SPDX-License-Identifier: Apache-2.0
#include "operator_api/operations.h"
#include "rest/router.h"

namespace imprint::operator_api {

namespace {

std::string_view name_of(Location location) {
  switch (location) {
    case Location::path:
      return "path";
    case Location::query:
      return "query";
    case Location::header:
      return "header";
    case Location::body:
      return "body";
    case Location::raw:
      return "raw";
  }
  return "";
}

std::string_view name_of(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::integer:
      return "integer";
    case Type::boolean:
      return "boolean";
    case Type::object:
      return "object";
    case Type::list:
      return "list";
  }
  return "";
}

json::object write_input(const InputInfo& input) {
  json::object out{{"name", input.name},
                   {"wireName", input.wire_name()},
                   {"location", name_of(input.in)},
                   {"type", name_of(input.type)},
                   {"required", input.required}};
  const bool is_bounded = input.type == Type::text || input.type == Type::integer;
  if (is_bounded && input.least != 0) out["min"] = input.least;
  if (is_bounded && input.most != InputInfo().most) out["max"] = input.most;
  if (!input.rule.pattern.empty()) out["pattern"] = input.rule.pattern;
  if (!input.values.empty()) {
    json::array values;
    for (const std::string_view value : input.values) values.emplace_back(value);
    out["values"] = std::move(values);
  }
  return out;
}

json::object write_operation(const rest::Operation& row) {
  json::array inputs;
  for (const InputInfo& input : row.inputs) inputs.emplace_back(write_input(input));
  json::array errors;
  for (const std::string_view name : names_of(row.errors)) errors.emplace_back(name);
  return {{"name", row.name},
          {"method", row.method},
          {"path", row.path},
          {"resource", row.resource},
          {"isImprintsOwn", row.path.starts_with("/imprint/")},
          {"inputs", std::move(inputs)},
          {"errors", std::move(errors)}};
}

/// Imprint's own: the operations of this server, and those of AWS IoT that it does not have.
Answer list_operations(Call call) {
  json::array offered;
  for (const rest::Operation& row : call.router.operations())
    offered.emplace_back(write_operation(row));
  json::array missing;
  for (const MissingArea& area : call.router.missing()) {
    for (const MissingOperation& row : area.operations) {
      missing.emplace_back(json::object{
          {"name", row.name}, {"method", row.method}, {"path", row.path}, {"area", area.area}});
    }
  }
  co_return json::object{{"operations", std::move(offered)}, {"missing", std::move(missing)}};
}

using enum Exception;

constexpr rest::Row<> kOperations[] = {
    {"ListOperations",
     "GET",
     "/imprint/v1/operations",
     {},
     {invalid_request, throttling, unauthorized, internal_failure},
     list_operations},
};

}  // namespace

Operations operation_list_operations() { return rest::bind(kOperations); }

}  // namespace imprint::operator_api
