// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the deployment's own CAs and those that customers have registered, as one tree.
#include <algorithm>

#include "operator_api/operations.h"
#include "x509/certificate.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct AuthorityNeeds {
  registry::Store& store;
  Authorities authorities;
};

using registry::CaCertificate;

/// The most certificates of a CA that are counted; the answer says if there are more.
constexpr std::size_t kMostCounted = 1'000;

struct Authority {
  x509::Certificate certificate;
  std::string_view role;
  const CaCertificate* record = nullptr;  ///< of a registered one
};

std::string issuer_id(const Authority& of, const std::vector<Authority>& all) {
  const auto is_issuer = [&](const Authority& other) {
    return other.certificate.id() != of.certificate.id() &&
           other.certificate.subject().der() == of.certificate.issuer().der() &&
           of.certificate.verify_signed_by(other.certificate).has_value();
  };
  const auto issuer = std::ranges::find_if(all, is_issuer);
  return issuer == all.end() ? std::string() : issuer->certificate.id().hex();
}

json::object write_authority(const Authority& authority, const std::vector<Authority>& all) {
  const x509::Certificate& certificate = authority.certificate;
  const CaCertificate* record = authority.record;
  json::object out{{"id", certificate.id().hex()},
                   {"role", authority.role},
                   {"subject", certificate.subject().text()},
                   {"commonName", certificate.subject().common_name()},
                   {"notBefore", epoch_seconds(certificate.not_before())},
                   {"notAfter", epoch_seconds(certificate.not_after())},
                   {"status", record == nullptr || record->is_active ? "ACTIVE" : "INACTIVE"},
                   {"autoRegistration", record != nullptr && record->auto_registration}};
  if (std::string issuer = issuer_id(authority, all); !issuer.empty())
    out["issuerId"] = std::move(issuer);
  if (record != nullptr && record->registration && record->registration->template_name)
    out["templateName"] = record->registration->template_name->str();
  return out;
}

Answer list_certificate_authorities(Call, AuthorityNeeds needs) {
  CO_TRY_ASSIGN(
      const std::vector<CaCertificate> registered,
      co_await registry::list_all<CaCertificate>(needs.store, registry::query::CaCertificates{}));
  std::vector<Authority> all{{needs.authorities.root, "root"},
                             {needs.authorities.issuing, "issuing"}};
  for (const CaCertificate& record : registered) {
    CO_TRY_ASSIGN(x509::Certificate certificate, x509::Certificate::from_pem(record.pem));
    all.push_back({std::move(certificate), "registered", &record});
  }
  json::array out;
  for (const Authority& authority : all) {
    json::object one = write_authority(authority, all);
    if (authority.record != nullptr) {
      CO_TRY_ASSIGN(
          const registry::Page page,
          co_await needs.store.list(registry::query::CertificatesOfCa{authority.record->id},
                                    {.limit = kMostCounted}));
      one["certificates"] = page.records.size();
      one["certificatesAreMore"] = page.next.has_value();
    }
    out.emplace_back(std::move(one));
  }
  co_return json::object{{"authorities", std::move(out)}};
}

using enum Exception;

constexpr rest::Row<AuthorityNeeds> kOperations[] = {
    {"ListCertificateAuthorities",
     "GET",
     "/imprint/v1/certificate-authorities",
     {},
     {throttling, unauthorized, service_unavailable, internal_failure},
     list_certificate_authorities},
};

}  // namespace

Operations certificate_authority_operations(registry::Store& store, Authorities authorities) {
  return rest::bind(kOperations, AuthorityNeeds{store, authorities});
}

}  // namespace imprint::operator_api
