// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "registry/records.h"

/// The hash chain of the audit trail: every event carries SHA-256(hash of the one before || its own
/// canonical form), so that none can be altered, taken out, put in or moved without every later
/// hash coming out differently. docs/decisions/0004-audit-chain.md says what that proves.
namespace imprint::registry {

/// What is hashed of an event: the fields "imprint-audit-1", sequence and time (milliseconds since
/// 1970) as decimal numbers, step, outcome, actor, correlation, thing, certificate, client,
/// serial_number and detail, in this order, each as its length in bytes (four bytes, big-endian)
/// and its bytes. This format is for ever; another one gets another first field.
std::string canonical_form(const AuditEvent& event);

/// The hash that an event has when it follows one with the hash `previous`; the first event of a
/// chain follows 32 zero bytes.
Sha256 chain_hash(const Sha256& previous, const AuditEvent& event);

/// Gives events that are appended their sequences and hashes; the trail's head moves on.
void append(AuditTrail& trail, std::vector<AuditEvent>& events);

/// Where an event stands; zero bytes for one from before there was a chain.
ChainPlace place_of(const AuditEvent& event);

}  // namespace imprint::registry
