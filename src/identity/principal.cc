// SPDX-License-Identifier: Apache-2.0
#include "identity/principal.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

namespace imprint::identity {

namespace {

using policy::CertificateField;

std::optional<CertificateField> field_of(x509::NameType type) {
  switch (type) {
    case x509::NameType::dn_qualifier:
      return CertificateField::distinguished_name_qualifier;
    case x509::NameType::country:
      return CertificateField::country;
    case x509::NameType::organization:
      return CertificateField::organization;
    case x509::NameType::organizational_unit:
      return CertificateField::organizational_unit;
    case x509::NameType::state:
      return CertificateField::state;
    case x509::NameType::common_name:
      return CertificateField::common_name;
    case x509::NameType::serial_number:
      return CertificateField::serial_number;
    case x509::NameType::title:
      return CertificateField::title;
    case x509::NameType::surname:
      return CertificateField::surname;
    case x509::NameType::given_name:
      return CertificateField::given_name;
    case x509::NameType::initials:
      return CertificateField::initials;
    case x509::NameType::pseudonym:
      return CertificateField::pseudonym;
    case x509::NameType::generation_qualifier:
      return CertificateField::generation_qualifier;
    default:
      return std::nullopt;
  }
}

std::optional<CertificateField> field_of(x509::AlternativeName::Kind kind) {
  switch (kind) {
    case x509::AlternativeName::email:
      return CertificateField::alternative_rfc822_name;
    case x509::AlternativeName::dns:
      return CertificateField::alternative_dns_name;
    case x509::AlternativeName::uri:
      return CertificateField::alternative_uri;
    case x509::AlternativeName::ip:
      return CertificateField::alternative_ip_address;
    case x509::AlternativeName::directory:
      return CertificateField::alternative_directory_name;
    case x509::AlternativeName::other:
      return std::nullopt;
  }
  return std::nullopt;
}

/// Whether the statement names the provisioning topics. A statement that allows everything does not
/// make its certificate a claim.
bool allows_provisioning(const policy::Statement& statement) {
  constexpr std::array<std::string_view, 2> kTopics = {":topic/$aws/certificates/create",
                                                       ":topic/$aws/provisioning-templates/"};
  const bool publishes =
      statement.allows() &&
      statement.actions().test(static_cast<std::size_t>(policy::Action::publish));
  return publishes &&
         std::ranges::any_of(statement.resources(), [&](const policy::ResourcePattern& resource) {
           return std::ranges::any_of(kTopics, [&](std::string_view topic) {
             return resource.text().find(topic) != std::string::npos;
           });
         });
}

}  // namespace

CertificateValues::CertificateValues(const x509::DistinguishedName& name,
                                     const std::vector<x509::AlternativeName>& alternatives) {
  for (const x509::NameAttribute& attribute : name.attributes()) {
    if (const auto field = field_of(attribute.type)) add(*field, attribute.value);
  }
  for (const x509::AlternativeName& alternative : alternatives) {
    if (const auto field = field_of(alternative.kind)) add(*field, alternative.value);
  }
}

void CertificateValues::add(policy::CertificateField field, std::string value) {
  texts_.push_back(std::make_unique<const std::string>(std::move(value)));
  views_.push_back({field, *texts_.back()});
}

bool Principal::is_claim() const {
  if (certificate.purpose != registry::CertificatePurpose::identity) return true;
  return things.empty() && std::ranges::any_of(policies, [](const auto& policy) {
           return std::ranges::any_of(policy->statements(), allows_provisioning);
         });
}

const AttachedThing* Principal::attached_of(std::string_view client_id) const {
  for (const AttachedThing& attached : things) {
    if (attached.exclusive || attached.thing.name.str() == client_id) return &attached;
  }
  return nullptr;
}

const registry::Thing* Principal::thing_of(std::string_view client_id) const {
  const AttachedThing* attached = attached_of(client_id);
  return attached == nullptr ? nullptr : &attached->thing;
}

Rights Principal::rights_of(std::string_view client_id) const {
  Rights out{.in_force = policies};
  const auto add = [](Policies& to, const Policies& from, const auto& known) {
    for (const auto& policy : from) {
      if (std::ranges::none_of(known, [&](const auto* list) {
            return std::ranges::find(*list, policy->name(),
                                     [](const auto& one) { return one->name(); }) != list->end();
          }))
        to.push_back(policy);
    }
  };
  const AttachedThing* own = attached_of(client_id);
  if (own != nullptr) add(out.in_force, own->policies, std::array{&out.in_force});
  for (const AttachedThing& other : things) {
    if (&other == own) continue;
    Policies denying;
    std::ranges::copy_if(other.policies, std::back_inserter(denying),
                         [](const auto& policy) { return policy->denies_anything(); });
    add(out.only_deny, denying, std::array{&out.in_force, &out.only_deny});
  }
  return out;
}

std::optional<Timestamp> Rights::next_change(Timestamp now) const {
  std::optional<Timestamp> next;
  for (const Policies* policies : {&in_force, &only_deny}) {
    for (const auto& policy : *policies) {
      const auto change = policy->next_change(now);
      if (change && (!next || *change < *next)) next = change;
    }
  }
  return next;
}

policy::Context context_of(const Principal& principal, const ConnectionFacts& facts,
                           std::string_view account, Timestamp now) {
  using Views = std::span<const policy::CertificateValue>;
  const registry::Thing* thing = principal.thing_of(facts.client_id);
  return {.region = "",
          .account = account,
          .client_id = facts.client_id,
          .source_ip = facts.source_ip,
          .domain_name = facts.domain_name,
          .certificate_id = principal.id_text,
          .certificate_serial = principal.certificate.serial,
          .subject = principal.subject ? principal.subject->views() : Views(),
          .issuer = principal.issuer ? principal.issuer->views() : Views(),
          .thing_name = thing != nullptr ? std::string_view(thing->name.str()) : "",
          .thing_type_name =
              thing != nullptr && thing->type ? std::string_view(thing->type->str()) : "",
          .thing_attributes = thing != nullptr ? &thing->attributes : nullptr,
          .is_attached = thing != nullptr,
          .hides_its_thing = thing == nullptr && !principal.things.empty(),
          .persistent_connect = facts.persistent,
          .last_will = facts.has_will,
          .last_will_topic = facts.will_topic,
          .now = now};
}

}  // namespace imprint::identity
