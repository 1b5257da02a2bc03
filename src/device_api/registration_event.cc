// SPDX-License-Identifier: Apache-2.0
#include "device_api/registration_event.h"

#include "encoding/json.h"

namespace imprint::device_api {

std::string topic_of(const provisioning::RegistrationEvent& event) {
  return "$aws/events/certificates/registered/" + event.ca.hex();
}

Bytes write_event(const provisioning::RegistrationEvent& event) {
  const std::string text = encoding::to_json(provisioning::to_json(event));
  return {text.begin(), text.end()};
}

}  // namespace imprint::device_api
