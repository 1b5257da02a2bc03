// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "monitoring/board.h"
#include "monitoring/channel.h"
#include "runtime/task.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace imprint::monitoring {

/// The result of a test message on one channel.
struct Trial {
  std::string channel;
  bool is_delivered = false;
  std::string problem = {};
};
using Trials = std::vector<Trial>;

/// Sends the board's pending notifications, one at a time and in order on each channel. A failed
/// notification is retried after increasing pauses, without delaying other channels, and dropped
/// after a day. Used on one thread; channels return their results through `post`, which runs work
/// on it.
class Notifier {
 public:
  using Post = std::function<void(std::function<void()>)>;
  static constexpr Milliseconds kFirstPause{1'000};
  static constexpr Milliseconds kLongestPause{300'000};
  static constexpr auto kPatience = std::chrono::hours(24);
  /// Must be less than a minute, after which the waiting client gives up.
  static constexpr Seconds kTrialPatience{45};

  Notifier(Board& board, const Clock& clock, telemetry::Metrics& metrics, telemetry::Log& log,
           Post post)
      : board_(board),
        clock_(clock),
        metrics_(metrics),
        log_(log),
        post_(std::move(post)),
        alive_(std::make_shared<bool>(true)) {}

  /// Sets the channels. Cancels running deliveries; channels of the same name send them again.
  void use(Channels channels);
  /// Sends due notifications and cancels those that take too long.
  void work();
  /// The next time at which work() must be called.
  [[nodiscard]] Monotonic due() const;

  /// Sends one test message on every channel, without retries.
  void try_all(runtime::Completion<Trials> done);
  /// Cancels running deliveries and test messages.
  void stop();

 private:
  struct Line {
    std::unique_ptr<Channel> channel;
    std::optional<PendingNotification> sending = {};
    std::uint64_t number = 0;
    Monotonic deadline = Monotonic::max();
    Monotonic next = Monotonic::min();
    Milliseconds pause{0};  ///< after the last failure; 0 if it did not fail
    std::optional<Monotonic> failing_since = {};
  };
  struct TrialRun {
    Trials results;
    std::size_t left = 0;
    runtime::Completion<Trials> done;
  };
  struct RunningTrial {
    std::shared_ptr<TrialRun> run;
    std::size_t index;
    Channel* channel;
    std::uint64_t number;
    Monotonic deadline;
    Seconds patience;
  };

  void start(Line& line, PendingNotification notification);
  void finish(std::uint64_t number, Result<void> result);
  void finish_trial(std::uint64_t number, const Result<void>& result);
  Channel::Done answer_of(std::uint64_t number);
  void count(const Line& line, bool is_delivered);

  Board& board_;
  const Clock& clock_;
  telemetry::Metrics& metrics_;
  telemetry::Log& log_;
  Post post_;
  /// Lets results that arrive late detect that the notifier was destroyed.
  std::shared_ptr<bool> alive_;
  std::vector<Line> lines_;
  std::vector<RunningTrial> trials_;
  std::uint64_t last_number_ = 0;
};

}  // namespace imprint::monitoring
