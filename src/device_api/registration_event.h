// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "provisioning/activation_hook.h"

namespace imprint::device_api {

/// The topic of a just-in-time registration event, which is published when the certificate is
/// registered and whenever its device connects before activation:
/// $aws/events/certificates/registered/{caCertificateId}
std::string topic_of(const provisioning::RegistrationEvent& event);
Bytes write_event(const provisioning::RegistrationEvent& event);

}  // namespace imprint::device_api
