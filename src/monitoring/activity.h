// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "monitoring/counts.h"
#include "registry/keys.h"

namespace imprint::monitoring {

/// The counts within one interval. `latency` is as in telemetry::Distribution.
struct Step {
  Counts counts = {};
  std::vector<std::uint64_t> latency = {};

  Step& operator+=(const Step& more);
};

/// Intervals of equal length, oldest first; the last one is not complete.
struct Series {
  Timestamp start = {};
  Seconds step{60};
  std::vector<Step> steps = {};
  std::vector<double> bounds = {};  ///< of the latencies, in seconds

  [[nodiscard]] Step sum() const;
};

/// The quantile `part` (0 to 1) of the observations, interpolated within its bucket; nullopt if
/// there are none. Beyond the last bound, the result is the last bound.
std::optional<double> quantile(const std::vector<double>& bounds,
                               const std::vector<std::uint64_t>& counts, double part);

/// The history of a server's counters, computed from sampled totals: in steps of a minute for 25
/// hours and of an hour for 32 days. Kept in memory and in registry records, so that it survives a
/// restart. Each node of a deployment has its own. Any thread.
class Activity {
 public:
  /// `node` is part of the records' names.
  explicit Activity(std::string node) : node_(std::move(node)) {}

  /// Adds the difference to the previous sample. The first sample only sets the starting point.
  void sample(Timestamp now, const telemetry::Totals& totals);

  /// The last `count` intervals of length `step`, which must be whole minutes (within the last 25
  /// hours) or whole hours.
  [[nodiscard]] Series last(Timestamp now, Seconds step, std::size_t count) const;

  /// The keys of the records. Before the first sample, pass the records found to load(), which
  /// skips old and unreadable ones.
  [[nodiscard]] std::vector<registry::KeyOf<registry::Setting>> keys() const;
  void load(Timestamp now, const std::vector<std::optional<registry::Setting>>& found);
  /// The records that have changed since they were last stored. Report the result of the commit
  /// with committed().
  [[nodiscard]] std::vector<registry::Setting> changed(Timestamp now);
  void committed(bool is_stored);

 private:
  /// A ring buffer of steps, numbered from 1970 on. Consecutive steps form a piece, which is one
  /// record.
  struct Ring {
    Seconds step;
    std::int64_t piece;   ///< steps per record
    std::int64_t pieces;  ///< number of records
    std::string name;
    struct Slot {
      std::int64_t number = -1;
      Step step = {};
    };
    std::vector<Slot> slots;
    std::set<std::int64_t> changed = {};  ///< pieces by number
    std::set<std::int64_t> being_stored = {};

    Ring(Seconds step, std::int64_t piece, std::int64_t pieces, std::string name);
    [[nodiscard]] std::int64_t number_of(Timestamp time) const;
    [[nodiscard]] std::int64_t place_of(std::int64_t number) const {
      return number % (piece * pieces);
    }
    void add(Timestamp now, const Step& step);
    [[nodiscard]] const Step* find(std::int64_t number) const;
  };

  [[nodiscard]] std::string name_of(const Ring& ring, std::int64_t piece) const;
  [[nodiscard]] registry::Setting write(const Ring& ring, std::int64_t piece, Timestamp now) const;
  void read(Ring& ring, Timestamp now, const registry::Setting& setting);
  void use_bounds(const std::vector<double>& bounds);

  const std::string node_;
  mutable std::mutex mutex_;
  std::vector<double> bounds_;
  std::optional<Counts> counted_;
  std::vector<std::uint64_t> counted_latency_;
  Ring minutes_{std::chrono::minutes(1), 60, 26, "minutes"};
  Ring hours_{std::chrono::hours(1), 24, 33, "hours"};
};

}  // namespace imprint::monitoring
