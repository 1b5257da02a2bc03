// SPDX-License-Identifier: Apache-2.0
#include "provisioning/key_history.h"

#include "outcome/causes.h"
#include "provisioning/caller.h"
#include "provisioning/claim_places.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;
using registry::query::SameIdentity;

/// What a certificate has in common with the identity, for the message.
template <class T>
std::string_view shared_with(const T& other, const SameIdentity& identity) {
  return other.public_key == identity.public_key ? "its key" : "its issuer and serial number";
}

Unexpected refuse_key(std::string message) {
  return Unexpected(Error{Fault::forbidden, std::move(message), {}, "KeyRefused"_cause});
}

Result<void> check_one(const registry::Certificate& other, const SameIdentity& identity,
                       AskedBy asked_by, Inactive inactive) {
  const std::string_view shared = shared_with(other, identity);
  if (other.status == CertificateStatus::revoked) {
    return refuse_key(
        fmt::format("{} belongs to certificate {}, which is revoked; make a new key, or, for a "
                    "unit that may be used again, delete that certificate and lift its revocation "
                    "(imprint revocation lift DIR {})",
                    shared, other.id.hex(), other.id.hex()));
  }
  if (other.status != CertificateStatus::inactive || other.replaced_by) return {};
  const bool was_taken_out = other.deactivated || other.frozen;
  if (asked_by == AskedBy::operator_call && !was_taken_out) return {};
  if (inactive == Inactive::is_permitted) return {};
  return refuse_key(
      fmt::format("{} belongs to certificate {}, which is INACTIVE; activate that one "
                  "(aws iot update-certificate --certificate-id {} --new-status ACTIVE), "
                  "or make a new key",
                  shared, other.id.hex(), other.id.hex()));
}

}  // namespace

SameIdentity identity_of(const x509::Certificate& certificate) {
  return {certificate.public_key().sha256(), certificate.issued_as()};
}

SameIdentity identity_of(const registry::Certificate& certificate) {
  return {certificate.public_key, certificate.issued_as};
}

registry::Task<Result<KeyHistory>> read_key_history(registry::Store& store, SameIdentity identity) {
  // Only the first page is read; REVOKED certificates are listed first.
  const registry::Cursor first{{}, registry::RequireSame::kMost};
  CO_TRY_ASSIGN(registry::Page certificates, co_await store.list(identity, first));
  CO_TRY_ASSIGN(registry::Page tombstones,
                co_await store.list(registry::query::Tombstones{identity}, first));
  KeyHistory out{.of = identity};
  for (registry::Record& record : certificates.records)
    out.certificates.push_back(std::get<registry::Certificate>(std::move(record)));
  for (registry::Record& record : tombstones.records)
    out.tombstones.push_back(std::get<registry::Tombstone>(std::move(record)));
  co_return out;
}

Result<void> check_key_history(const KeyHistory& history, const SameIdentity& identity,
                               std::optional<CertificateId> own, AskedBy asked_by,
                               Inactive inactive) {
  for (const registry::Tombstone& tombstone : history.tombstones) {
    return refuse_key(fmt::format(
        "{} belonged to certificate {}, which was revoked and has been deleted since; make a new "
        "key, or, for a unit that may be used again: imprint revocation lift DIR {}",
        shared_with(tombstone, identity), tombstone.certificate.hex(),
        tombstone.certificate.hex()));
  }
  for (const registry::Certificate& other : history.certificates) {
    if (other.id != own) TRY(check_one(other, identity, asked_by, inactive));
  }
  return {};
}

registry::RequireSame precondition_of(const KeyHistory& history) {
  registry::RequireSame out{.of = history.of};
  for (const registry::Certificate& one : history.certificates)
    out.versions.emplace(registry::certificate_key(one.id), one.version);
  for (const registry::Tombstone& one : history.tombstones)
    out.versions.emplace(registry::tombstone_key(one.certificate), one.version);
  return out;
}

registry::Task<Result<registry::RequireSame>> read_and_check_key_history(
    registry::Store& store, SameIdentity identity, std::optional<CertificateId> own,
    AskedBy asked_by) {
  CO_TRY_ASSIGN(const KeyHistory history, co_await read_key_history(store, identity));
  CO_TRY(check_key_history(history, identity, own, asked_by));
  co_return precondition_of(history);
}

bool is_other_encoding(const registry::Certificate& other, const registry::Certificate& of) {
  return other.id != of.id && other.issued_as && other.issued_as == of.issued_as &&
         other.public_key == of.public_key;
}

std::vector<registry::Change> removal_changes(const registry::Certificate& certificate,
                                              Timestamp now) {
  std::vector<registry::Change> out;
  out.emplace_back(registry::Erase{registry::certificate_key(certificate.id),
                                   registry::Expect::at(certificate.version)});
  for (registry::Key& key : keys_beside(certificate.id))
    out.emplace_back(registry::Erase{std::move(key)});
  if (certificate.status == CertificateStatus::revoked) {
    out.emplace_back(registry::Put{registry::Tombstone{.certificate = certificate.id,
                                                       .public_key = certificate.public_key,
                                                       .issued_as = certificate.issued_as,
                                                       .serial = certificate.serial,
                                                       .common_name = certificate.common_name,
                                                       .created = now}});
  }
  return out;
}

}  // namespace imprint::provisioning
