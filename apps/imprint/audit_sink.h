// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "registry/records.h"

namespace imprint::tool {

/// A destination for exported events, one after another.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  /// After an error the event may be written again.
  virtual Result<void> write(const registry::AuditEvent& event) = 0;
  /// Returns when nothing is buffered any more.
  virtual Result<void> flush() { return {}; }
};

enum class AuditFormat : std::uint8_t { jsonl, syslog };

/// Writes lines to a new file of mode 0600 (Fault::conflict when it exists), or to stdout when the
/// path is empty.
Result<std::unique_ptr<AuditSink>> make_line_sink(AuditFormat format, const std::string& path);

/// Sends syslog to "udp://HOST:PORT" (one datagram per event, cut to 2048 bytes) or
/// "tcp://HOST:PORT" (octet counting); IPv6 addresses in brackets. Connects with the first event,
/// and again after an error.
Result<std::unique_ptr<AuditSink>> make_syslog_sender(const std::string& url);

}  // namespace imprint::tool
