// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control_api/claim_policy.h"
#include "control_api/operations.h"
#include "control_api/tags.h"
#include "control_api/template_records.h"
#include "hooks/verdict.h"
#include "provisioning/plan.h"
#include "provisioning/template_check.h"
#include "templates/template.h"

namespace imprint::control_api {

using registry::ProvisioningTemplate;
using registry::ProvisioningTemplateVersion;
using registry::TemplateType;

runtime::Task<Result<ProvisioningTemplate>> get_template_record(registry::Store& store,
                                                                TemplateName name) {
  co_return co_await find_or_refuse(
      store, registry::template_key(name),
      fmt::format("Provisioning template {} not found", quote(name.str())));
}

runtime::Task<Result<ProvisioningTemplateVersion>> get_template_version_record(
    registry::Store& store, TemplateName name, std::int64_t number) {
  co_return co_await find_or_refuse(
      store, registry::template_version_key(name, number),
      fmt::format("Provisioning template {} has no version {}", quote(name.str()), number));
}

TemplateType type_of(const Call& call) {
  return call.in.text("type") == registry::to_string(TemplateType::jitp)
             ? TemplateType::jitp
             : TemplateType::fleet_provisioning;
}

templates::Use use_of(TemplateType type) {
  return type == TemplateType::jitp ? templates::Use::jitp : templates::Use::fleet;
}

Result<void> check_template_body(const std::string& body, TemplateType type) {
  TRY(provisioning::parse_template(body, use_of(type)));
  return {};
}

Result<void> check_role_arn(std::string_view member, const std::string& arn) {
  if (provisioning::is_role_arn(arn)) return {};
  return refuse_value(member, arn,
                      "Member must be the ARN of a role, such as "
                      "arn:aws:iam::000000000000:role/Provisioning; this server only checks its "
                      "form");
}

namespace {

constexpr std::size_t kMaxArnCharacters = 2048;

Unexpected refuse_hook(std::string message, std::string_view member) {
  const std::string where =
      fmt::format("preProvisioningHook{}{}", member.empty() ? "" : ".", member);
  return refuse(Exception::invalid_request, std::move(message), where);
}

/// The hook that a request gives its template: {targetArn, payloadVersion}. Whether a [[hook]] of
/// imprint.toml answers for the ARN shows when the first device comes; without one, devices are
/// refused.
Result<std::optional<registry::ProvisioningHook>> read_hook(const Call& call, TemplateType type) {
  if (!call.in.has("preProvisioningHook")) return std::nullopt;
  if (type == TemplateType::jitp) {
    return refuse_hook(
        "just-in-time provisioning calls no hook; leave it out, or make a template of type "
        "FLEET_PROVISIONING",
        "");
  }
  registry::ProvisioningHook hook{.payload_version = std::string(hooks::kPayloadVersion),
                                  .target_arn = {}};
  for (const auto& member : call.in.object("preProvisioningHook")) {
    const std::string_view name = member.key();
    if (name != "targetArn" && name != "payloadVersion")
      return refuse_hook("there is no such member; use targetArn and payloadVersion", name);
    if (member.value().is_null()) continue;
    if (!member.value().is_string()) return refuse_hook("must be a string", name);
    (name == "targetArn" ? hook.target_arn : hook.payload_version) = member.value().get_string();
  }
  const bool is_arn =
      hook.target_arn.starts_with("arn:") && hook.target_arn.size() <= kMaxArnCharacters &&
      std::ranges::all_of(hook.target_arn, [](char c) { return c > ' ' && c < 127; });
  if (!is_arn) {
    return refuse_hook(fmt::format("{} is no ARN of at most {} characters, such as "
                                   "arn:aws:lambda:us-east-1:000000000000:function:pre-provision",
                                   quote(hook.target_arn), kMaxArnCharacters),
                       "targetArn");
  }
  if (hook.payload_version != hooks::kPayloadVersion) {
    return refuse_hook(fmt::format("{} is no version of the event; {} is the only one",
                                   quote(hook.payload_version), hooks::kPayloadVersion),
                       "payloadVersion");
  }
  return hook;
}

json::object template_detail(const ProvisioningTemplate& record) {
  json::object out{{"template", record.name.str()},
                   {"enabled", record.enabled},
                   {"default_version", record.default_version}};
  if (record.hook) out["hook"] = record.hook->target_arn;
  return out;
}

json::object write_summary(const Call& call, const ProvisioningTemplate& record) {
  return {{"templateArn", template_arn(call, record.name)},
          {"templateName", record.name.str()},
          {"description", record.description},
          {"creationDate", epoch_seconds(record.created)},
          {"lastModifiedDate", epoch_seconds(record.modified)},
          {"enabled", record.enabled},
          {"type", registry::to_string(record.type)}};
}

runtime::Task<Result<void>> check_room(Call call, registry::Store& store, TemplateName name) {
  CO_TRY_ASSIGN(const std::optional<ProvisioningTemplate> existing,
                co_await registry::find(store, registry::template_key(name)));
  if (existing) {
    co_return refuse(Exception::already_exists,
                     fmt::format("Provisioning template {} already exists", name.str()),
                     template_arn(call, name));
  }
  CO_TRY_ASSIGN(const std::vector<ProvisioningTemplate> all,
                co_await registry::list_first<ProvisioningTemplate>(
                    store, registry::query::Templates{}, kMaxTemplates));
  if (all.size() < kMaxTemplates) co_return Result<void>();
  co_return refuse(
      Exception::limit_exceeded,
      fmt::format("there are already {} provisioning templates, the maximum; delete one first",
                  kMaxTemplates));
}

Answer create_template(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const Tags tags, read_tags(call));
  CO_TRY_ASSIGN(const auto hook, read_hook(call, type_of(call)));
  CO_TRY(check_role_arn("provisioningRoleArn", call.in.text("provisioningRoleArn")));
  const Timestamp now = call.now();
  const ProvisioningTemplate record{.name = call.in.name<TemplateName>("templateName"),
                                    .type = type_of(call),
                                    .description = call.in.text("description"),
                                    .enabled = call.in.flag("enabled"),
                                    .role_arn = call.in.text("provisioningRoleArn"),
                                    .hook = hook,
                                    .created = now,
                                    .modified = now};
  const std::string body = call.in.text("templateBody");
  CO_TRY(check_template_body(body, record.type));
  CO_TRY(co_await check_room(call, store, record.name));
  registry::ChangeSet changes = change_set(call.event(template_detail(record)));
  changes.add(registry::create(record));
  changes.add(registry::create(ProvisioningTemplateVersion{record.name, 1, body, now}));
  put_tags(changes, registry::template_key(record.name), tags, now);
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object{{"templateArn", template_arn(call, record.name)},
                         {"templateName", record.name.str()},
                         {"defaultVersionId", 1}};
}

Answer describe_template(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  CO_TRY_ASSIGN(const ProvisioningTemplateVersion version,
                co_await registry::get(
                    store, registry::template_version_key(record.name, record.default_version)));
  json::object answer = write_summary(call, record);
  answer["defaultVersionId"] = record.default_version;
  answer["templateBody"] = version.body;
  answer["provisioningRoleArn"] = record.role_arn;
  if (record.hook) {
    answer["preProvisioningHook"] = json::object{{"payloadVersion", record.hook->payload_version},
                                                 {"targetArn", record.hook->target_arn}};
  }
  co_return answer;
}

Result<void> update_hook(const Call& call, ProvisioningTemplate& record) {
  const bool removes = call.in.flag("removePreProvisioningHook");
  if (call.in.has("preProvisioningHook") && removes) {
    return refuse(Exception::invalid_request,
                  "preProvisioningHook and removePreProvisioningHook contradict each other; give "
                  "one");
  }
  TRY_ASSIGN(auto hook, read_hook(call, record.type));
  if (hook || removes) record.hook = std::move(hook);
  return {};
}

Answer update_template(Call call, registry::Store& store) {
  const std::string role = call.in.text("provisioningRoleArn");
  if (!role.empty()) CO_TRY(check_role_arn("provisioningRoleArn", role));
  CO_TRY_ASSIGN(ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  if (call.in.has("description")) record.description = call.in.text("description");
  record.enabled = call.in.boolean("enabled").value_or(record.enabled);
  if (!role.empty()) record.role_arn = role;
  CO_TRY(update_hook(call, record));
  if (const auto number = call.in.integer("defaultVersionId")) {
    CO_TRY(co_await get_template_version_record(store, record.name, *number));
    record.default_version = *number;
  }
  registry::ChangeSet changes = change_set(call.event(template_detail(record)));
  changes.add(registry::update(record, call.now()));
  changes.add(
      registry::exists(registry::template_version_key(record.name, record.default_version)));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

/// The claim policy is deleted with its template, unless a claim still has it.
runtime::Task<Result<bool>> claim_policy_is_unused(registry::Store& store, PolicyName policy) {
  CO_TRY_ASSIGN(const std::optional<registry::Policy> found,
                co_await registry::find(store, registry::policy_key(policy)));
  if (!found) co_return false;
  CO_TRY_ASSIGN(const std::vector<registry::PolicyAttachment> attached,
                co_await registry::list_first<registry::PolicyAttachment>(
                    store, registry::query::TargetsOfPolicy{policy}, 1));
  co_return attached.empty();
}

/// A template that a CA names cannot be deleted: the CA's devices could not be provisioned any
/// more.
runtime::Task<Result<void>> check_no_ca_uses(registry::Store& store, TemplateName name) {
  CO_TRY_ASSIGN(const std::vector<registry::CaCertificate> users,
                co_await registry::list_first<registry::CaCertificate>(
                    store, registry::query::CaCertificates{.template_name = name}, 1));
  if (users.empty()) co_return Result<void>();
  co_return refuse(Exception::delete_conflict,
                   fmt::format("Provisioning template {} is used by CA certificate {}; give that "
                               "another registrationConfig first",
                               quote(name.str()), users.front().id.hex()));
}

Answer delete_template(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  CO_TRY_ASSIGN(const std::vector<ProvisioningTemplateVersion> versions,
                co_await registry::list_all<ProvisioningTemplateVersion>(
                    store, registry::query::TemplateVersions{record.name}));
  CO_TRY(co_await check_no_ca_uses(store, record.name));
  const PolicyName policy = claim_policy_name(record.name);
  CO_TRY_ASSIGN(const bool is_unused, co_await claim_policy_is_unused(store, policy));
  registry::ChangeSet changes = change_set(call.event({{"template", record.name.str()}}));
  for (const ProvisioningTemplateVersion& version : versions)
    changes.add(registry::Erase{registry::key_of(version)});
  changes.add(registry::erase(record));
  changes.add(registry::Erase{registry::counter_key(provisioning::things_counter(record.name))});
  erase_tags(changes, registry::template_key(record.name));
  if (is_unused) {
    changes.add(registry::Erase{registry::policy_key(policy)});
    changes.add(registry::Erase{registry::policy_version_key(policy, 1)});
    erase_tags(changes, registry::policy_key(policy));
  }
  CO_TRY(co_await commit(store, std::move(changes)));
  if (is_unused) {
    CO_TRY(co_await erase_strays(store, registry::query::TargetsOfPolicy{policy},
                                 registry::policy_key(policy), call.event()));
  }
  co_return json::object();
}

Answer list_templates(Call call, registry::Store& store) {
  return list_page<ProvisioningTemplate>(std::move(call), store, registry::query::Templates{},
                                         kTokenStyle, "templates", write_summary);
}

using enum Exception;

constexpr InputInfo kDescription{.name = "description", .most = 500, .rule = members::kPrintable};
constexpr InputInfo role_arn(bool required) {
  return {.name = "provisioningRoleArn", .required = required, .least = 20, .most = 2048};
}
constexpr InputInfo kCreate[] = {members::template_name(Location::body),
                                 kDescription,
                                 kTemplateBody,
                                 members::flag("enabled", Location::body),
                                 role_arn(true),
                                 members::object("preProvisioningHook"),
                                 members::kTags,
                                 kTemplateType};
constexpr InputInfo kOne[] = {members::template_name()};
constexpr InputInfo kUpdate[] = {members::template_name(),
                                 kDescription,
                                 members::flag("enabled", Location::body),
                                 {.name = "defaultVersionId", .type = Type::integer, .least = 1},
                                 role_arn(false),
                                 members::object("preProvisioningHook"),
                                 members::flag("removePreProvisioningHook", Location::body)};
constexpr InputInfo kList[] = {members::kMaxResults, members::kNextToken};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"CreateProvisioningTemplate",
     "POST",
     "/provisioning-templates",
     kCreate,
     {internal_failure, invalid_request, limit_exceeded, throttling, unauthorized, already_exists},
     create_template,
     "provisioningtemplate/{templateName}"},
    {"DescribeProvisioningTemplate",
     "GET",
     "/provisioning-templates/{templateName}",
     kOne,
     {internal_failure, invalid_request, not_found, throttling, unauthorized},
     describe_template,
     "provisioningtemplate/{templateName}"},
    {"UpdateProvisioningTemplate",
     "PATCH",
     "/provisioning-templates/{templateName}",
     kUpdate,
     {internal_failure, invalid_request, not_found, unauthorized, conflicting_update},
     update_template,
     "provisioningtemplate/{templateName}"},
    {"DeleteProvisioningTemplate",
     "DELETE",
     "/provisioning-templates/{templateName}",
     kOne,
     {internal_failure, invalid_request, not_found, delete_conflict, throttling, conflicting_update,
      unauthorized},
     delete_template,
     "provisioningtemplate/{templateName}"},
    {"ListProvisioningTemplates",
     "GET",
     "/provisioning-templates",
     kList,
     {internal_failure, invalid_request, throttling, unauthorized},
     list_templates},
};

}  // namespace

Operations template_operations(registry::Store& store) { return rest::bind(kOperations, store); }

}  // namespace imprint::control_api
