// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"
#include "provisioning/key_history.h"
#include "x509/certificate.h"

/// Helpers of the files about certificates and CA certificates.
namespace imprint::control_api {

/// The PEM certificate of a member. CertificateValidationException when it cannot be read.
Result<x509::Certificate> read_certificate(const Call& call, std::string_view member);

/// The id in a path. It is parsed again, since AWS's pattern also matches 65 digits or an x in the
/// middle.
Result<CertificateId> read_certificate_id(const Call& call, std::string_view member);

/// The values of the CertificateStatus enum, for the rows.
inline constexpr std::string_view kCertificateStatuses[] = {
    "ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION"};

/// The status in a member, if an operator may set it: the other ones are reached by other
/// operations (contract section 3.6).
Result<registry::CertificateStatus> read_certificate_status(const Call& call,
                                                            std::string_view member);

/// CertificateStateException for a certificate whose key was revoked with another certificate: a
/// revoked key stays out of service.
Result<void> check_activation(const provisioning::KeyHistory& history, const CertificateId& own);

/// {notBefore, notAfter}
json::object write_validity(Timestamp not_before, Timestamp not_after);

}  // namespace imprint::control_api
