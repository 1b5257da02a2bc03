// SPDX-License-Identifier: Apache-2.0
#include "identity/access_change.h"

namespace imprint::identity {

namespace {

using registry::Kind;

void note(AccessChange& out, const registry::Key& key, registry::Expect expect, bool erased) {
  const auto note_certificate = [&](const std::string& hex) {
    if (const auto id = CertificateId::parse(hex)) out.certificates.push_back(*id);
  };
  const auto note_thing = [&](const std::string& name) {
    if (const auto thing = ThingName::parse(name)) out.things.push_back(*thing);
  };
  // Nobody can depend on a record that did not exist before.
  const bool is_new = !erased && expect.state == registry::Expect::State::absent;
  switch (key.kind) {
    case Kind::certificate:
      if (!is_new) note_certificate(key.first);
      return;
    case Kind::thing_principal:
      return note_certificate(key.second);
    case Kind::thing:
    case Kind::group_membership:
      if (!is_new || key.kind == Kind::group_membership) note_thing(key.first);
      return;
    case Kind::policy_attachment:
      if (key.second.starts_with("cert/")) return note_certificate(key.second.substr(5));
      out.everything = true;
      return;
    case Kind::policy:
    case Kind::thing_group:
      if (!is_new) out.everything = true;
      return;
    default:
      return;
  }
}

}  // namespace

AccessChange access_change_of(const registry::ChangeSet& changes) {
  AccessChange out;
  for (const registry::Change& change : changes.changes) {
    if (const auto* put = std::get_if<registry::Put>(&change)) {
      note(out, registry::key_of(put->record), put->expect, false);
    } else if (const auto* erase = std::get_if<registry::Erase>(&change)) {
      note(out, erase->key, erase->expect, true);
    }
  }
  return out;
}

}  // namespace imprint::identity
