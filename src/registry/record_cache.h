// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "registry/store.h"

namespace imprint::registry {

/// A bounded cache of recently used records, updated by the committing thread; thread-safe. A
/// reader takes a ticket before it reads the database and uses it to fill the cache afterwards; a
/// fill that a commit has overtaken is dropped, so an old record never hides a newer one.
class RecordCache {
 public:
  explicit RecordCache(std::size_t max_records) : max_per_stripe_(max_records / kStripes + 1) {}

  std::optional<Record> find(const Key& key);
  std::uint64_t ticket(const Key& key);
  void fill(const Key& key, const Record& record, std::uint64_t ticket);

  /// After a commit: replaces put records, removes erased ones, and invalidates incremented
  /// counters.
  void apply(const ChangeSet& changes);

 private:
  static constexpr std::size_t kStripes = 64;
  struct Stripe {
    std::mutex mutex;
    std::unordered_map<Key, Record> records;
    std::uint64_t generation = 0;
  };

  Stripe& stripe(const Key& key) { return stripes_[std::hash<Key>()(key) % kStripes]; }
  void make_room(Stripe& stripe) const;
  void replace(const Key& key, const Record* record);

  const std::size_t max_per_stripe_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace imprint::registry
