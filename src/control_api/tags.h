// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"
#include "registry/tags.h"

/// Tags of policies, templates, types, groups and CA certificates. They come with the resource or
/// later, and go with it in the same change set.
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

/// Whether a create operation that is repeated brings tags other than those the resource has now.
/// Without any it has nothing to say about them.
runtime::Task<Result<bool>> has_other_tags(registry::Store& store, registry::Key resource,
                                           Tags tags);

}  // namespace imprint::control_api
