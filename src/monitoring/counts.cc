// SPDX-License-Identifier: Apache-2.0
#include "monitoring/counts.h"

#include <numeric>

namespace imprint::monitoring {

namespace {

template <class Values>
void add(Values& to, const Values& more) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += more[i];
}

std::uint64_t increase(std::uint64_t now, std::uint64_t before) {
  return now >= before ? now - before : 0;
}

}  // namespace

std::uint64_t Counts::failures() const {
  return std::accumulate(failed.begin(), failed.end(), std::uint64_t{0});
}

std::uint64_t Counts::device_failures() const {
  const auto handshakes =
      failed[static_cast<std::size_t>(outcome::FailureCategory::handshake_refused)];
  return failures() - handshakes;
}

Counts& Counts::operator+=(const Counts& more) {
  onboarded += more.onboarded;
  add(failed, more.failed);
  add(hooks, more.hooks);
  store_failures += more.store_failures;
  return *this;
}

Counts Counts::since(const Counts& before) const {
  Counts out;
  out.onboarded = increase(onboarded, before.onboarded);
  for (std::size_t i = 0; i < failed.size(); ++i)
    out.failed[i] = increase(failed[i], before.failed[i]);
  for (std::size_t i = 0; i < hooks.size(); ++i) out.hooks[i] = increase(hooks[i], before.hooks[i]);
  out.store_failures = increase(store_failures, before.store_failures);
  return out;
}

Counts counts_of(const telemetry::Totals& totals) {
  return {.onboarded = totals.onboarded,
          .failed = totals.failed,
          .hooks = totals.hooks,
          .store_failures = totals.store_failures};
}

void Window::add(Monotonic at, const Counts& counts) {
  // A sample that is close to its predecessor is replaced by the new one.
  const auto spacing = std::chrono::duration_cast<Milliseconds>(length_) / kSamples;
  if (samples_.size() >= 2 && samples_.back().first - samples_[samples_.size() - 2].first < spacing)
    samples_.pop_back();
  samples_.emplace_back(at, counts);
  // One sample older than the length is kept as the start of the window.
  while (samples_.size() >= 2 && at - samples_[1].first >= length_) samples_.pop_front();
}

Counts Window::difference() const {
  if (samples_.empty()) return {};
  return samples_.back().second.since(samples_.front().second);
}

}  // namespace imprint::monitoring
