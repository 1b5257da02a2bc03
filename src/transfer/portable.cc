// SPDX-License-Identifier: Apache-2.0
#include "transfer/portable.h"

#include <algorithm>

#include "base/name.h"
#include "encoding/text.h"
#include "manufacturing/entry.h"
#include "policy/policy.h"
#include "provisioning/template_settings.h"
#include "registry/codec.h"
#include "registry/tags.h"
#include "search/query.h"
#include "templates/template.h"
#include "x509/certificate.h"
#include "x509/digest.h"
#include "x509/serial.h"

namespace imprint::transfer {

namespace {

namespace json = encoding::json;
using registry::Kind;

constexpr std::size_t kMaxAttributes = 50;

/// The member that the store holds as the text of a JSON document.
std::string_view document_member(Kind kind) {
  if (kind == Kind::policy_version) return "document";
  if (kind == Kind::provisioning_template_version) return "body";
  if (kind == Kind::setting) return "value";
  return {};
}

/// RFC 9562, section 4; only lower case is accepted, as everything here writes it.
Result<void> check_uuid(std::string_view id) {
  constexpr std::string_view kForm = "00000000-0000-0000-0000-000000000000";
  const bool is_uuid = std::ranges::equal(id, kForm, [](char c, char form) {
    return form == '-' ? c == '-' : name_rules::is_digit(c) || (c >= 'a' && c <= 'f');
  });
  if (is_uuid) return {};
  return fail(Fault::invalid, "id {} is not a lower-case UUID as uuidgen makes it", quote(id));
}

/// The next change adds one, and clients read the version as a JSON number.
Result<void> check_version(std::string_view member, std::int64_t version) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53U;
  if (version >= 1 && version <= kMost) return {};
  return fail(Fault::invalid, "{} is {}; it must be from 1 to {}", member, version, kMost);
}

Result<void> check_versions(std::int64_t default_version, std::int64_t last_version) {
  TRY(check_version("last_version", last_version));
  TRY(check_version("default_version", default_version));
  if (default_version <= last_version) return {};
  return fail(Fault::invalid, "default_version {} is after last_version {}", default_version,
              last_version);
}

Result<void> check_thing(const registry::Thing& thing) {
  TRY(check_uuid(thing.id));
  if (thing.attributes.size() > kMaxAttributes) {
    return fail(Fault::invalid, "{} attributes; a thing has at most {}", thing.attributes.size(),
                kMaxAttributes);
  }
  for (const auto& [name, value] : thing.attributes) {
    TRY(AttributeName::parse(name));
    TRY(check_attribute_value(value));
  }
  return {};
}

/// Members that repeat what the PEM says must agree with it.
template <class Record>
Result<x509::Certificate> check_pem(const Record& record) {
  if (record.pem.find("PRIVATE KEY") != std::string::npos)
    return fail(Fault::invalid, "the certificate comes with a private key; take it out");
  TRY_ASSIGN(x509::Certificate certificate, x509::Certificate::from_pem(record.pem));
  if (certificate.id() != record.id) {
    return fail(Fault::invalid, "id is {}, but the certificate's SHA-256 is {}", record.id.hex(),
                certificate.id().hex());
  }
  if (certificate.public_key().sha256() != record.public_key)
    return fail(Fault::invalid, "public_key is not the SHA-256 of the certificate's key");
  if (certificate.not_before() != record.not_before || certificate.not_after() != record.not_after)
    return fail(Fault::invalid, "not_before and not_after are not the certificate's");
  return certificate;
}

Result<void> check_certificate(const registry::Certificate& record) {
  using registry::CertificateStatus;
  TRY_ASSIGN(const x509::Certificate certificate, check_pem(record));
  if (certificate.serial_hex() != record.serial)
    return fail(Fault::invalid, "serial is not the certificate's, {}", certificate.serial_hex());
  const bool lasts = record.status == CertificateStatus::active ||
                     record.status == CertificateStatus::inactive ||
                     record.status == CertificateStatus::revoked;
  if (!lasts || record.purpose == registry::CertificatePurpose::provisioning_claim) {
    return fail(Fault::invalid,
                "the certificate is {}: only certificates that are ACTIVE, INACTIVE or REVOKED and "
                "not five-minute claims can be imported",
                registry::to_string(record.status));
  }
  return {};
}

/// The line keeps its key out of service; no certificate is left to check the line against.
Result<void> check_tombstone(const registry::Tombstone& record) {
  if (!x509::CertificateSerial::from_magnitude(
          encoding::from_hex(record.serial).value_or(Bytes()))) {
    return fail(Fault::invalid,
                "serial {} is not the serial number of a certificate in hexadecimal",
                quote(record.serial));
  }
  return {};
}

Result<void> check_ca_certificate(const registry::CaCertificate& record) {
  TRY_ASSIGN(const x509::Certificate certificate, check_pem(record));
  if (!certificate.is_ca()) return fail(Fault::invalid, "the certificate is not a CA's");
  if (x509::sha256(certificate.subject().der()) != record.subject)
    return fail(Fault::invalid, "subject is not the SHA-256 of the certificate's subject");
  if (!record.registration) return {};
  const registry::RegistrationConfig& config = *record.registration;
  if (config.template_body.empty() != config.template_name.has_value()) {
    return fail(Fault::invalid,
                "registration must have either a template_body or the name of a template");
  }
  if (!config.template_body.empty())
    TRY(templates::Template::parse(config.template_body, templates::Use::jitp));
  return {};
}

std::int64_t count_characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

Result<void> check_tags(const registry::ResourceTags& record) {
  const auto resource = registry::parse_resource_name(record.resource);
  if (!resource || !resource->type->takes_tags) {
    return fail(Fault::invalid,
                "{} cannot have tags: policy/NAME, provisioningtemplate/NAME, thingtype/NAME, "
                "thinggroup/NAME and cacert/ID can",
                quote(record.resource));
  }
  if (record.tags.empty() || record.tags.size() > registry::kMaxTags) {
    return fail(Fault::invalid, "{} tags; a line must have from 1 to {}", record.tags.size(),
                registry::kMaxTags);
  }
  for (const auto& [key, value] : record.tags) {
    if (key.empty() || count_characters(key) > registry::kMaxTagKeyCharacters ||
        registry::is_reserved_tag_key(key) ||
        !std::ranges::all_of(key, &registry::permits_in_tag_key)) {
      return fail(Fault::invalid,
                  "tag {}: a key has 1 to {} letters, digits, spaces and _ . : / = + - @, and does "
                  "not begin with {}",
                  quote(key), registry::kMaxTagKeyCharacters, registry::kReservedTagPrefix);
    }
    if (count_characters(value) > registry::kMaxTagValueCharacters ||
        std::ranges::any_of(value, &is_control)) {
      return fail(Fault::invalid, "tag {}: a value has at most {} printable characters", quote(key),
                  registry::kMaxTagValueCharacters);
    }
  }
  return {};
}

Result<void> check_setting(const registry::Setting& setting) {
  if (setting.name != kEventConfigurations) {
    return fail(Fault::invalid, "setting {} cannot be imported; only {} can", quote(setting.name),
                kEventConfigurations);
  }
  TRY_ASSIGN(const json::value value, encoding::parse_json(setting.value));
  if (!value.is_object()) return fail(Fault::invalid, "value must be an object");
  for (const auto& [type, enabled] : value.get_object()) {
    if (!enabled.is_bool())
      return fail(Fault::invalid, "value of {} must be true or false", quote(type));
  }
  return {};
}

struct Check {
  Result<void> operator()(const registry::Thing& r) const { return check_thing(r); }
  Result<void> operator()(const registry::Certificate& r) const { return check_certificate(r); }
  Result<void> operator()(const registry::CaCertificate& r) const {
    return check_ca_certificate(r);
  }
  Result<void> operator()(const registry::Tombstone& r) const { return check_tombstone(r); }
  Result<void> operator()(const registry::ResourceTags& r) const { return check_tags(r); }
  Result<void> operator()(const registry::Setting& r) const { return check_setting(r); }
  Result<void> operator()(const registry::ThingType& r) const {
    TRY(check_uuid(r.id));
    for (const std::string& name : r.searchable_attributes) TRY(AttributeName::parse(name));
    return {};
  }
  Result<void> operator()(const registry::ThingGroup& r) const {
    TRY(check_uuid(r.id));
    if (r.parent == r.name) return fail(Fault::invalid, "the group is its own parent");
    if (r.is_dynamic()) TRY(search::Query::parse(r.query));
    for (const auto& [name, value] : r.attributes) {
      TRY(AttributeName::parse(name));
      TRY(check_attribute_value(value));
    }
    return {};
  }
  Result<void> operator()(const registry::Policy& r) const {
    return check_versions(r.default_version, r.last_version);
  }
  Result<void> operator()(const registry::ProvisioningTemplate& r) const {
    TRY(provisioning::check_template_settings(r.settings));
    return check_versions(r.default_version, r.last_version);
  }
  Result<void> operator()(const registry::PolicyVersion& r) const {
    TRY(policy::Policy::parse(r.document, r.policy.str()));
    return check_version("number", r.number);
  }
  Result<void> operator()(const registry::ProvisioningTemplateVersion& r) const {
    return check_version("number", r.number);
  }
  Result<void> operator()(const registry::ListEntry& r) const {
    TRY(manufacturing::make_entry(r.list, manufacturing::columns_of(r)));
    return {};
  }
  Result<void> operator()(const auto&) const { return {}; }
};

/// Every given member must have been understood exactly as written.
Result<void> check_understood(const json::object& given, const json::object& understood) {
  for (const auto& member : given) {
    const json::value* kept = understood.if_contains(member.key());
    if (kept != nullptr && *kept == member.value()) continue;
    return fail(Fault::invalid, "member {} {}", quote(member.key()),
                kept == nullptr
                    ? "is unknown, empty or of the wrong type; correct it or leave it out"
                    : "does not have the form that an export writes");
  }
  return {};
}

}  // namespace

json::object to_portable(const registry::Record& record) {
  json::object out = registry::to_json(record);
  const std::string_view member = document_member(registry::key_of(record).kind);
  if (member.empty() || !out.contains(member)) return out;
  // Stored text was parsed when it was stored.
  const auto document = encoding::parse_json(std::string_view(out.at(member).as_string()),
                                             {.max_bytes = std::size_t{4} << 20U});
  if (document) out[member] = *document;
  return out;
}

Result<registry::Record> from_portable(Kind kind, const json::value& value) {
  if (!value.is_object())
    return fail(Fault::invalid, "a {} must be an object; found {}", registry::kind_name(kind),
                encoding::type_name(value));
  json::object stored = value.get_object();
  const std::string_view member = document_member(kind);
  if (!member.empty()) {
    const json::value* document = stored.if_contains(member);
    if (document == nullptr || !document->is_object())
      return fail(Fault::invalid, "member \"{}\" must be an object", member);
    stored[member] = encoding::to_json(*document);
  }
  if (!stored.contains("version")) stored["version"] = 1;
  auto record = registry::from_json(kind, stored);
  if (!record) return fail(Fault::invalid, "{}", record.error().message);
  TRY(check_understood(value.get_object(), to_portable(*record)));
  return std::move(*record);
}

Result<void> check_record(const registry::Record& record) {
  TRY(check_version("version", registry::version_of(record)));
  return std::visit(Check{}, record);
}

}  // namespace imprint::transfer
