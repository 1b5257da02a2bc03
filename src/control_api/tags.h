// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"
#include "registry/tags.h"

/// Tags of policies, templates, types, groups and CA certificates. They are set when the resource
/// is created or later, and are deleted with it in the same change set.
namespace imprint::control_api {

using Tags = registry::Attributes;

/// The input `tags`; empty when absent. InvalidRequestException for a list that is not one of
/// {Key, Value}, for repeated or reserved keys (aws:), beyond 128 and 256 characters, and beyond
/// registry::kMaxTags.
Result<Tags> read_tags(const Call& call);

/// The tags of a resource that the same change set creates.
void put_tags(registry::ChangeSet& changes, const registry::Key& resource, const Tags& tags,
              Timestamp now);

/// For the change set that erases the resource.
void erase_tags(registry::ChangeSet& changes, const registry::Key& resource);

/// Whether a repeated create operation has other tags than the resource has now. One without tags
/// never differs.
runtime::Task<Result<bool>> has_other_tags(registry::Store& store, registry::Key resource,
                                           Tags tags);

}  // namespace imprint::control_api
