// SPDX-License-Identifier: Apache-2.0
#include "audit/syslog.h"

#include <algorithm>
#include <fmt/chrono.h>

#include "encoding/text.h"

namespace imprint::audit {

namespace {

constexpr int kLogAudit = 13;
constexpr std::size_t kMaxHostName = 255;
constexpr std::size_t kMaxMessageId = 32;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

int severity_of(std::string_view outcome) {
  if (outcome == "ok") return 6;
  if (outcome == "failed") return 3;
  return outcome == "rejected" || outcome == "denied" ? 4 : 5;
}

/// Text as PRINTUSASCII of RFC 5424, cut to `most` characters; "-" if it is empty or not printable.
std::string printable(std::string_view text, std::size_t most) {
  const bool fits = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
  if (text.empty() || !fits) return "-";
  return std::string(text.substr(0, most));
}

/// RFC 5424, section 6.3.3: a PARAM-VALUE is UTF-8 in which quotes, backslashes and closing
/// brackets are escaped. Control characters are escaped as in JSON, since a receiver could take
/// them for the end of a line.
std::string escaped(std::string_view text) {
  if (!encoding::is_utf8(text)) return "hex " + encoding::to_hex(as_bytes(text));
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

/// NILVALUE for a time outside the years 1970 to 9999.
std::string timestamp(Timestamp time) {
  constexpr Timestamp kEnd{Milliseconds(253'402'300'800'000)};  // the year 10000
  if (time < Timestamp() || time >= kEnd) return "-";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  // Not system_clock::to_time_t: its nanoseconds end in 2262.
  const std::time_t since_epoch = seconds.time_since_epoch().count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(since_epoch),
                     (time - seconds).count());
}

std::string before_message(const registry::AuditEvent& event, std::string_view host) {
  std::string out = fmt::format(
      "<{}>1 {} {} imprintd - {} [imprint@32473", kLogAudit * 8 + severity_of(event.outcome),
      timestamp(event.time), printable(host, kMaxHostName), printable(event.step, kMaxMessageId));
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format(" {}=\"{}\"", name, escaped(value));
  };
  add("sequence", fmt::format_int(event.sequence).c_str());
  add("step", event.step);
  add("outcome", event.outcome);
  add("actor", event.actor);
  add("correlationId", event.correlation);
  add("thingName", event.thing);
  add("certificateId", event.certificate);
  add("clientId", event.client);
  add("serialNumber", event.serial_number);
  if (event.hash) add("hash", encoding::to_hex(*event.hash));
  out += ']';
  return out;
}

/// The message must be a single line. JSON written by Imprint has no line ends.
std::string message_of(const registry::AuditEvent& event) {
  if (event.detail.empty() || event.detail == "{}" || !encoding::is_utf8(event.detail)) return {};
  std::string out = fmt::format(" {}{}", kByteOrderMark, event.detail);
  std::ranges::replace_if(out, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }, ' ');
  return out;
}

}  // namespace

std::string to_syslog(const registry::AuditEvent& event, std::string_view host) {
  return before_message(event, host) + message_of(event);
}

std::string to_datagram(const registry::AuditEvent& event, std::string_view host,
                        std::size_t most) {
  std::string out = before_message(event, host);
  const std::string message = message_of(event);
  if (out.size() + message.size() <= most) return out + message;
  constexpr std::size_t kBegin = 1 + kByteOrderMark.size();
  if (out.size() + kBegin >= most) return out;  // the structured data is more important
  std::size_t end = most - out.size();
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;
  return end > kBegin ? out + message.substr(0, end) : out;
}

std::string octet_counted(std::string_view message) {
  return fmt::format("{} {}", message.size(), message);
}

}  // namespace imprint::audit
