// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "provisioning/activation_hook.h"

namespace imprint::device_api {

/// Where the event of just-in-time registration is told, when the registry gains the certificate
/// and each time its device connects meanwhile:
/// $aws/events/certificates/registered/{caCertificateId}
std::string topic_of(const provisioning::RegistrationEvent& event);
Bytes write_event(const provisioning::RegistrationEvent& event);

}  // namespace imprint::device_api
