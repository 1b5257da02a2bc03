// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/keys.h"

/// Which resources take tags, what their tags are kept under, and the rules on tags (AWS IoT API,
/// Tag).
namespace imprint::registry {

inline constexpr std::size_t kMaxTags = 50;  ///< AWS quota: of one resource
inline constexpr std::int64_t kMaxTagKeyCharacters = 128;
inline constexpr std::int64_t kMaxTagValueCharacters = 256;

/// [\p{L}\p{Z}\p{N}_.:/=+\-@]; of what is not ASCII, every byte.
constexpr bool permits_in_tag_key(char c) {
  return name_rules::is_alnum(c) || (c & 0x80) != 0 ||
         std::string_view(" _.:/=+-@").find(c) != std::string_view::npos;
}

/// Keys that begin so, in whatever case, are reserved.
inline constexpr std::string_view kReservedTagPrefix = "aws:";
bool is_reserved_tag_key(std::string_view key);

/// What an ARN's resource type stands for. Those that take no tags can still be asked for them.
struct ResourceType {
  std::string_view type;  ///< "policy"
  Kind kind;
  bool takes_tags;
};

/// A resource that an ARN ends with, "policy/x"; nothing for other types. Whether there is such a
/// record is not asked.
struct TaggedResource {
  Key key;
  const ResourceType* type;
};
std::optional<TaggedResource> parse_resource_name(std::string_view name);

/// "policy/x": how a resource's tags are kept. The kind must be one of those above.
std::string resource_name(const Key& resource);

}  // namespace imprint::registry
