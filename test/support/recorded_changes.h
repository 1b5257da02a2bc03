// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "registry/store.h"

namespace imprint::test {

/// The changes of a change set that has no audit event, each in words. Every decision, issuance and
/// change needs an event; the changes omitted here are part of one whose event is in another change
/// set.
inline std::vector<std::string> unrecorded_changes(const registry::ChangeSet& changes) {
  using registry::Kind;
  if (!changes.events.empty()) return {};
  std::vector<std::string> out;
  for (const registry::Change& change : changes.changes) {
    const auto* put = std::get_if<registry::Put>(&change);
    const auto* erase = std::get_if<registry::Erase>(&change);
    if (put == nullptr && erase == nullptr) continue;
    const registry::Key key = put != nullptr ? registry::key_of(put->record) : erase->key;
    // An issuance intent precedes the signature, and the certificate's own event, or its failure,
    // follows. Counters and a task's progress repeat what other records and their events say.
    if (key.kind == Kind::issuance_intent || key.kind == Kind::counter ||
        key.kind == Kind::registration_progress)
      continue;
    // Raising and resolving an alarm have events; sent notifications and the server's own counts
    // are not decisions.
    const bool is_own_account =
        key.kind == Kind::alarm ||
        (key.kind == Kind::setting &&
         (key.first.starts_with("activity/") || key.first.starts_with("claim-places/")));
    if (is_own_account) continue;
    out.push_back(fmt::format("{} {} {}", put != nullptr ? "put" : "erased",
                              registry::kind_name(key.kind), key.first));
  }
  return out;
}

}  // namespace imprint::test
