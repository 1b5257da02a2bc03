// SPDX-License-Identifier: Apache-2.0
#include "transfer/portable.h"

#include "base/name.h"
#include "policy/policy.h"
#include "registry/codec.h"
#include "search/query.h"
#include "templates/template.h"
#include "x509/certificate.h"

namespace imprint::transfer {

namespace {

namespace json = encoding::json;
using registry::Kind;

constexpr std::size_t kMaxAttributes = 50;

/// The member that holds a document as text in the store.
std::string_view document_member(Kind kind) {
  if (kind == Kind::policy_version) return "document";
  if (kind == Kind::provisioning_template_version) return "body";
  return {};
}

Result<void> check_thing(const registry::Thing& thing) {
  if (thing.id.empty()) return fail(Fault::invalid, "the thing has no id; give it a UUID");
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

Result<void> check_certificate(const registry::Certificate& record) {
  using registry::CertificateStatus;
  if (record.pem.find("PRIVATE KEY") != std::string::npos)
    return fail(Fault::invalid, "the certificate comes with a private key; take it out");
  TRY_ASSIGN(const x509::Certificate certificate, x509::Certificate::from_pem(record.pem));
  if (certificate.id() != record.id) {
    return fail(Fault::invalid, "id is {}, but the certificate's SHA-256 is {}", record.id.hex(),
                certificate.id().hex());
  }
  if (certificate.public_key().sha256() != record.public_key)
    return fail(Fault::invalid, "public_key is not the SHA-256 of the certificate's key");
  if (certificate.serial_hex() != record.serial)
    return fail(Fault::invalid, "serial is not the certificate's, {}", certificate.serial_hex());
  if (certificate.not_before() != record.not_before || certificate.not_after() != record.not_after)
    return fail(Fault::invalid, "not_before and not_after are not the certificate's");
  const bool lasts = record.status == CertificateStatus::active ||
                     record.status == CertificateStatus::inactive ||
                     record.status == CertificateStatus::revoked;
  if (!lasts || record.purpose == registry::CertificatePurpose::provisioning_claim) {
    return fail(Fault::invalid,
                "the certificate is {}: only certificates that are ACTIVE, INACTIVE or REVOKED and "
                "no five-minute claims are carried over",
                registry::to_string(record.status));
  }
  return {};
}

struct Check {
  Result<void> operator()(const registry::Thing& r) const { return check_thing(r); }
  Result<void> operator()(const registry::Certificate& r) const { return check_certificate(r); }
  Result<void> operator()(const registry::ThingType& r) const {
    for (const std::string& name : r.searchable_attributes) TRY(AttributeName::parse(name));
    return {};
  }
  Result<void> operator()(const registry::ThingGroup& r) const {
    if (r.parent == r.name) return fail(Fault::invalid, "the group is its own parent");
    if (r.is_dynamic()) TRY(search::Query::parse(r.query));
    for (const auto& [name, value] : r.attributes) {
      TRY(AttributeName::parse(name));
      TRY(check_attribute_value(value));
    }
    return {};
  }
  Result<void> operator()(const registry::PolicyVersion& r) const {
    TRY(policy::Policy::parse(r.document, r.policy.str()));
    return check_number(r.number);
  }
  Result<void> operator()(const registry::ProvisioningTemplateVersion& r) const {
    return check_number(r.number);
  }
  Result<void> operator()(const auto&) const { return {}; }

  static Result<void> check_number(std::int64_t number) {
    if (number < 1) return fail(Fault::invalid, "the version's number is {}", number);
    return {};
  }
};

/// Every member that was given must have been understood as it stands.
Result<void> check_understood(const json::object& given, const json::object& understood) {
  for (const auto& member : given) {
    const json::value* kept = understood.if_contains(member.key());
    if (kept != nullptr && *kept == member.value()) continue;
    return fail(Fault::invalid, "member {} {}", quote(member.key()),
                kept == nullptr
                    ? "is not known here, empty or of another type; correct it or leave it out"
                    : "is not in the form that an export has");
  }
  return {};
}

}  // namespace

json::object to_portable(const registry::Record& record) {
  json::object out = registry::to_json(record);
  const std::string_view member = document_member(registry::key_of(record).kind);
  if (member.empty() || !out.contains(member)) return out;
  // What was stored was parsed when it came in.
  const auto document = encoding::parse_json(std::string_view(out.at(member).as_string()),
                                             {.max_bytes = std::size_t{4} << 20U});
  if (document) out[member] = *document;
  return out;
}

Result<registry::Record> from_portable(Kind kind, const json::value& value) {
  if (!value.is_object())
    return fail(Fault::invalid, "a {} is an object; found {}", registry::kind_name(kind),
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

Result<void> check_record(const registry::Record& record) { return std::visit(Check{}, record); }

}  // namespace imprint::transfer
