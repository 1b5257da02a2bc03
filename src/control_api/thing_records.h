// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"

/// Helpers of the files about things, types and groups.
namespace imprint::control_api {

inline std::string thing_arn(const Call& call, const ThingName& name) {
  return call.arn("thing/" + name.str());
}
inline std::string thing_type_arn(const Call& call, const ThingTypeName& name) {
  return call.arn("thingtype/" + name.str());
}
inline std::string thing_group_arn(const Call& call, const ThingGroupName& name) {
  return call.arn("thinggroup/" + name.str());
}

/// ResourceNotFoundException when there is no such record.
runtime::Task<Result<registry::Thing>> get_thing_record(registry::Store& store, ThingName name);
runtime::Task<Result<registry::ThingType>> get_thing_type_record(registry::Store& store,
                                                                 ThingTypeName name);
runtime::Task<Result<registry::ThingGroup>> get_thing_group_record(registry::Store& store,
                                                                   ThingGroupName name);

/// VersionConflictException unless the call's expectedVersion, if any, is the record's.
Result<void> check_expected_version(const Call& call, std::string_view noun, std::string_view name,
                                    std::int64_t version);

/// {groupName, groupArn}
json::object write_group_name(const Call& call, const ThingGroupName& name);

/// The description in thingTypeProperties or thingGroupProperties. InvalidRequestException when it
/// is not text, longer than 2028 characters or not printable.
Result<std::string> read_description(const json::object& properties, std::string_view owner,
                                     std::string_view member);

}  // namespace imprint::control_api
