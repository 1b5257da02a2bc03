// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "registry/records.h"

namespace imprint::tool {

/// Where exported events go, one after another.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  /// After an error the event may be given again.
  virtual Result<void> write(const registry::AuditEvent& event) = 0;
  /// Nothing is kept back any more.
  virtual Result<void> flush() { return {}; }
};

enum class AuditFormat : std::uint8_t { jsonl, syslog };

/// Lines into a new file of mode 0600 (Fault::conflict when there is one), or to stdout when the
/// path is empty.
Result<std::unique_ptr<AuditSink>> make_line_sink(AuditFormat format, const std::string& path);

/// Syslog to "udp://HOST:PORT" (a datagram each, cut to 2048 bytes) or "tcp://HOST:PORT" (octet
/// counting); IPv6 addresses in brackets. Connects with the first event, and again after an error.
Result<std::unique_ptr<AuditSink>> make_syslog_sender(const std::string& url);

}  // namespace imprint::tool
