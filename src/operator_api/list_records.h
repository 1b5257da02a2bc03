// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operator_api/words.h"

/// Helpers of the files about manufacturing lists.
namespace imprint::operator_api {

inline constexpr std::size_t kMaxManufacturingLists = 256;

/// An input of each of their operations.
constexpr InputInfo list_name() {
  return members::name_input<name_rules::ManufacturingList>("listName", "[a-zA-Z0-9_-]+",
                                                            Location::path, true);
}

/// ResourceNotFoundException when there is no such list.
runtime::Task<Result<registry::ManufacturingList>> get_list_record(registry::Store& store,
                                                                   ListName name);

}  // namespace imprint::operator_api
