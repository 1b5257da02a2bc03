// SPDX-License-Identifier: Apache-2.0
#include "registry/tags.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>

#include "base/error.h"

namespace imprint::registry {

namespace {

constexpr auto kResourceTypes = std::to_array<ResourceType>({
    {"policy", Kind::policy, true},
    {"provisioningtemplate", Kind::provisioning_template, true},
    {"thingtype", Kind::thing_type, true},
    {"thinggroup", Kind::thing_group, true},
    {"cacert", Kind::ca_certificate, true},
    {"thing", Kind::thing, false},
    {"cert", Kind::certificate, false},
});

}  // namespace

bool is_reserved_tag_key(std::string_view key) {
  return key.size() >= kReservedTagPrefix.size() &&
         std::ranges::equal(kReservedTagPrefix, key.substr(0, kReservedTagPrefix.size()), {}, {},
                            [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
}

std::optional<TaggedResource> parse_resource_name(std::string_view name) {
  const auto slash = name.find('/');
  const auto row = std::ranges::find(kResourceTypes, name.substr(0, slash), &ResourceType::type);
  if (slash == std::string_view::npos || row == kResourceTypes.end()) return std::nullopt;
  return TaggedResource{{row->kind, std::string(name.substr(slash + 1))}, &*row};
}

std::string resource_name(const Key& resource) {
  const auto row = std::ranges::find(kResourceTypes, resource.kind, &ResourceType::kind);
  IMPRINT_ASSERT(row != kResourceTypes.end());
  return fmt::format("{}/{}", row->type, resource.first);
}

}  // namespace imprint::registry
