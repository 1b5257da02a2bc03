// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "registry/records.h"

/// The hash chain of the audit trail: every event carries SHA-256(hash of the previous event || its
/// own canonical form), so no event can be altered, removed, inserted or moved without changing
/// every later hash. docs/decisions/0004-audit-chain.md says what that proves.
namespace imprint::registry {

/// The hashed form of an event: the fields "imprint-audit-1", sequence and time (milliseconds since
/// 1970) as decimal numbers, step, outcome, actor, correlation, thing, certificate, client,
/// serial_number and detail, in this order, each as its length in bytes (four bytes, big-endian)
/// followed by its bytes. This format never changes; a different format must use a different first
/// field.
std::string canonical_form(const AuditEvent& event);

/// The hash of an event that follows one with the hash `previous`; the first event of a chain
/// follows 32 zero bytes.
Sha256 chain_hash(const Sha256& previous, const AuditEvent& event);

/// Assigns sequences and hashes to the events to append, and advances the trail's head.
void append(AuditTrail& trail, std::vector<AuditEvent>& events);

/// The event's place in the chain; the hash is all zero bytes for an event older than the chain.
ChainPlace place_of(const AuditEvent& event);

}  // namespace imprint::registry
