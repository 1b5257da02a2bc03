// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "registry/store.h"

namespace imprint::test {

/// What a change set does to the registry though it brings no audit event: each in words. An event
/// belongs to every decision, issuance and change; what is left out here is part of one that has
/// its event in another change set.
inline std::vector<std::string> unrecorded_changes(const registry::ChangeSet& changes) {
  using registry::Kind;
  if (!changes.events.empty()) return {};
  std::vector<std::string> out;
  for (const registry::Change& change : changes.changes) {
    const auto* put = std::get_if<registry::Put>(&change);
    const auto* erase = std::get_if<registry::Erase>(&change);
    if (put == nullptr && erase == nullptr) continue;
    const registry::Key key = put != nullptr ? registry::key_of(put->record) : erase->key;
    // The intent before a signature: the certificate's own event follows, or that it never came.
    // Counters and a task's progress say again what other records and their events say.
    if (key.kind == Kind::issuance_intent || key.kind == Kind::counter ||
        key.kind == Kind::registration_progress)
      continue;
    // An alarm's raise and end bring their events; who has been told of it, and what the server
    // counted for itself, nobody decided.
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
