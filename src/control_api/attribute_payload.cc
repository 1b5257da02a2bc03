// SPDX-License-Identifier: Apache-2.0
#include "control_api/attribute_payload.h"

#include "base/name.h"
#include "control_api/words.h"

namespace imprint::control_api {

namespace {

Result<registry::Attributes> read_attributes(const json::object& object, std::string_view member) {
  registry::Attributes attributes;
  for (const auto& [name, value] : object) {
    const std::string place = fmt::format("{}.attributes", member);
    if (const auto parsed = AttributeName::parse(name); !parsed)
      return refuse_value(place, name, parsed.error().message);
    if (!value.is_string()) {
      return refuse_value(place, encoding::to_json(value),
                          fmt::format("the value of {} must be text", quote(name)));
    }
    const std::string_view text = value.get_string();
    if (const auto checked = check_attribute_value(text); !checked)
      return refuse_value(place, text, checked.error().message);
    attributes.emplace(name, text);
  }
  return attributes;
}

}  // namespace

Result<AttributePayload> read_attribute_payload(const json::object& payload,
                                                std::string_view member) {
  AttributePayload out;
  if (const json::value* attributes = payload.if_contains("attributes");
      attributes != nullptr && !attributes->is_null()) {
    if (!attributes->is_object()) {
      return refuse_value(fmt::format("{}.attributes", member), encoding::to_json(*attributes),
                          "Member must be an object of text values");
    }
    TRY_ASSIGN(out.attributes, read_attributes(attributes->get_object(), member));
  }
  if (const json::value* merge = payload.if_contains("merge");
      merge != nullptr && !merge->is_null()) {
    if (!merge->is_bool()) {
      return refuse_value(fmt::format("{}.merge", member), encoding::to_json(*merge),
                          "Member must be true or false");
    }
    out.merge = merge->get_bool();
  }
  return out;
}

registry::Attributes apply_payload(const registry::Attributes& before,
                                   const AttributePayload& payload) {
  registry::Attributes after = payload.merge ? before : registry::Attributes();
  for (const auto& [name, value] : payload.attributes) after.insert_or_assign(name, value);
  std::erase_if(after, [](const auto& attribute) { return attribute.second.empty(); });
  return after;
}

Result<void> check_attribute_limits(const registry::Attributes& attributes, std::size_t most) {
  if (attributes.size() > most) {
    return refuse(
        Exception::invalid_request,
        fmt::format("there would be {} attributes; at most {} are allowed{}", attributes.size(),
                    most,
                    most == kMaxAttributesWithoutType
                        ? fmt::format(" without a thing type ({} with one)", kMaxAttributes)
                        : ""));
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : attributes) bytes += name.size() + value.size();
  if (bytes <= kMaxAttributeBytes) return {};
  return refuse(Exception::invalid_request,
                fmt::format("the attributes would take {} bytes; at most {} are allowed", bytes,
                            kMaxAttributeBytes));
}

json::object write_attributes(const registry::Attributes& attributes) {
  json::object out;
  for (const auto& [name, value] : attributes) out[name] = value;
  return out;
}

}  // namespace imprint::control_api
