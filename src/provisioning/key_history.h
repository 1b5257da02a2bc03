// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/store.h"
#include "x509/certificate.h"

/// Whether a key may get a certificate, or another one. The id of a certificate is the hash of its
/// encoding, and whoever holds the key can encode an ECDSA signature in a second way. Certificates
/// that were taken out of service are therefore recognised by what a device cannot change: the key,
/// and the issuer with the serial number.
namespace imprint::provisioning {

/// Who wants to register the certificate. A device answers for every certificate of its key that is
/// out of service; an operator may have some that were never in service, as `aws iot` makes them.
enum class AskedBy : std::uint8_t { device, operator_call };

/// The certificates and tombstones of one key, or of one issuer and serial number.
struct KeyHistory {
  registry::query::SameIdentity of = {};
  std::vector<registry::Certificate> certificates = {};
  std::vector<registry::Tombstone> tombstones = {};
};

registry::query::SameIdentity identity_of(const x509::Certificate& certificate);
registry::query::SameIdentity identity_of(const registry::Certificate& certificate);

registry::Task<Result<KeyHistory>> read_key_history(registry::Store& store,
                                                    registry::query::SameIdentity identity);

/// Whether an INACTIVE certificate of the key keeps a device out; it does not if an operator has
/// permitted the device's thing to register again.
enum class Inactive : std::uint8_t { refuses, is_permitted };

/// Refuses with AccessDenied if a certificate other than `own` is REVOKED, was REVOKED and then
/// deleted, or is INACTIVE. A certificate that a newer one of the same device has replaced does not
/// count.
Result<void> check_key_history(const KeyHistory& history,
                               const registry::query::SameIdentity& identity,
                               std::optional<CertificateId> own, AskedBy asked_by,
                               Inactive inactive = Inactive::refuses);

/// The history must not have changed when the certificate is stored: another one of the same key
/// may have been stored meanwhile, or even revoked.
registry::RequireSame precondition_of(const KeyHistory& history);

/// Both at once. Returns the precondition for storing the certificate.
registry::Task<Result<registry::RequireSame>> read_and_check_key_history(
    registry::Store& store, registry::query::SameIdentity identity,
    std::optional<CertificateId> own, AskedBy asked_by);

/// The same signed certificate in another encoding, which whoever has the key can make. What
/// happens to one happens to the other.
bool is_other_encoding(const registry::Certificate& other, const registry::Certificate& of);

/// The changes that delete a certificate and, if it was REVOKED, leave a tombstone.
std::vector<registry::Change> removal_changes(const registry::Certificate& certificate,
                                              Timestamp now);

}  // namespace imprint::provisioning
