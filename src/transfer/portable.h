// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "encoding/json.h"
#include "registry/records.h"

/// The contents of a registry as files that people can read and other systems can import, and back.
/// A registry contains no private keys, so these files contain none.
namespace imprint::transfer {

/// A file of an export folder, with one record per line.
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
/// Folders with one file for each policy or template, including its versions.
inline constexpr std::string_view kPolicies = "policies";
inline constexpr std::string_view kTemplates = "templates";
inline constexpr std::string_view kManifest = "manifest.json";
/// The only setting that is exported: which events are published. The registration code is not: it
/// proves possession of a CA's key to one deployment only.
inline constexpr std::string_view kEventConfigurations = "event-configurations";
inline constexpr std::string_view kFormat = "imprint-export";
/// 2: with revocations.ndjson, which a reader of version 1 would silently ignore.
inline constexpr std::int64_t kVersion = 2;
inline constexpr std::int64_t kOldestVersion = 1;

/// A record as an export holds it: as stores keep it (registry/codec.h), but with policy documents,
/// template bodies and settings as JSON instead of JSON text.
encoding::json::object to_portable(const registry::Record& record);

/// Reads a record of that kind. Strict, since people edit these files: a member that is unknown, of
/// the wrong type or not in its canonical form is Fault::invalid and named, never dropped. A
/// version may be left out.
Result<registry::Record> from_portable(registry::Kind kind, const encoding::json::value& value);

/// Checks what a record must satisfy by itself: ids and versions, names of attributes and tags,
/// agreement with its PEM, a policy or template that parses, a status that is not temporary.
Result<void> check_record(const registry::Record& record);

}  // namespace imprint::transfer
