// SPDX-License-Identifier: Apache-2.0
#include "identity/principal.h"

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

const registry::Thing* Principal::thing_of(std::string_view client_id) const {
  for (const AttachedThing& attached : things) {
    if (attached.exclusive || attached.thing.name.str() == client_id) return &attached.thing;
  }
  return nullptr;
}

policy::Context context_of(const Principal& principal, const ConnectionFacts& facts,
                           std::string_view account) {
  policy::Context context;
  context.account = account;
  context.client_id = facts.client_id;
  context.source_ip = facts.source_ip;
  context.certificate_id = principal.id_text;
  context.certificate_serial = principal.certificate.serial;
  if (principal.subject) context.subject = principal.subject->views();
  if (principal.issuer) context.issuer = principal.issuer->views();
  if (const registry::Thing* thing = principal.thing_of(facts.client_id)) {
    context.thing_name = thing->name.str();
    if (thing->type) context.thing_type_name = thing->type->str();
    context.thing_attributes = &thing->attributes;
    context.is_attached = true;
  }
  context.persistent_connect = facts.persistent;
  context.last_will = facts.has_will;
  context.last_will_topic = facts.will_topic;
  return context;
}

}  // namespace imprint::identity
