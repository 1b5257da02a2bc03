// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarms/point_alarms.h"
#include "encoding/json.h"
#include "provisioning/caller.h"
#include "provisioning/key_history.h"
#include "provisioning/settings.h"
#include "provisioning/template_source.h"
#include "registry/store.h"
#include "templates/template.h"
#include "trail/details.h"

namespace imprint::provisioning {

/// What a device's own registration depends on, and the rules that apply to it.
struct DeviceRequest {
  /// Template, claim or CA, and list entry must still be as they were read when the registration is
  /// committed: disabled, deactivated or changed meanwhile, they authorise nothing any more.
  std::vector<registry::Require> preconditions = {};
  TemplateSource source;
  std::int64_t template_version = 1;
  Settings settings = {};
  trail::Registered registered = {};  ///< for the audit event
};

/// The additional data of RegisterThing.
struct FleetRequest {
  Caller caller;
  Sha256 request_digest{};
  std::optional<std::int64_t> max_devices = {};  ///< of the caller's budget
};

/// Where the certificate that is being registered comes from.
enum class Origin : std::uint8_t {
  registry,       ///< It is registered already.
  signature,      ///< Signed for this registration and stored by it, in place of its intent.
  first_contact,  ///< Signed by a registered CA and stored by this registration.
};

/// The counter of the things that devices have created through a template, for its fleet-limit. The
/// store increments it, so concurrent registrations do not conflict. It is deleted with the
/// template or the CA.
std::string things_counter(const TemplateSource& source);

/// Everything a registration depends on, as it was read.
struct Known {
  templates::Resources resources;
  /// Absent for an operator's own request, to which the rules for devices do not apply.
  std::optional<DeviceRequest> device = {};
  std::optional<FleetRequest> fleet = {};  ///< with `device` only
  /// The actor and the step for the audit trail; plan() adds the time and the objects.
  registry::AuditEvent event = {};
  /// Of an operator's request, as DeviceRequest::preconditions.
  std::vector<registry::Require> preconditions = {};
  /// The certificate being registered; only an operator's template may do without.
  std::optional<registry::Certificate> certificate = {};
  Origin origin = Origin::registry;

  std::optional<registry::Thing> thing = {};
  std::vector<registry::Certificate> certificates_of_thing =
      {};  ///< without the one being registered
  std::vector<registry::GroupMembership> groups_of_thing = {};
  std::vector<registry::ThingPrincipal> things_of_certificate = {};
  std::vector<registry::PolicyAttachment> policies_of_certificate = {};
  KeyHistory history = {};  ///< of the certificate's key
  /// The attachments of the key's other certificates; read for devices only.
  std::vector<registry::ThingPrincipal> things_of_key = {};
  /// The existing types, groups and policies that the resources name.
  std::map<registry::Key, registry::Record> named = {};
};

struct Plan {
  registry::ChangeSet changes;
  std::optional<registry::Registration> registration = {};  ///< the answer of RegisterThing
};

/// The keys of the records that an evaluated template names, for `Known::named`.
std::vector<registry::Key> keys_named_by(const templates::Resources& resources);

/// Reads the thing, the certificate's attachments, its key's history and the named records into
/// `known`.
registry::Task<Result<Known>> gather(registry::Store& store, Known known);

/// The name of the policy created from an inline document: a hash of its text, so that equal
/// documents share one policy (AWS IoT, provisioning templates: 40 upper-case hexadecimal digits).
PolicyName name_of_inline_policy(const std::string& document);

/// The name of a resource's policy: the one it gives, or the one for its inline document.
PolicyName policy_name_of(const templates::PolicyResource& resource);

/// Decides what a registration changes; pure. `thing_id` is the UUID for a new thing. All
/// changes are committed at once: thing, groups, policies and their attachment, the
/// certificate's attachment and, last, its status.
Result<Plan> plan(const Known& known, Timestamp now, const std::string& thing_id,
                  const std::string& generation_id);

/// Raises the alarm for a registration that was refused because its thing has another key: two
/// units have the same serial number, or one is a copy of the other. The alarm names both
/// certificates.
void raise_if_duplicate(alarms::PointAlarms& alarms, const Known& known, const Error& refusal);

}  // namespace imprint::provisioning
