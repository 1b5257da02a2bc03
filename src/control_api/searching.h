// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"
#include "control_api/words.h"
#include "search/query.h"

/// What the operations on the index and on dynamic thing groups share.
namespace imprint::control_api {

/// The one index: things of the registry. There are no shadows here, and no violations.
inline constexpr std::string_view kThingIndex = "AWS_Things";
inline constexpr std::string_view kQueryVersion = "2017-09-30";

/// Holds the call's indexName and queryVersion, where given, to the above:
/// ResourceNotFoundException and InvalidRequestException.
Result<void> check_index_members(const Call& call);
Unexpected refuse_index(std::string_view name);

/// Whether things are indexed: unless UpdateIndexingConfiguration has turned it off.
runtime::Task<Result<bool>> is_indexing(registry::Store& store);
inline constexpr std::string_view kIndexingIsOff =
    "Indexing of things is off (thingIndexingMode is OFF); turn it on with aws iot "
    "update-indexing-configuration --thing-indexing-configuration thingIndexingMode=REGISTRY";

/// One page of a search: things, each followed by its memberships, and the call's continuation.
struct FoundThings {
  std::vector<registry::Record> records = {};
  std::optional<std::string> next = {};
};

/// Goes on where the call's token says, through a bounded number of the store's pages when matches
/// are rare. A token is bound to its query: InvalidRequestException for another one's.
runtime::Task<Result<FoundThings>> find_things(Call call, registry::Store& store,
                                               search::Query query, std::size_t limit);

}  // namespace imprint::control_api
