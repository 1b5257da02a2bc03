// SPDX-License-Identifier: Apache-2.0
#include "registry/record_cache.h"

namespace imprint::registry {

std::optional<Record> RecordCache::find(const Key& key) {
  Stripe& s = stripe(key);
  const std::scoped_lock lock(s.mutex);
  const auto it = s.records.find(key);
  if (it == s.records.end()) return std::nullopt;
  return it->second;
}

std::uint64_t RecordCache::ticket(const Key& key) {
  Stripe& s = stripe(key);
  const std::scoped_lock lock(s.mutex);
  return s.generation;
}

void RecordCache::fill(const Key& key, const Record& record, std::uint64_t ticket) {
  if (key.kind == Kind::audit_trail) return;  // commits change it without naming it
  Stripe& s = stripe(key);
  const std::scoped_lock lock(s.mutex);
  if (s.generation != ticket) return;
  make_room(s);
  s.records.insert_or_assign(key, record);
}

void RecordCache::apply(const ChangeSet& changes) {
  for (const Change& change : changes.changes) {
    if (const auto* put = std::get_if<Put>(&change)) {
      replace(key_of(put->record), &put->record);
    } else if (const auto* erase = std::get_if<Erase>(&change)) {
      replace(erase->key, nullptr);
    } else if (const auto* count = std::get_if<Count>(&change)) {
      replace(counter_key(count->counter), nullptr);
    }
  }
}

void RecordCache::make_room(Stripe& s) const {
  // The choice hardly matters at this size; a record still in use returns with its next read.
  if (s.records.size() >= max_per_stripe_) s.records.erase(s.records.begin());
}

void RecordCache::replace(const Key& key, const Record* record) {
  Stripe& s = stripe(key);
  const std::scoped_lock lock(s.mutex);
  ++s.generation;
  if (record == nullptr) {
    s.records.erase(key);
    return;
  }
  make_room(s);
  s.records.insert_or_assign(key, *record);
}

}  // namespace imprint::registry
