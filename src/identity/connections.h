// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

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
  /// Of several with one certificate, which only claims, clones and open takeovers have, the
  /// newest.
  [[nodiscard]] virtual std::optional<LiveConnection> newest_of(
      const CertificateId& certificate) const = 0;
};

}  // namespace imprint::identity
