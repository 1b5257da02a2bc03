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
  trail::Registered registered = {};  ///< what let it in, for the audit event
};

/// What only RegisterThing has: a connection that asks for a certificate made for it.
struct FleetRequest {
  Caller caller;
  Sha256 request_digest{};
  std::optional<std::int64_t> max_devices = {};  ///< of the caller's budget
};

/// Where the certificate that is being registered comes from.
enum class Origin : std::uint8_t {
  registry,       ///< It is there already.
  signature,      ///< Signed for this registration and stored by it, in place of its intent.
  first_contact,  ///< Signed by a registered CA and stored by this registration.
};

/// The counter of the things that devices have made through a template, for its fleet-limit. The
/// store adds to it, so registrations that run at once do not contend for it. It goes with the
/// template or the CA.
std::string things_counter(const TemplateSource& source);

/// Everything a registration depends on, as it was read.
struct Known {
  templates::Resources resources;
  /// Absent: an operator's own request, which the rules for devices do not bind.
  std::optional<DeviceRequest> device = {};
  std::optional<FleetRequest> fleet = {};  ///< with `device` only
  /// Who did what, for the audit trail; plan() adds the time and what it is about.
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
  /// What the key's other certificates are attached to; read for devices.
  std::vector<registry::ThingPrincipal> things_of_key = {};
  /// What the resources name: types, groups and policies, where they exist.
  std::map<registry::Key, registry::Record> named = {};
};

struct Plan {
  registry::ChangeSet changes;
  std::optional<registry::Registration> registration = {};  ///< what RegisterThing answers
};

/// The registry records that evaluating gave names to: what `Known::named` is to be filled with.
std::vector<registry::Key> keys_named_by(const templates::Resources& resources);

/// Reads what `known` does not say yet of the thing, the certificate and the named records.
registry::Task<Result<Known>> gather(registry::Store& store, Known known);

/// The policy that an inline document becomes: named by a hash of its text, so that the same
/// document is the same policy (AWS IoT, provisioning templates: 40 upper-case hexadecimal digits).
PolicyName name_of_inline_policy(const std::string& document);

/// The policy of a resource: the one it names, or the one that its document becomes.
PolicyName policy_name_of(const templates::PolicyResource& resource);

/// Decides what a registration changes; pure. `thing_id` is the UUID of a thing that has to be
/// made. All of it is committed at once: thing, groups, policies and their attachment, the
/// certificate's attachment and, last, its status.
Result<Plan> plan(const Known& known, Timestamp now, const std::string& thing_id,
                  const std::string& generation_id);

/// Two keys for one thing are two units with one serial number, or a copy of one: the second is
/// refused, and an operator told of both.
void raise_if_duplicate(alarms::PointAlarms& alarms, const Known& known, const Error& refusal);

}  // namespace imprint::provisioning
