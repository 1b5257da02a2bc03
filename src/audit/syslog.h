// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "registry/records.h"

namespace imprint::audit {

/// Datagrams up to this size are accepted by most receivers (RFC 5424, section 6.1).
inline constexpr std::size_t kMaxDatagramBytes = 2048;

/// An event as a syslog message (RFC 5424), without a line end and without control characters:
///   <110>1 2026-03-01T12:00:00.123Z HOST imprintd - register_thing [imprint@32473 sequence="7"
///   outcome="ok" ... hash="..."] BOM{"template":"Sensors",...}
/// Facility 13 (log audit); severity 6 for the outcome "ok", 4 for "rejected" and "denied", 3 for
/// "failed", 5 for all others. MSGID is the step, MSG the event's detail. 32473 is the enterprise
/// number that RFC 5612 reserves for examples, as Imprint has none of its own. `host` becomes
/// HOSTNAME, or "-" if it is not a valid one.
std::string to_syslog(const registry::AuditEvent& event, std::string_view host);

/// The same in at most `most` bytes: MSG is cut between two characters.
std::string to_datagram(const registry::AuditEvent& event, std::string_view host,
                        std::size_t most = kMaxDatagramBytes);

/// The message framed for a stream: its length in bytes, a space, the message (RFC 6587,
/// section 3.4.1).
std::string octet_counted(std::string_view message);

}  // namespace imprint::audit
