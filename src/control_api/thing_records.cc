// SPDX-License-Identifier: Apache-2.0
#include "control_api/thing_records.h"

#include "control_api/members.h"
#include "control_api/words.h"

namespace imprint::control_api {

namespace {

constexpr std::size_t kMaxDescription = 2028;

}  // namespace

runtime::Task<Result<registry::Thing>> get_thing_record(registry::Store& store, ThingName name) {
  co_return co_await find_or_refuse(store, registry::thing_key(name),
                                    fmt::format("Thing {} not found", quote(name.str())));
}

runtime::Task<Result<registry::ThingType>> get_thing_type_record(registry::Store& store,
                                                                 ThingTypeName name) {
  co_return co_await find_or_refuse(store, registry::thing_type_key(name),
                                    fmt::format("Thing type {} not found", quote(name.str())));
}

runtime::Task<Result<registry::ThingGroup>> get_thing_group_record(registry::Store& store,
                                                                   ThingGroupName name) {
  co_return co_await find_or_refuse(store, registry::thing_group_key(name),
                                    fmt::format("Thing group {} not found", quote(name.str())));
}

Result<void> check_expected_version(const Call& call, std::string_view noun, std::string_view name,
                                    std::int64_t version) {
  const auto expected = call.in.integer("expectedVersion");
  if (!expected || *expected == version) return {};
  return refuse(Exception::version_conflict,
                fmt::format("The version for {} {} does not match the expected version. It is {}, "
                            "not {}; read it again and decide anew",
                            noun, name, version, *expected));
}

json::object write_group_name(const Call& call, const ThingGroupName& name) {
  return {{"groupName", name.str()}, {"groupArn", thing_group_arn(call, name)}};
}

Result<std::string> read_description(const json::object& properties, std::string_view owner,
                                     std::string_view member) {
  const json::value* value = properties.if_contains(member);
  if (value == nullptr || value->is_null()) return std::string();
  const std::string place = fmt::format("{}.{}", owner, member);
  if (!value->is_string())
    return refuse_value(place, encoding::to_json(*value), "Member must be text");
  const std::string_view text = value->get_string();
  if (text.size() > kMaxDescription) {
    return refuse_value(
        place, text,
        fmt::format("Member must have length less than or equal to {}", kMaxDescription));
  }
  if (!std::ranges::all_of(text, members::kPrintable.permits)) {
    return refuse_value(place, text,
                        fmt::format("Member must satisfy regular expression pattern: {}; use {}",
                                    members::kPrintable.pattern, members::kPrintable.allowed));
  }
  return std::string(text);
}

}  // namespace imprint::control_api
