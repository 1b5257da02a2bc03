// SPDX-License-Identifier: Apache-2.0
#include "transfer/export.h"

#include "base/file.h"
#include "encoding/text.h"
#include "registry/tags.h"
#include "transfer/line_file.h"
#include "transfer/portable.h"

namespace imprint::transfer {

namespace {

namespace json = encoding::json;
namespace query = registry::query;
using registry::Record;
using Take = std::function<Result<void>(const Record&)>;

constexpr std::size_t kPage = 1000;

bool is_carried(const registry::Certificate& certificate) {
  return certificate.purpose != registry::CertificatePurpose::provisioning_claim &&
         certificate.status != registry::CertificateStatus::pending_activation;
}

/// For each record of an outer list, an inner list: memberships of groups, principals of things,
/// ...
template <class Outer, class Inner>
Result<void> nested(registry::Store& store, const registry::Query& outer, Inner inner,
                    const Take& take) {
  return for_each_record(store, outer, [&](const Record& record) {
    return for_each_record(store, inner(std::get<Outer>(record)), take);
  });
}

Result<void> list_certificates(registry::Store& store, const Take& take) {
  return for_each_record(store, query::Certificates{}, [&](const Record& record) -> Result<void> {
    if (!is_carried(std::get<registry::Certificate>(record))) return {};
    return take(record);
  });
}

/// Attachments to certificates that are left out would have no target.
Result<void> list_attachments(registry::Store& store, const Take& take) {
  return nested<registry::Policy>(
      store, query::Policies{},
      [](const registry::Policy& policy) { return query::TargetsOfPolicy{policy.name}; },
      [&](const Record& record) -> Result<void> {
        const auto* id =
            std::get_if<CertificateId>(&std::get<registry::PolicyAttachment>(record).target);
        if (id == nullptr) return take(record);
        TRY_ASSIGN(const registry::Certificate certificate,
                   runtime::run_blocking(registry::get(store, registry::certificate_key(*id))));
        if (!is_carried(certificate)) return {};
        return take(record);
      });
}

/// Takes those records of the keys that exist.
Result<void> take_existing(registry::Store& store, std::vector<registry::Key> keys,
                           const Take& take) {
  TRY_ASSIGN(const auto found, runtime::run_blocking(store.find(std::move(keys))));
  for (const std::optional<Record>& record : found) {
    if (record) TRY(take(*record));
  }
  return {};
}

/// Tags are stored separately from their resources.
Result<void> list_tags(registry::Store& store, const Take& take) {
  for (const registry::Query& tagged :
       {registry::Query(query::Policies{}), registry::Query(query::Templates{}),
        registry::Query(query::ThingTypes{}), registry::Query(query::ThingGroups{}),
        registry::Query(query::CaCertificates{})}) {
    TRY(for_each_record(store, tagged, [&](const Record& record) {
      const registry::Key tags =
          registry::tags_key(registry::resource_name(registry::key_of(record)));
      return take_existing(store, {tags}, take);
    }));
  }
  return {};
}

Result<void> list_section(registry::Store& store, registry::Kind kind, const Take& take) {
  switch (kind) {
    case registry::Kind::thing_type:
      return for_each_record(store, query::ThingTypes{}, take);
    case registry::Kind::thing_group:
      return for_each_record(store, query::ThingGroups{}, take);
    case registry::Kind::thing:
      return for_each_record(store, query::Things{}, take);
    case registry::Kind::group_membership:
      return nested<registry::ThingGroup>(
          store, query::ThingGroups{},
          [](const registry::ThingGroup& group) { return query::ThingsInGroup{group.name}; }, take);
    case registry::Kind::certificate:
      return list_certificates(store, take);
    case registry::Kind::tombstone:
      return for_each_record(store, query::Tombstones{}, take);
    case registry::Kind::thing_principal:
      return nested<registry::Thing>(
          store, query::Things{},
          [](const registry::Thing& thing) { return query::PrincipalsOfThing{thing.name}; }, take);
    case registry::Kind::policy_attachment:
      return list_attachments(store, take);
    case registry::Kind::ca_certificate:
      return for_each_record(store, query::CaCertificates{}, take);
    case registry::Kind::manufacturing_list:
      return for_each_record(store, query::ManufacturingLists{}, take);
    case registry::Kind::list_entry:
      return nested<registry::ManufacturingList>(
          store, query::ManufacturingLists{},
          [](const registry::ManufacturingList& list) { return query::EntriesOfList{list.name}; },
          take);
    case registry::Kind::resource_tags:
      return list_tags(store, take);
    case registry::Kind::setting:
      return take_existing(store, {registry::setting_key(std::string(kEventConfigurations))}, take);
    case registry::Kind::indexing_configuration:
      return take_existing(store, {registry::indexing_configuration_key()}, take);
    default:
      break;
  }
  return fail(Fault::internal, "a section of kind {}", registry::kind_name(kind));
}

Result<std::size_t> write_section(registry::Store& store, const Section& section,
                                  const std::filesystem::path& folder) {
  TRY_ASSIGN(LineFile file, LineFile::create(folder / section.file));
  std::size_t count = 0;
  TRY(list_section(store, section.kind, [&](const Record& record) {
    ++count;
    return file.add(encoding::to_json(to_portable(record)));
  }));
  TRY(file.close());
  return count;
}

/// Writes one file for each record of the list, including its versions.
template <class Outer, class Versions>
Result<std::size_t> write_folder(registry::Store& store, const std::filesystem::path& folder,
                                 const registry::Query& outer, std::string_view member,
                                 Versions versions_of) {
  std::filesystem::create_directory(folder);
  std::size_t count = 0;
  TRY(for_each_record(store, outer, [&](const Record& record) -> Result<void> {
    const auto& name = std::get<Outer>(record).name;
    json::array versions;
    TRY(for_each_record(store, versions_of(name), [&](const Record& version) -> Result<void> {
      versions.push_back(to_portable(version));
      return {};
    }));
    ++count;
    // A name may be "..", so the ending is needed.
    return write_file_durably(
        folder / (encoding::percent_encode(name.str()) + ".json"), 0644,
        encoding::to_readable_json(
            json::object{{member, to_portable(record)}, {"versions", std::move(versions)}}));
  }));
  return count;
}

}  // namespace

Result<void> for_each_record(registry::Store& store, const registry::Query& query,
                             const Take& take) {
  registry::Cursor cursor{{}, kPage};
  while (true) {
    TRY_ASSIGN(const registry::Page page, runtime::run_blocking(store.list(query, cursor)));
    for (const Record& record : page.records) TRY(take(record));
    if (!page.next) return {};
    cursor.after = *page.next;
  }
}

Result<Counts> export_registry(registry::Store& store, const std::filesystem::path& folder,
                               const Clock& clock) {
  Counts counts;
  for (const Section& section : kSections) {
    TRY_ASSIGN(counts[std::string(section.file)], write_section(store, section, folder));
  }
  TRY_ASSIGN(counts[std::string(kPolicies)],
             write_folder<registry::Policy>(
                 store, folder / kPolicies, query::Policies{}, "policy",
                 [](const PolicyName& name) { return query::PolicyVersions{name}; }));
  TRY_ASSIGN(counts[std::string(kTemplates)],
             write_folder<registry::ProvisioningTemplate>(
                 store, folder / kTemplates, query::Templates{}, "template",
                 [](const TemplateName& name) { return query::TemplateVersions{name}; }));
  const json::object manifest{
      {"format", kFormat}, {"version", kVersion}, {"created", to_milliseconds(clock.now())}};
  TRY(write_file_durably(folder / kManifest, 0644, encoding::to_readable_json(manifest)));
  return counts;
}

}  // namespace imprint::transfer
