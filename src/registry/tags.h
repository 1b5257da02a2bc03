// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/keys.h"

/// Which resources can have tags, under which names the tags are stored, and the rules for tags
/// (AWS IoT API, Tag).
namespace imprint::registry {

inline constexpr std::size_t kMaxTags = 50;  ///< AWS quota per resource
inline constexpr std::int64_t kMaxTagKeyCharacters = 128;
inline constexpr std::int64_t kMaxTagValueCharacters = 256;

/// [\p{L}\p{Z}\p{N}_.:/=+\-@]; every byte of a non-ASCII character is accepted.
constexpr bool permits_in_tag_key(char c) {
  return name_rules::is_alnum(c) || (c & 0x80) != 0 ||
         std::string_view(" _.:/=+-@").find(c) != std::string_view::npos;
}

/// Keys with this prefix, in any case, are reserved.
inline constexpr std::string_view kReservedTagPrefix = "aws:";
bool is_reserved_tag_key(std::string_view key);

/// The kind of record that an ARN's resource type means. Types that cannot be tagged can still be
/// asked for their tags.
struct ResourceType {
  std::string_view type;  ///< "policy"
  Kind kind;
  bool takes_tags;
};

/// The resource at the end of an ARN, "policy/x"; nullopt for other types. The record need not
/// exist.
struct TaggedResource {
  Key key;
  const ResourceType* type;
};
std::optional<TaggedResource> parse_resource_name(std::string_view name);

/// "policy/x": the name under which a resource's tags are stored. The kind must be one of those
/// above.
std::string resource_name(const Key& resource);

}  // namespace imprint::registry
