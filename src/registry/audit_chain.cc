// SPDX-License-Identifier: Apache-2.0
#include "registry/audit_chain.h"

#include "x509/digest.h"

namespace imprint::registry {

namespace {

constexpr std::string_view kFormat = "imprint-audit-1";

void add(std::string& out, std::string_view field) {
  const auto size = static_cast<std::uint32_t>(field.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(size >> shift)));
  out += field;
}

}  // namespace

std::string canonical_form(const AuditEvent& event) {
  std::string out;
  out.reserve(512 + event.detail.size());
  add(out, kFormat);
  add(out, fmt::format_int(event.sequence).c_str());
  add(out, fmt::format_int(to_milliseconds(event.time)).c_str());
  for (const std::string* field :
       {&event.step, &event.outcome, &event.actor, &event.correlation, &event.thing,
        &event.certificate, &event.client, &event.serial_number, &event.detail})
    add(out, *field);
  return out;
}

Sha256 chain_hash(const Sha256& previous, const AuditEvent& event) {
  std::string text(as_text(previous));
  text += canonical_form(event);
  return x509::sha256(as_bytes(text));
}

void append(AuditTrail& trail, std::vector<AuditEvent>& events) {
  for (AuditEvent& event : events) {
    event.sequence = trail.head.sequence + 1;
    event.hash = chain_hash(trail.head.hash, event);
    trail.head = place_of(event);
  }
}

ChainPlace place_of(const AuditEvent& event) {
  return {event.sequence, event.hash.value_or(Sha256{})};
}

}  // namespace imprint::registry
