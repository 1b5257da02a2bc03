// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "registry/store.h"
#include "rest/http.h"

namespace imprint::operator_api {

/// What the dashboard shows without being asked: server-sent events (WHATWG HTML, section 9.2) with
/// the audit trail's new events (`steps`) and whatever topics the wiring adds. A page that was away
/// reads its lists again: nothing is kept for it. One per process, any thread; streams are used on
/// the listener's thread and end before the feed.
class LiveFeed {
 public:
  /// The data of one event each time it has changed. `seen` is what was told last, 0 at first;
  /// nothing to tell gives no value.
  struct Topic {
    std::string event;
    std::function<std::optional<std::string>(std::uint64_t& seen)> news;
  };

  LiveFeed(const Clock& clock, std::vector<Topic> topics)
      : clock_(clock), topics_(std::move(topics)) {}

  /// For Store::watch.
  void apply(const registry::ChangeSet& changes);

  /// Fault::exhausted beyond so many at once.
  static constexpr std::size_t kMostStreams = 100;
  Result<std::unique_ptr<rest::BodyStream>> open(std::function<bool()> may_go_on);

 private:
  class Stream;
  /// Of each second; what is more is told as a number.
  static constexpr std::size_t kMostSteps = 50;
  static constexpr std::size_t kMostKept = 1'000;
  static constexpr std::chrono::seconds kHeartbeat{15};

  const Clock& clock_;
  const std::vector<Topic> topics_;
  std::mutex mutex_;
  std::size_t streams_ = 0;
  std::uint64_t first_ = 0;  ///< the number of the oldest in steps_
  std::deque<registry::AuditEvent> steps_;
};

}  // namespace imprint::operator_api
