// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/certificate_id.h"
#include "base/clock.h"

namespace imprint::identity {

/// An open MQTT connection of a certificate.
struct LiveConnection {
  std::string client_id;
  std::string address;
  Timestamp since;
};

/// Who is connected at this moment. Any thread.
class Connections {
 public:
  virtual ~Connections() = default;
  [[nodiscard]] virtual std::vector<LiveConnection> of(const CertificateId& certificate) const = 0;
};

}  // namespace imprint::identity
