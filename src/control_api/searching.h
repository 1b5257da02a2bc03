// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"
#include "control_api/words.h"
#include "search/query.h"

/// Helpers of the operations on the index and on dynamic thing groups.
namespace imprint::control_api {

/// The only index: the things of the registry, without shadows and violations.
inline constexpr std::string_view kThingIndex = "AWS_Things";
inline constexpr std::string_view kQueryVersion = "2017-09-30";

/// ResourceNotFoundException for another indexName, InvalidRequestException for another
/// queryVersion.
Result<void> check_index_members(const Call& call);
Unexpected refuse_index(std::string_view name);

/// Whether things are indexed. They are, unless UpdateIndexingConfiguration has turned it off.
runtime::Task<Result<bool>> is_indexing(registry::Store& store);
inline constexpr std::string_view kIndexingIsOff =
    "Indexing of things is off (thingIndexingMode is OFF); turn it on with aws iot "
    "update-indexing-configuration --thing-indexing-configuration thingIndexingMode=REGISTRY";

/// One page of a search: things, each followed by its memberships, and the call's continuation.
struct FoundThings {
  std::vector<registry::Record> records = {};
  std::optional<std::string> next = {};
};

/// Continues at the call's token. When matches are rare, a bounded number of the store's pages is
/// searched. A token is bound to its query: InvalidRequestException for that of another query.
runtime::Task<Result<FoundThings>> find_things(Call call, registry::Store& store,
                                               search::Query query, std::size_t limit);

}  // namespace imprint::control_api
