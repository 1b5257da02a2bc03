// SPDX-License-Identifier: Apache-2.0
#include "registry/verdict.h"

namespace imprint::registry {

std::optional<Touched> touched_by(const Change& change) {
  if (const auto* put = std::get_if<Put>(&change)) return Touched{key_of(put->record), put->expect};
  if (const auto* erase = std::get_if<Erase>(&change)) return Touched{erase->key, erase->expect};
  if (const auto* require = std::get_if<Require>(&change))
    return Touched{require->key, require->expect};
  if (const auto* count = std::get_if<Count>(&change))
    return Touched{counter_key(count->counter), Expect::anything()};
  return std::nullopt;
}

Result<void> check_append_only(const Change& change) {
  const auto* put = std::get_if<Put>(&change);
  const auto* erase = std::get_if<Erase>(&change);
  if (put == nullptr && erase == nullptr) return {};
  const Kind kind = put != nullptr ? key_of(put->record).kind : erase->key.kind;
  if (kind != Kind::audit_event && kind != Kind::audit_trail) return {};
  return fail(Fault::internal, "the {} is the store's own; events are appended by a commit",
              kind_name(kind));
}

Result<void> check_expectation(const Key& key, Expect expect, std::optional<std::int64_t> found) {
  const std::string_view kind = kind_name(key.kind);
  const std::string place = key.second.empty() ? key.first : key.first + "/" + key.second;
  switch (expect.state) {
    case Expect::State::anything:
      return {};
    case Expect::State::absent:
      if (!found) return {};
      return fail_at(Fault::conflict, place, "{} {} exists already", kind, quote(key.first));
    case Expect::State::present:
      if (found) return {};
      return fail_at(Fault::conflict, place, "{} {} does not exist any more", kind,
                     quote(key.first));
    case Expect::State::version:
      if (found == expect.version) return {};
      return fail_at(Fault::conflict, place,
                     "{} {} has changed meanwhile: version {} was expected, {} found", kind,
                     quote(key.first), expect.version, found ? std::to_string(*found) : "none");
  }
  return {};
}

Result<void> check_same(const RequireSame& expected, const Page& certificates,
                        const Page& tombstones) {
  std::map<Key, std::int64_t> found;
  for (const Page* page : {&certificates, &tombstones}) {
    for (const Record& record : page->records) found.emplace(key_of(record), version_of(record));
  }
  if (found == expected.versions) return {};
  return fail_at(Fault::conflict, "identity",
                 "certificates of the same key, or of the same issuer and serial number, have "
                 "changed meanwhile");
}

Result<void> check_count(const Count& count, std::int64_t found) {
  if (!count.limit || found + count.by <= *count.limit) return {};
  return Unexpected(Error{Fault::exhausted, fmt::format("the limit of {} is reached", *count.limit),
                          count.counter, count.when_exceeded});
}

}  // namespace imprint::registry
