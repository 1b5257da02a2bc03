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

/// What happened within one step of time. `latency[i]` counts as telemetry::Distribution does.
struct Step {
  Counts counts = {};
  std::vector<std::uint64_t> latency = {};

  Step& operator+=(const Step& more);
};

/// Steps of equal length, oldest first; the last one is still going on.
struct Series {
  Timestamp start = {};
  Seconds step{60};
  std::vector<Step> steps = {};
  std::vector<double> bounds = {};  ///< of the latencies, in seconds

  [[nodiscard]] Step sum() const;
};

/// The value that this part (0 to 1) of the observations does not exceed, interpolated within its
/// bucket; nothing when there are none. Of those beyond every bound only the last bound is known.
std::optional<double> quantile(const std::vector<double>& bounds,
                               const std::vector<std::uint64_t>& counts, double part);

/// The history of what a server counted, from totals that are sampled: steps of a minute for 25
/// hours and of an hour for 32 days, in memory, and as registry records, so that a restart goes on
/// with it. Each node of a deployment has its own. Any thread.
class Activity {
 public:
  /// `node` is part of the records' names.
  explicit Activity(std::string node) : node_(std::move(node)) {}

  /// Adds what came since the sample before; the first one only says where counting begins.
  void sample(Timestamp now, const telemetry::Totals& totals);

  /// The last `count` steps of `step`, which is whole minutes (of the last 25 hours) or whole
  /// hours.
  [[nodiscard]] Series last(Timestamp now, Seconds step, std::size_t count) const;

  /// Where the records are; what is found there goes to load(), before the first sample. Records
  /// that are too old, or that nobody can read, are passed over.
  [[nodiscard]] std::vector<registry::KeyOf<registry::Setting>> keys() const;
  void load(Timestamp now, const std::vector<std::optional<registry::Setting>>& found);
  /// The records that have changed since they were last kept. Hand what came of the commit to
  /// committed().
  [[nodiscard]] std::vector<registry::Setting> changed(Timestamp now);
  void committed(bool are_kept);

 private:
  /// A bounded stretch of steps, numbered from 1970 on, in pieces that are records.
  struct Ring {
    Seconds step;
    std::int64_t piece;   ///< steps of one record
    std::int64_t pieces;  ///< records
    std::string name;
    struct Slot {
      std::int64_t number = -1;
      Step step = {};
    };
    std::vector<Slot> slots;
    std::set<std::int64_t> changed = {};  ///< pieces by number
    std::set<std::int64_t> being_kept = {};

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
