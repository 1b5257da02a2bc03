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

/// Pushes news to the dashboard: server-sent events (WHATWG HTML, section 9.2) with the new events
/// of the audit trail (`steps`) and the topics that the wiring adds. Nothing is kept for a page
/// that was disconnected: it reads its lists again. One per process, any thread; streams are used
/// on the listener's thread and end before the feed.
class LiveFeed {
 public:
  /// A value that is sent as an event each time it has changed. `news` returns the data of the
  /// event, or no value if there is nothing new. `seen` is the version that was sent last, at first
  /// 0.
  struct Topic {
    std::string event;
    std::function<std::optional<std::string>(std::uint64_t& seen)> news;
  };

  LiveFeed(const Clock& clock, std::vector<Topic> topics)
      : clock_(clock), topics_(std::move(topics)) {}

  /// For Store::watch.
  void apply(const registry::ChangeSet& changes);

  /// Fault::exhausted beyond this number of open streams.
  static constexpr std::size_t kMostStreams = 100;
  Result<std::unique_ptr<rest::BodyStream>> open(std::function<bool()> may_go_on);

 private:
  class Stream;
  /// The most steps that are sent per second; of more than that, only the number is sent.
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
