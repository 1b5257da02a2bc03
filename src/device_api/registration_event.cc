// SPDX-License-Identifier: Apache-2.0
#include "device_api/registration_event.h"

#include "encoding/json.h"
#include "registry/records.h"

namespace imprint::device_api {

std::string topic_of(const RegistrationEvent& event) {
  return "$aws/events/certificates/registered/" + event.ca.hex();
}

Bytes write_event(const RegistrationEvent& event) {
  const encoding::json::object object{
      {"certificateId", event.certificate.hex()},
      {"caCertificateId", event.ca.hex()},
      {"timestamp", to_milliseconds(event.now)},
      {"certificateStatus", registry::to_string(registry::CertificateStatus::pending_activation)},
      {"awsAccountId", event.account},
      {"certificateRegistrationTimestamp", std::to_string(to_milliseconds(event.registered))}};
  const std::string text = encoding::to_json(object);
  return {text.begin(), text.end()};
}

}  // namespace imprint::device_api
