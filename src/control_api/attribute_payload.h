// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "control_api/words.h"
#include "registry/records.h"

/// AttributePayload {attributes, merge} of things and thing groups (contract section 8.6).
namespace imprint::control_api {

/// AWS IoT quotas: attributes of a group or of a thing with a type, attributes of a thing without a
/// type, and bytes of all names and values.
inline constexpr std::size_t kMaxAttributes = 50;
inline constexpr std::size_t kMaxAttributesWithoutType = 3;
inline constexpr std::size_t kMaxAttributeBytes = std::size_t{47} * 1024;

struct AttributePayload {
  registry::Attributes attributes = {};
  bool merge = false;
};

/// `member` is the payload's place in the request, for messages. InvalidRequestException for names
/// and values with characters that AWS does not allow.
Result<AttributePayload> read_attribute_payload(const json::object& payload,
                                                std::string_view member);

/// The attributes after an update. With `merge` the payload adds or replaces single attributes,
/// otherwise it replaces all. An attribute with an empty value is removed.
registry::Attributes apply_payload(const registry::Attributes& before,
                                   const AttributePayload& payload);

/// InvalidRequestException beyond `most` attributes or kMaxAttributeBytes.
Result<void> check_attribute_limits(const registry::Attributes& attributes, std::size_t most);

json::object write_attributes(const registry::Attributes& attributes);

}  // namespace imprint::control_api
