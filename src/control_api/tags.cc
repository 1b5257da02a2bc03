// SPDX-License-Identifier: Apache-2.0
#include "control_api/tags.h"

#include "control_api/arn.h"
#include "control_api/members.h"
#include "control_api/operations.h"

namespace imprint::control_api {

namespace {

using registry::kMaxTags;
using registry::ResourceTags;

constexpr TextRule kTagKey{"^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$", &registry::permits_in_tag_key,
                           "letters, digits, spaces and _ . : / = + - @"};
constexpr InputInfo kKey{.name = "tags.Key",
                         .required = true,
                         .least = 1,
                         .most = registry::kMaxTagKeyCharacters,
                         .rule = kTagKey};
constexpr InputInfo kValue{
    .name = "tags.Value", .most = registry::kMaxTagValueCharacters, .rule = members::kPrintable};

Result<std::string> read_key(const json::value& value) {
  TRY(check_value(kKey, value));
  std::string key(value.as_string());
  if (!registry::is_reserved_tag_key(key)) return key;
  return refuse_value(kKey.name, key, "Member must not begin with aws:, which is reserved");
}

/// One {Key, Value}. AWS allows the value to be missing, which means that it is empty.
Result<void> read_tag(const json::value& element, Tags& tags) {
  const json::object* tag = element.if_object();
  const json::value* key = tag == nullptr ? nullptr : tag->if_contains("Key");
  if (key == nullptr) {
    return refuse_value("tags", encoding::to_json(element),
                        "Member must be a list of objects with Key and Value");
  }
  TRY_ASSIGN(std::string name, read_key(*key));
  const json::value* value = tag->if_contains("Value");
  std::string text;
  if (value != nullptr && !value->is_null()) {
    TRY(check_value(kValue, *value));
    text = value->as_string();
  }
  if (tags.emplace(name, std::move(text)).second) return {};
  return refuse_value("tags", name, "Member must not name a key twice");
}

struct Tagged {
  registry::Key key;
  const registry::ResourceType* type;
  std::string name;  ///< "policy/x"
};

/// The resource that the ARN names, which must exist.
runtime::Task<Result<Tagged>> tagged_resource(Call call, registry::Store& store) {
  const std::string arn = call.in.text("resourceArn");
  CO_TRY_ASSIGN(std::string name, parse_resource(call, "resourceArn", arn));
  const auto resource = registry::parse_resource_name(name);
  if (!resource) {
    co_return refuse_value(
        "resourceArn", arn,
        "Member must be the ARN of a policy, provisioning template, thing type, thing group or CA "
        "certificate");
  }
  std::vector<registry::Key> keys{resource->key};
  CO_TRY_ASSIGN(const auto found, co_await store.find(std::move(keys)));
  if (!found.front()) {
    co_return refuse(Exception::not_found, fmt::format("The resource {} does not exist", arn));
  }
  co_return Tagged{resource->key, resource->type, std::move(name)};
}

Result<void> check_takes_tags(const Tagged& resource) {
  if (resource.type->takes_tags) return {};
  return refuse(Exception::invalid_request,
                fmt::format("a {} takes no tags; a thing has attributes instead",
                            registry::kind_name(resource.type->kind)),
                "resourceArn");
}

/// The tags that the resource has now. The record has version 0 while none are stored.
runtime::Task<Result<ResourceTags>> present_tags(registry::Store& store, std::string name) {
  CO_TRY_ASSIGN(const std::optional<ResourceTags> found,
                co_await registry::find(store, registry::tags_key(name)));
  co_return found.value_or(ResourceTags{.resource = std::move(name), .version = 0});
}

json::array names_of(const Tags& tags) {
  json::array out;
  for (const auto& [key, value] : tags) out.emplace_back(key);
  return out;
}

/// Stores the tags that a resource is to have, unless it has them already. An empty set is no
/// record.
Answer store_tags(Call call, registry::Store& store, Tagged resource, ResourceTags record,
                  Tags after) {
  if (after == record.tags) co_return json::object();
  registry::ChangeSet changes =
      change_set(call.event({{"resource", resource.name}, {"tags", names_of(after)}}));
  changes.add(registry::exists(resource.key));
  record.tags = std::move(after);
  if (record.version == 0) record.created = call.now();
  if (record.tags.empty())
    changes.add(registry::erase(record));
  else
    changes.add(registry::update(std::move(record)));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer tag_resource(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const Tags wanted, read_tags(call));
  CO_TRY_ASSIGN(const Tagged resource, co_await tagged_resource(call, store));
  CO_TRY(check_takes_tags(resource));
  CO_TRY_ASSIGN(const ResourceTags before, co_await present_tags(store, resource.name));
  Tags after = before.tags;
  for (const auto& [key, value] : wanted) after.insert_or_assign(key, value);
  if (after.size() > kMaxTags) {
    co_return refuse(Exception::limit_exceeded,
                     fmt::format("{} would have {} tags; at most {} are allowed", resource.name,
                                 after.size(), kMaxTags));
  }
  co_return co_await store_tags(call, store, resource, before, std::move(after));
}

Answer untag_resource(Call call, registry::Store& store) {
  std::vector<std::string> keys;
  for (const json::value& element : call.in.list("tagKeys")) {
    CO_TRY_ASSIGN(std::string key, read_key(element));
    keys.push_back(std::move(key));
  }
  CO_TRY_ASSIGN(const Tagged resource, co_await tagged_resource(call, store));
  CO_TRY(check_takes_tags(resource));
  CO_TRY_ASSIGN(const ResourceTags before, co_await present_tags(store, resource.name));
  Tags after = before.tags;
  for (const std::string& key : keys) after.erase(key);
  co_return co_await store_tags(call, store, resource, before, std::move(after));
}

Answer list_tags(Call call, registry::Store& store) {
  // One page holds all tags, so no nextToken was ever given.
  CO_TRY(cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const Tagged resource, co_await tagged_resource(call, store));
  CO_TRY_ASSIGN(const ResourceTags present, co_await present_tags(store, resource.name));
  json::array tags;
  for (const auto& [key, value] : present.tags)
    tags.emplace_back(json::object{{"Key", key}, {"Value", value}});
  co_return json::object{{"tags", std::move(tags)}};
}

using enum Exception;

constexpr InputInfo required(InputInfo input) {
  input.required = true;
  return input;
}
constexpr InputInfo kTag[] = {members::arn("resourceArn"), required(members::kTags)};
constexpr InputInfo kUntag[] = {members::arn("resourceArn"),
                                {.name = "tagKeys", .type = Type::list, .required = true}};
constexpr InputInfo kList[] = {members::arn("resourceArn", Location::query), members::kNextToken};
constexpr ExceptionSet kErrors{invalid_request, internal_failure, not_found, throttling};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"TagResource",
     "POST",
     "/tags",
     kTag,
     {invalid_request, internal_failure, not_found, throttling, limit_exceeded},
     tag_resource,
     "{resourceArn}"},
    {"UntagResource", "POST", "/untag", kUntag, kErrors, untag_resource, "{resourceArn}"},
    {"ListTagsForResource", "GET", "/tags", kList, kErrors, list_tags, "{resourceArn}"},
};

}  // namespace

Result<Tags> read_tags(const Call& call) {
  const json::array list = call.in.list("tags");
  if (list.size() > kMaxTags) {
    return refuse_value("tags", std::to_string(list.size()),
                        fmt::format("Member must have length less than or equal to {}", kMaxTags));
  }
  Tags tags;
  for (const json::value& element : list) TRY(read_tag(element, tags));
  return tags;
}

void put_tags(registry::ChangeSet& changes, const registry::Key& resource, const Tags& tags,
              Timestamp now) {
  if (tags.empty()) return;
  changes.add(registry::create(
      ResourceTags{.resource = registry::resource_name(resource), .tags = tags, .created = now}));
}

void erase_tags(registry::ChangeSet& changes, const registry::Key& resource) {
  changes.add(registry::Erase{registry::tags_key(registry::resource_name(resource))});
}

runtime::Task<Result<bool>> has_other_tags(registry::Store& store, registry::Key resource,
                                           Tags tags) {
  if (tags.empty()) co_return false;
  CO_TRY_ASSIGN(const ResourceTags present,
                co_await present_tags(store, registry::resource_name(resource)));
  co_return present.tags != tags;
}

Operations tag_operations(registry::Store& store) { return rest::bind(kOperations, store); }

}  // namespace imprint::control_api
