// SPDX-License-Identifier: Apache-2.0
#include "monitoring/activity.h"

#include <algorithm>
#include <charconv>

#include "encoding/json.h"

namespace imprint::monitoring {

namespace {

namespace json = encoding::json;
using outcome::kFailureCategories;
using telemetry::kHookOutcomes;

constexpr std::size_t kMaxBuckets = 64;

/// The non-zero values, by name.
template <class Values, class Name>
json::object write_counts(const Values& values, Name name) {
  json::object out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0) out[std::string_view(name(i))] = values[i];
  }
  return out;
}

std::string_view category_name(std::size_t i) {
  return outcome::to_string(static_cast<outcome::FailureCategory>(i));
}
std::string_view outcome_name(std::size_t i) {
  return telemetry::to_string(static_cast<telemetry::HookOutcome>(i));
}

std::uint64_t number_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  return value->is_int64() && value->get_int64() > 0
             ? static_cast<std::uint64_t>(value->get_int64())
             : 0;
}

const json::object& object_in(const json::object& object, std::string_view name) {
  static const json::object kEmpty;
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kEmpty;
}

json::object write_step(const Step& step) {
  return {
      {"onboarded", step.counts.onboarded},
      {"failed", write_counts(step.counts.failed, category_name)},
      {"hooks", write_counts(step.counts.hooks, outcome_name)},
      {"latency", write_counts(step.latency, [](std::size_t i) { return fmt::format("{}", i); })}};
}

Step read_step(const json::object& written, std::size_t buckets) {
  Step step;
  step.counts.onboarded = number_in(written, "onboarded");
  const json::object& failed = object_in(written, "failed");
  for (std::size_t i = 0; i < kFailureCategories; ++i)
    step.counts.failed[i] = number_in(failed, category_name(i));
  const json::object& hooks = object_in(written, "hooks");
  for (std::size_t i = 0; i < kHookOutcomes; ++i)
    step.counts.hooks[i] = number_in(hooks, outcome_name(i));
  const json::object& latency = object_in(written, "latency");
  step.latency.resize(buckets);
  for (std::size_t i = 0; i < buckets; ++i)
    step.latency[i] = number_in(latency, fmt::format("{}", i));
  return step;
}

std::vector<double> read_bounds(const json::object& written) {
  std::vector<double> out;
  const auto* bounds = written.if_contains("bounds");
  if (bounds == nullptr || !bounds->is_array()) return out;
  for (const json::value& bound : bounds->get_array()) {
    if (bound.is_number() && out.size() < kMaxBuckets) out.push_back(bound.to_number<double>());
  }
  return out;
}

}  // namespace

Step& Step::operator+=(const Step& more) {
  counts += more.counts;
  latency.resize(std::max(latency.size(), more.latency.size()));
  for (std::size_t i = 0; i < more.latency.size(); ++i) latency[i] += more.latency[i];
  return *this;
}

Step Series::sum() const {
  Step out;
  for (const Step& one : steps) out += one;
  return out;
}

std::optional<double> quantile(const std::vector<double>& bounds,
                               const std::vector<std::uint64_t>& counts, double part) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  if (all == 0 || bounds.empty()) return std::nullopt;
  const double wanted = part * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i < counts.size() && i < bounds.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && below + here >= wanted) {
      const double from = i == 0 ? 0 : bounds[i - 1];
      return from + (bounds[i] - from) * (wanted - below) / here;
    }
    below += here;
  }
  return bounds.back();
}

Activity::Ring::Ring(Seconds length, std::int64_t steps, std::int64_t records, std::string of)
    : step(length),
      piece(steps),
      pieces(records),
      name(std::move(of)),
      slots(static_cast<std::size_t>(steps * records)) {}

std::int64_t Activity::Ring::number_of(Timestamp time) const {
  return std::max<std::int64_t>(0, std::chrono::floor<Seconds>(time.time_since_epoch()) / step);
}

void Activity::Ring::add(Timestamp now, const Step& more) {
  const std::int64_t number = number_of(now);
  Slot& slot = slots[static_cast<std::size_t>(place_of(number))];
  if (slot.number != number) slot = {number, {}};
  slot.step += more;
  changed.insert(number / piece);
}

const Step* Activity::Ring::find(std::int64_t number) const {
  if (number < 0) return nullptr;
  const Slot& slot = slots[static_cast<std::size_t>(place_of(number))];
  return slot.number == number ? &slot.step : nullptr;
}

void Activity::use_bounds(const std::vector<double>& bounds) {
  if (bounds == bounds_) return;
  // Another version used other buckets: its latencies cannot be added to the current ones.
  for (Ring* ring : {&minutes_, &hours_}) {
    for (Ring::Slot& slot : ring->slots) slot.step.latency.clear();
  }
  bounds_ = bounds;
}

void Activity::sample(Timestamp now, const telemetry::Totals& totals) {
  const Counts counts = counts_of(totals);
  const std::vector<std::uint64_t>& latency = totals.registration_seconds.counts;
  const std::scoped_lock lock(mutex_);
  if (!totals.registration_seconds.bounds.empty()) use_bounds(totals.registration_seconds.bounds);
  if (counted_) {
    Step step{.counts = counts.since(*counted_), .latency = latency};
    for (std::size_t i = 0; i < std::min(latency.size(), counted_latency_.size()); ++i)
      step.latency[i] -= std::min(latency[i], counted_latency_[i]);
    const bool is_empty = step.counts == Counts() &&
                          std::ranges::all_of(step.latency, [](auto count) { return count == 0; });
    if (!is_empty) {
      minutes_.add(now, step);
      hours_.add(now, step);
    }
  }
  counted_ = counts;
  counted_latency_ = latency;
}

Series Activity::last(Timestamp now, Seconds step, std::size_t count) const {
  const std::scoped_lock lock(mutex_);
  const bool is_hourly = step % std::chrono::hours(1) == Seconds(0);
  const Ring& ring = is_hourly ? hours_ : minutes_;
  const std::int64_t each = std::max<std::int64_t>(1, step / ring.step);
  const std::int64_t newest = ring.number_of(now) / each;
  const std::int64_t first = newest - static_cast<std::int64_t>(count) + 1;
  Series out{.start = Timestamp(first * each * ring.step), .step = step, .bounds = bounds_};
  for (std::int64_t i = first; i <= newest; ++i) {
    Step& sum = out.steps.emplace_back();
    for (std::int64_t number = i * each; number < (i + 1) * each; ++number) {
      if (const Step* found = ring.find(number)) sum += *found;
    }
  }
  return out;
}

std::string Activity::name_of(const Ring& ring, std::int64_t piece) const {
  return fmt::format("activity/{}/{}/{}", node_, ring.name, piece % ring.pieces);
}

std::vector<registry::KeyOf<registry::Setting>> Activity::keys() const {
  std::vector<registry::KeyOf<registry::Setting>> out;
  for (const Ring* ring : {&minutes_, &hours_}) {
    for (std::int64_t i = 0; i < ring->pieces; ++i)
      out.push_back(registry::setting_key(name_of(*ring, i)));
  }
  return out;
}

registry::Setting Activity::write(const Ring& ring, std::int64_t piece, Timestamp now) const {
  json::object steps;
  for (std::int64_t i = 0; i < ring.piece; ++i) {
    if (const Step* step = ring.find(piece * ring.piece + i))
      steps[fmt::format("{}", i)] = write_step(*step);
  }
  json::array bounds;
  for (const double bound : bounds_) bounds.emplace_back(bound);
  return {.name = name_of(ring, piece),
          .value = encoding::to_json(json::object{
              {"piece", piece}, {"bounds", std::move(bounds)}, {"steps", std::move(steps)}}),
          .created = now,
          .modified = now};
}

std::vector<registry::Setting> Activity::changed(Timestamp now) {
  const std::scoped_lock lock(mutex_);
  std::vector<registry::Setting> out;
  for (Ring* ring : {&minutes_, &hours_}) {
    for (const std::int64_t piece : ring->changed) out.push_back(write(*ring, piece, now));
    ring->being_stored = std::exchange(ring->changed, {});
  }
  return out;
}

void Activity::committed(bool is_stored) {
  const std::scoped_lock lock(mutex_);
  for (Ring* ring : {&minutes_, &hours_}) {
    if (!is_stored) ring->changed.merge(ring->being_stored);
    ring->being_stored.clear();
  }
}

void Activity::read(Ring& ring, Timestamp now, const registry::Setting& setting) {
  const auto parsed = encoding::parse_json(setting.value, {.max_bytes = std::size_t{1} << 20U});
  if (!parsed || !parsed->is_object()) return;
  const json::object& written = parsed->get_object();
  const auto* number = written.if_contains("piece");
  if (number == nullptr || !number->is_int64()) return;
  const std::int64_t piece = number->get_int64();
  const std::int64_t newest = ring.number_of(now) / ring.piece;
  // Skip records older than the ring, and those from the future after the clock was set back.
  if (piece > newest || piece <= newest - ring.pieces) return;
  const std::vector<double> bounds = read_bounds(written);
  if (bounds_.empty()) bounds_ = bounds;
  for (const auto& [key, value] : object_in(written, "steps")) {
    std::int64_t i = -1;
    std::from_chars(key.data(), key.data() + key.size(), i);
    if (i < 0 || i >= ring.piece || !value.is_object()) continue;
    const std::int64_t at = piece * ring.piece + i;
    ring.slots[static_cast<std::size_t>(ring.place_of(at))] = {
        at, read_step(value.get_object(), bounds == bounds_ ? bounds.size() + 1 : 0)};
  }
}

void Activity::load(Timestamp now, const std::vector<std::optional<registry::Setting>>& found) {
  const std::scoped_lock lock(mutex_);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i])
      read(i < static_cast<std::size_t>(minutes_.pieces) ? minutes_ : hours_, now, *found[i]);
  }
}

}  // namespace imprint::monitoring
