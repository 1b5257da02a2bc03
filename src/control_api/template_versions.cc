// SPDX-License-Identifier: Apache-2.0
#include "control_api/operations.h"
#include "control_api/template_records.h"

namespace imprint::control_api {

namespace {

using registry::ProvisioningTemplate;
using registry::ProvisioningTemplateVersion;

json::object event_detail(const TemplateName& name, std::int64_t number) {
  return {{"template", name.str()}, {"template_version", number}};
}

Answer create_template_version(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  const std::string body = call.in.text("templateBody");
  CO_TRY(check_template_body(body, record.type));
  CO_TRY_ASSIGN(const std::vector<ProvisioningTemplateVersion> versions,
                co_await registry::list_first<ProvisioningTemplateVersion>(
                    store, registry::query::TemplateVersions{record.name}, kMaxTemplateVersions));
  if (versions.size() >= kMaxTemplateVersions) {
    co_return refuse(Exception::versions_limit,
                     fmt::format("The provisioning template {} already has the maximum number of "
                                 "versions ({}); delete one first",
                                 record.name.str(), kMaxTemplateVersions));
  }
  const Timestamp now = call.now();
  const std::int64_t number = ++record.last_version;
  const bool is_default = call.in.flag("setAsDefault");
  if (is_default) record.default_version = number;
  registry::ChangeSet changes = change_set(call.event(event_detail(record.name, number)));
  changes.add(registry::create(ProvisioningTemplateVersion{record.name, number, body, now}));
  changes.add(registry::update(record, now));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object{{"templateArn", template_arn(call, record.name)},
                         {"templateName", record.name.str()},
                         {"versionId", number},
                         {"isDefaultVersion", is_default}};
}

json::object write_version(const ProvisioningTemplate& record,
                           const ProvisioningTemplateVersion& version) {
  return {{"versionId", version.number},
          {"creationDate", epoch_seconds(version.created)},
          {"isDefaultVersion", version.number == record.default_version}};
}

Answer describe_template_version(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  CO_TRY_ASSIGN(
      const ProvisioningTemplateVersion version,
      co_await get_template_version_record(store, record.name, *call.in.integer("versionId")));
  json::object answer = write_version(record, version);
  answer["templateBody"] = version.body;
  co_return answer;
}

Answer list_template_versions(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  co_return co_await list_page<ProvisioningTemplateVersion>(
      std::move(call), store, registry::query::TemplateVersions{record.name}, kTokenStyle,
      "versions", [&record](const ProvisioningTemplateVersion& version) {
        return write_version(record, version);
      });
}

Answer delete_template_version(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const ProvisioningTemplate record,
                co_await get_template_record(store, call.in.name<TemplateName>("templateName")));
  CO_TRY_ASSIGN(
      const ProvisioningTemplateVersion version,
      co_await get_template_version_record(store, record.name, *call.in.integer("versionId")));
  if (version.number == record.default_version) {
    co_return refuse(Exception::delete_conflict,
                     fmt::format("Cannot delete version {} of provisioning template {}: it is the "
                                 "default; make another one the default first",
                                 version.number, record.name.str()));
  }
  registry::ChangeSet changes = change_set(call.event(event_detail(record.name, version.number)));
  changes.add(registry::Erase{registry::key_of(version), registry::Expect::present()});
  changes.add(registry::as_read(record));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

using enum Exception;

constexpr InputInfo kVersionId{
    .name = "versionId", .in = Location::path, .type = Type::integer, .required = true, .least = 1};
constexpr InputInfo kCreate[] = {members::template_name(), kTemplateBody,
                                 members::flag("setAsDefault", Location::query)};
constexpr InputInfo kOne[] = {members::template_name(), kVersionId};
constexpr InputInfo kAll[] = {members::template_name(), members::kMaxResults, members::kNextToken};
constexpr ExceptionSet kErrors{internal_failure, invalid_request, throttling, not_found,
                               unauthorized};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"CreateProvisioningTemplateVersion",
     "POST",
     "/provisioning-templates/{templateName}/versions",
     kCreate,
     {versions_limit, internal_failure, invalid_request, throttling, not_found, unauthorized,
      conflicting_update},
     create_template_version,
     "provisioningtemplate/{templateName}"},
    {"DescribeProvisioningTemplateVersion", "GET",
     "/provisioning-templates/{templateName}/versions/{versionId}", kOne, kErrors,
     describe_template_version, "provisioningtemplate/{templateName}"},
    {"ListProvisioningTemplateVersions", "GET", "/provisioning-templates/{templateName}/versions",
     kAll, kErrors, list_template_versions, "provisioningtemplate/{templateName}"},
    {"DeleteProvisioningTemplateVersion",
     "DELETE",
     "/provisioning-templates/{templateName}/versions/{versionId}",
     kOne,
     {internal_failure, invalid_request, throttling, not_found, unauthorized, conflicting_update,
      delete_conflict},
     delete_template_version,
     "provisioningtemplate/{templateName}"},
};

}  // namespace

Operations template_version_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::control_api
