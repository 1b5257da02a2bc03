// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "encoding/json.h"
#include "registry/records.h"

/// What a registry holds as files that people can read, and other systems take: the way in and out.
/// No private key is in a registry, so none is in these files.
namespace imprint::transfer {

/// A file of an export folder: one record a line.
struct Section {
  std::string_view file;
  registry::Kind kind;
};

/// In the order in which an export writes them.
inline constexpr auto kSections = std::to_array<Section>({
    {"thing-types.ndjson", registry::Kind::thing_type},
    {"thing-groups.ndjson", registry::Kind::thing_group},
    {"things.ndjson", registry::Kind::thing},
    {"memberships.ndjson", registry::Kind::group_membership},
    {"certificates.ndjson", registry::Kind::certificate},
    {"revocations.ndjson", registry::Kind::tombstone},
    {"thing-principals.ndjson", registry::Kind::thing_principal},
    {"policy-attachments.ndjson", registry::Kind::policy_attachment},
    {"ca-certificates.ndjson", registry::Kind::ca_certificate},
    {"manufacturing-lists.ndjson", registry::Kind::manufacturing_list},
    {"list-entries.ndjson", registry::Kind::list_entry},
    {"tags.ndjson", registry::Kind::resource_tags},
    {"settings.ndjson", registry::Kind::setting},
    {"indexing.ndjson", registry::Kind::indexing_configuration},
});
/// Folders with one file for each policy or template, its versions within.
inline constexpr std::string_view kPolicies = "policies";
inline constexpr std::string_view kTemplates = "templates";
inline constexpr std::string_view kManifest = "manifest.json";
/// The one setting that is carried over: which events are published. The registration code stays:
/// it proves a CA's key to one deployment.
inline constexpr std::string_view kEventConfigurations = "event-configurations";
inline constexpr std::string_view kFormat = "imprint-export";
/// 2: with revocations.ndjson, which a reader of version 1 would leave out without a word.
inline constexpr std::int64_t kVersion = 2;
inline constexpr std::int64_t kOldestVersion = 1;

/// A record as an export carries it: as stores keep it (registry/codec.h), but policy documents,
/// template bodies and settings as JSON rather than as text of JSON.
encoding::json::object to_portable(const registry::Record& record);

/// The record of that kind. Strict, since people edit these files: a member that is unknown, of the
/// wrong type or not in its canonical form is Fault::invalid and named, never dropped. A version
/// may be left out.
Result<registry::Record> from_portable(registry::Kind kind, const encoding::json::value& value);

/// What a record says must hold by itself: ids and versions, names of attributes and tags, the
/// certificate that a PEM is, a policy or template that parses, a status that lasts.
Result<void> check_record(const registry::Record& record);

}  // namespace imprint::transfer
