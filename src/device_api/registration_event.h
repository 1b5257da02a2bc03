// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/certificate_id.h"
#include "base/clock.h"

namespace imprint::device_api {

/// The event of just-in-time registration: a certificate that a registered CA signed is in the
/// registry and waits for its activation. Told when the registry gains it and each time its device
/// connects meanwhile (AWS IoT, just-in-time registration).
struct RegistrationEvent {
  CertificateId certificate;
  CertificateId ca;
  Timestamp registered;  ///< when the registry gained the certificate
  Timestamp now;
  std::string account;
};

/// $aws/events/certificates/registered/{caCertificateId}
std::string topic_of(const RegistrationEvent& event);
/// JSON {certificateId, caCertificateId, timestamp (ms), certificateStatus, awsAccountId,
/// certificateRegistrationTimestamp (text, ms)}
Bytes write_event(const RegistrationEvent& event);

}  // namespace imprint::device_api
