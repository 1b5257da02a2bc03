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

/// The current MQTT connections. Any thread.
class Connections {
 public:
  virtual ~Connections() = default;
  /// The newest connection of a certificate. Only claims, cloned devices and unfinished takeovers
  /// have several.
  [[nodiscard]] virtual std::optional<LiveConnection> newest_of(
      const CertificateId& certificate) const = 0;
};

}  // namespace imprint::identity
