// SPDX-License-Identifier: Apache-2.0
#include "provisioning/plan.h"

#include <algorithm>
#include <set>

#include "encoding/json.h"
#include "outcome/causes.h"
#include "policy/policy.h"
#include "provisioning/claim_budget.h"
#include "provisioning/issue.h"
#include "provisioning/reprovision.h"
#include "trail/event.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;
using registry::Expect;
using registry::Put;
using templates::Override;

constexpr std::size_t kMaxPoliciesPerCertificate = 10;
constexpr std::size_t kMaxGroupsPerThing = 10;

Unexpected refuse(Fault fault, Cause cause, std::string message, std::string where = {}) {
  return Unexpected(Error{fault, std::move(message), std::move(where), cause});
}

std::string path_of(const templates::ThingResource& thing, std::string_view property) {
  return fmt::format("$.Resources.{}.Properties.{}", thing.logical_name, property);
}

/// Builds the change set resource by resource, in the order that AWS documents, activation last.
class Planner {
 public:
  Planner(const Known& known, Timestamp now, const std::string& thing_id,
          const std::string& generation_id)
      : known_(known), now_(now), thing_id_(thing_id), generation_id_(generation_id) {}

  Result<Plan> run() {
    TRY(known_.device ? check_own_certificate() : check_chosen_certificate());
    if (known_.device) {
      for (const registry::Require& precondition : known_.device->preconditions)
        changes_.changes.emplace_back(precondition);
    }
    for (const registry::Require& precondition : known_.preconditions)
      changes_.changes.emplace_back(precondition);
    if (known_.resources.thing) {
      if (known_.device) {
        TRY_ASSIGN(reprovisioned_, reprovision(known_, now_, changes_));
      }
      TRY(known_.thing && !known_.thing->is_reserved ? update_thing() : create_thing());
    }
    TRY(check_key());
    TRY(attach_policies());
    TRY(attach_thing());
    count();
    if (known_.fleet) remember_registration();
    store_certificate();
    add_event();
    return Plan{std::move(changes_), std::move(registration_)};
  }

 private:
  template <class T>
  [[nodiscard]] const T* named(const registry::Key& key) const {
    const auto it = known_.named.find(key);
    return it == known_.named.end() ? nullptr : std::get_if<T>(&it->second);
  }

  void put(registry::Record record, Expect expect) {
    changes_.changes.emplace_back(Put{std::move(record), expect});
  }

  Result<void> check_own_certificate() const {
    if (!known_.resources.certificate) {
      return refuse(
          Fault::invalid, "ResourceRegistrationFailure"_cause,
          "the template has no AWS::IoT::Certificate resource, so the certificate would stay "
          "PENDING_ACTIVATION; add one with CertificateId {\"Ref\": \"AWS::IoT::Certificate::Id\"}",
          "$.Resources");
    }
    const auto& resource = *known_.resources.certificate;
    if (resource.value != known_.certificate->id.hex()) {
      return refuse(Fault::invalid, "ResourceRegistrationFailure"_cause,
                    "the template names another certificate than the one being registered; use "
                    "{\"Ref\": \"AWS::IoT::Certificate::Id\"}",
                    fmt::format("$.Resources.{}.Properties.CertificateId", resource.logical_name));
    }
    return {};
  }

  /// An operator's template may name any certificate that is not REVOKED.
  Result<void> check_chosen_certificate() const {
    if (!known_.certificate || known_.origin != Origin::registry) return {};
    const templates::CertificateResource& resource = *known_.resources.certificate;
    const std::string id = known_.certificate->id.hex();
    if (known_.certificate->status == CertificateStatus::revoked) {
      return refuse(Fault::conflict, "ResourceRegistrationFailure"_cause,
                    fmt::format("certificate {} is revoked; make a new one", id),
                    "$.Resources." + resource.logical_name);
    }
    if (resource.status_override == Override::fail) {
      return refuse(Fault::conflict, "OverrideIsFail"_cause,
                    fmt::format("certificate {} exists already and the template's "
                                "OverrideSettings for Status are FAIL",
                                id),
                    fmt::format("$.Resources.{}.OverrideSettings.Status", resource.logical_name));
    }
    return {};
  }

  /// A key that was taken out of service stays out, whatever settings and claims allow.
  Result<void> check_key() {
    if (!known_.certificate) return {};
    const CertificateId own = known_.certificate->id;
    TRY(provisioning::check_key_history(
        known_.history, identity_of(*known_.certificate), own,
        known_.device ? AskedBy::device : AskedBy::operator_call,
        may_reprovision(known_.thing, now_) ? Inactive::is_permitted : Inactive::refuses));
    changes_.changes.emplace_back(precondition_of(known_.history));
    return {};
  }

  // ---- thing ----

  Result<void> check_type(const ThingTypeName& type) const {
    const auto* record = named<registry::ThingType>(registry::thing_type_key(type));
    if (record == nullptr) {
      return refuse(Fault::not_found, "ResourceRegistrationFailure"_cause,
                    fmt::format("thing type {} does not exist; create it, for example with "
                                "aws iot create-thing-type --thing-type-name {}",
                                quote(type.str()), type.str()),
                    path_of(*known_.resources.thing, "ThingTypeName"));
    }
    if (record->deprecated) {
      return refuse(Fault::conflict, "ThingTypeDeprecated"_cause,
                    fmt::format("thing type {} is deprecated", quote(type.str())),
                    path_of(*known_.resources.thing, "ThingTypeName"));
    }
    return {};
  }

  Result<void> check_groups(const std::vector<ThingGroupName>& groups) const {
    for (const ThingGroupName& group : groups) {
      const auto* record = named<registry::ThingGroup>(registry::thing_group_key(group));
      if (record != nullptr && record->is_dynamic()) {
        return refuse(Fault::conflict, "ResourceRegistrationFailure"_cause,
                      fmt::format("thing group {} is dynamic: its query decides what is in it",
                                  quote(group.str())),
                      path_of(*known_.resources.thing, "ThingGroups"));
      }
      if (record != nullptr) continue;
      return refuse(Fault::not_found, "ResourceRegistrationFailure"_cause,
                    fmt::format("thing group {} does not exist; create it, for example with "
                                "aws iot create-thing-group --thing-group-name {}",
                                quote(group.str()), group.str()),
                    path_of(*known_.resources.thing, "ThingGroups"));
    }
    return {};
  }

  Result<void> refuse_billing_group() const {
    const auto& group = known_.resources.thing->billing_group;
    if (!group) return {};
    return refuse(Fault::not_found, "ResourceRegistrationFailure"_cause,
                  fmt::format("billing group {} does not exist", quote(group->str())),
                  path_of(*known_.resources.thing, "BillingGroup"));
  }

  void join(const ThingGroupName& group) {
    put(registry::GroupMembership{known_.resources.thing->name, group, now_}, Expect::anything());
    changes_.changes.emplace_back(
        registry::Require{registry::thing_group_key(group), Expect::present()});
  }

  Result<void> create_thing() {
    const templates::ThingResource& wanted = *known_.resources.thing;
    TRY(refuse_billing_group());
    if (wanted.type) TRY(check_type(*wanted.type));
    if (wanted.groups) TRY(check_groups(*wanted.groups));
    registry::Thing thing{
        .name = wanted.name, .id = thing_id_, .type = wanted.type, .created = now_};
    if (wanted.attributes) set_attributes(thing.attributes, *wanted.attributes);
    if (known_.thing) {  // reserved: only its name and its id are somebody else's choice
      thing.id = known_.thing->id;
      thing.created = known_.thing->created;
      thing.version = known_.thing->version;
      changes_.changes.emplace_back(registry::update(std::move(thing)));
    } else {
      put(std::move(thing), Expect::absent());
    }
    if (wanted.type) {
      changes_.changes.emplace_back(
          registry::Require{registry::thing_type_key(*wanted.type), Expect::present()});
    }
    if (wanted.groups)
      std::ranges::for_each(*wanted.groups, [&](const ThingGroupName& group) { join(group); });
    if (known_.device) count_thing();
    return {};
  }

  /// Counts without a limit too, so that a limit that is set later includes earlier things.
  void count_thing() {
    const std::int64_t limit = known_.device->settings.fleet_limit;
    changes_.changes.emplace_back(registry::Count{things_counter(known_.device->source), 1,
                                                  limit > 0 ? std::optional(limit) : std::nullopt,
                                                  "LimitReached"_cause});
  }

  /// FAIL refuses as soon as the thing exists and the template declares the property.
  Result<void> check_override(bool declared, Override setting, std::string_view property) const {
    if (!declared || setting != Override::fail) return {};
    return refuse(
        Fault::conflict, "OverrideIsFail"_cause,
        fmt::format("thing {} exists already and the template's OverrideSettings for {} are FAIL",
                    quote(known_.thing->name.str()), property),
        fmt::format("$.Resources.{}.OverrideSettings.{}", known_.resources.thing->logical_name,
                    property));
  }

  Result<void> update_thing() {
    const templates::ThingResource& wanted = *known_.resources.thing;
    TRY(check_override(wanted.attributes.has_value(), wanted.attributes_override,
                       "AttributePayload"));
    TRY(check_override(wanted.type.has_value(), wanted.type_override, "ThingTypeName"));
    TRY(check_override(wanted.groups.has_value(), wanted.groups_override, "ThingGroups"));
    registry::Thing thing = *known_.thing;
    bool changed = false;
    if (wanted.attributes && wanted.attributes_override != Override::do_nothing) {
      if (wanted.attributes_override == Override::replace) thing.attributes.clear();
      set_attributes(thing.attributes, *wanted.attributes);
      changed = thing.attributes != known_.thing->attributes;
    }
    if (wanted.type && wanted.type_override == Override::replace) {
      TRY(check_type(*wanted.type));
      changed = changed || thing.type != wanted.type;
      thing.type = wanted.type;
    }
    if (wanted.groups && wanted.groups_override != Override::do_nothing)
      TRY(update_groups(*wanted.groups));
    // Attaching another certificate changes the thing too, so that of several registrations at once
    // only one commits, and the others read again.
    const bool attaches =
        known_.certificate && std::ranges::none_of(known_.things_of_certificate,
                                                   [&](const registry::ThingPrincipal& principal) {
                                                     return principal.thing == thing.name;
                                                   });
    // A permission works once.
    if (attaches && thing.reprovision_until) thing.reprovision_until.reset();
    if (changed || attaches) {
      changes_.changes.emplace_back(registry::update(std::move(thing)));
    } else {
      changes_.changes.emplace_back(registry::as_read(thing));
    }
    return {};
  }

  Result<void> update_groups(const std::vector<ThingGroupName>& wanted) {
    TRY(check_groups(wanted));
    std::set<ThingGroupName> result(wanted.begin(), wanted.end());
    const bool replaces = known_.resources.thing->groups_override == Override::replace;
    for (const registry::GroupMembership& membership : known_.groups_of_thing) {
      if (!replaces) {
        result.insert(membership.group);
      } else if (!result.contains(membership.group)) {
        changes_.changes.emplace_back(
            registry::Erase{registry::membership_key(membership.thing, membership.group)});
      }
    }
    if (result.size() > kMaxGroupsPerThing) {
      return refuse(Fault::conflict, "ResourceRegistrationFailure"_cause,
                    fmt::format("the thing would be in {} groups; at most {} are allowed",
                                result.size(), kMaxGroupsPerThing),
                    path_of(*known_.resources.thing, "ThingGroups"));
    }
    std::ranges::for_each(wanted, [&](const ThingGroupName& group) { join(group); });
    return {};
  }

  static void set_attributes(registry::Attributes& attributes,
                             const std::map<AttributeName, std::string>& wanted) {
    for (const auto& [name, value] : wanted) attributes.insert_or_assign(name.str(), value);
  }

  // ---- policies ----

  Result<PolicyName> resolve(const templates::PolicyResource& resource) {
    if (const auto* name = std::get_if<PolicyName>(&resource.policy)) {
      if (named<registry::Policy>(registry::policy_key(*name)) == nullptr) {
        return refuse(
            Fault::not_found, "ResourceRegistrationFailure"_cause,
            fmt::format(
                "policy {} does not exist; create it, for example with "
                "aws iot create-policy --policy-name {} --policy-document file://policy.json",
                quote(name->str()), name->str()),
            fmt::format("$.Resources.{}.Properties.PolicyName", resource.logical_name));
      }
      changes_.changes.emplace_back(
          registry::Require{registry::policy_key(*name), Expect::present()});
      return *name;
    }
    const std::string& document = std::get<templates::PolicyDocument>(resource.policy).text;
    const PolicyName name = name_of_inline_policy(document);
    if (named<registry::Policy>(registry::policy_key(name)) != nullptr) return name;
    if (const auto parsed = policy::Policy::parse(document); !parsed) {
      return refuse(Fault::invalid, "ResourceRegistrationFailure"_cause,
                    fmt::format("the policy document is malformed: {}", describe(parsed.error())),
                    fmt::format("$.Resources.{}.Properties.PolicyDocument", resource.logical_name));
    }
    put(
        registry::Policy{
            .name = name, .generation_id = generation_id_, .created = now_, .modified = now_},
        Expect::absent());
    put(registry::PolicyVersion{name, 1, document, now_}, Expect::absent());
    return name;
  }

  Result<void> attach_policies() {
    std::set<PolicyName> attached;
    for (const registry::PolicyAttachment& attachment : known_.policies_of_certificate)
      attached.insert(attachment.policy);
    const std::size_t before = attached.size();
    for (const templates::PolicyResource& resource : known_.resources.policies) {
      TRY_ASSIGN(const PolicyName name, resolve(resource));
      if (!attached.insert(name).second || !known_.certificate) continue;
      put(registry::PolicyAttachment{name, registry::PolicyTarget(known_.certificate->id), now_},
          Expect::anything());
    }
    if (known_.certificate && attached.size() > std::max(before, kMaxPoliciesPerCertificate)) {
      return refuse(Fault::conflict, "ResourceRegistrationFailure"_cause,
                    fmt::format("the certificate would have {} policies; at most {} are allowed",
                                attached.size(), kMaxPoliciesPerCertificate));
    }
    return {};
  }

  // ---- certificate ----

  static Unexpected refuse_second_thing(const ThingName& first) {
    return refuse(Fault::conflict, "KeyOfAnotherThing"_cause,
                  fmt::format("this key belongs to thing {} already; a device with another name "
                              "needs a key of its own",
                              quote(first.str())));
  }

  Result<void> attach_thing() {
    if (!known_.resources.thing || !known_.certificate) return {};
    const ThingName& thing = known_.resources.thing->name;
    const bool exclusive = known_.resources.certificate->exclusive_thing;
    for (const registry::ThingPrincipal& other : known_.things_of_key) {
      if (other.thing != thing) return refuse_second_thing(other.thing);
    }
    for (const registry::ThingPrincipal& other : known_.things_of_certificate) {
      if (other.thing == thing) continue;
      if (known_.fleet && known_.certificate->requested_by) return refuse_second_thing(other.thing);
      if (!(other.exclusive || exclusive)) continue;
      return refuse(Fault::conflict, "ExclusiveThing"_cause,
                    fmt::format("the certificate is attached to thing {}, and one of the two "
                                "attachments is exclusive",
                                quote(other.thing.str())));
    }
    put(registry::ThingPrincipal{thing, known_.certificate->id, exclusive, now_},
        Expect::anything());
    return {};
  }

  /// Counts in the transaction that activates, so that a claim cannot exceed its limit; and without
  /// a limit too, so that one that is set later includes earlier devices.
  void count() {
    if (!known_.fleet || !is_new_device(*known_.certificate) || reprovisioned_.repeats_lost_answer)
      return;
    changes_.changes.emplace_back(registry::Count{devices_counter(known_.fleet->caller.certificate),
                                                  1, known_.fleet->max_devices,
                                                  "ClaimRefused"_cause});
  }

  void remember_registration() {
    registration_ = registry::Registration{
        .template_name = std::get<TemplateName>(known_.device->source),
        .request_digest = known_.fleet->request_digest,
        .thing =
            known_.resources.thing ? std::optional(known_.resources.thing->name) : std::nullopt,
        .device_configuration = encoding::to_json(known_.resources.device_configuration),
        .at = now_};
  }

  void store_certificate() {
    if (!known_.certificate) return;
    const templates::CertificateResource& resource = *known_.resources.certificate;
    registry::Certificate certificate = *known_.certificate;
    const bool keeps_status = known_.origin == Origin::registry &&
                              certificate.status != CertificateStatus::pending_activation &&
                              resource.status_override == Override::do_nothing;
    if (!keeps_status) {
      certificate.status =
          resource.active ? CertificateStatus::active : CertificateStatus::inactive;
    }
    // The reasons why it was out of service no longer apply.
    if (certificate.status == CertificateStatus::active) {
      certificate.frozen.reset();
      certificate.deactivated.reset();
      certificate.replaced_by.reset();
    }
    if (!reprovisioned_.replaces.empty()) certificate.replaces = reprovisioned_.replaces;
    if (known_.origin == Origin::signature) {
      for (registry::Change& change : IssueCertificate::changes_to_store(certificate))
        changes_.changes.push_back(std::move(change));
      return;
    }
    if (known_.origin == Origin::first_contact)
      return put(std::move(certificate), Expect::absent());
    if (!registration_ && reprovisioned_.replaces.empty() &&
        certificate.status == known_.certificate->status) {
      changes_.changes.emplace_back(registry::as_read(certificate));
      return;
    }
    if (registration_) certificate.registration = registration_;
    changes_.changes.emplace_back(registry::update(std::move(certificate), now_));
  }

  void add_event() {
    registry::AuditEvent event = known_.event;
    event.time = now_;
    if (known_.resources.thing) event.thing = known_.resources.thing->name.str();
    if (known_.certificate) event.certificate = known_.certificate->id.hex();
    if (known_.device) {
      trail::Registered registered = known_.device->registered;
      registered.template_name = to_string(known_.device->source);
      registered.template_version = known_.device->template_version;
      registered.thing_existed = known_.thing.has_value();
      event = trail::with(std::move(event), registered);
    }
    changes_.events.push_back(std::move(event));
  }

  const Known& known_;
  const Timestamp now_;
  const std::string& thing_id_;
  const std::string& generation_id_;
  registry::ChangeSet changes_;
  Reprovisioned reprovisioned_;
  std::optional<registry::Registration> registration_;
};

}  // namespace

std::string things_counter(const TemplateSource& source) {
  return "things-of-template/" + to_string(source);
}

Result<Plan> plan(const Known& known, Timestamp now, const std::string& thing_id,
                  const std::string& generation_id) {
  return Planner(known, now, thing_id, generation_id).run();
}

void raise_if_duplicate(alarms::PointAlarms& alarms, const Known& known, const Error& refusal) {
  if (refusal.cause != "DuplicateDevice"_cause || !known.thing) return;
  registry::AuditEvent about = known.event;
  about.thing = known.thing->name.str();
  if (known.certificate) about.certificate = known.certificate->id.hex();
  alarms.raise(alarms::Kind::duplicate_device, known.thing->name.str(), refusal.message,
               std::move(about));
}

}  // namespace imprint::provisioning
