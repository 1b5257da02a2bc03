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

/// What came of a test message on one channel.
struct Trial {
  std::string channel;
  bool is_delivered = false;
  std::string problem = {};
};
using Trials = std::vector<Trial>;

/// Tells what the board owes, on each channel one message after another, in their order. A channel
/// that fails is tried again, later each time, and holds up no other one; what could not be told
/// for a day is dropped. Used on one thread; channels answer through `post`, which brings work to
/// it.
class Notifier {
 public:
  using Post = std::function<void(std::function<void()>)>;
  static constexpr Milliseconds kFirstPause{1'000};
  static constexpr Milliseconds kLongestPause{300'000};
  static constexpr auto kPatience = std::chrono::hours(24);
  /// Somebody waits for a trial, and clients give up after a minute.
  static constexpr Seconds kTrialPatience{45};

  Notifier(Board& board, const Clock& clock, telemetry::Metrics& metrics, telemetry::Log& log,
           Post post)
      : board_(board),
        clock_(clock),
        metrics_(metrics),
        log_(log),
        post_(std::move(post)),
        state_(std::make_shared<bool>(true)) {}

  /// From now on these. What is under way is cancelled, and told by them if they are the same.
  void use(Channels channels);
  /// Sends what is due and gives up what takes too long.
  void work();
  /// When work() has something to do by itself.
  [[nodiscard]] Monotonic due() const;

  /// One test message on every channel, once.
  void try_all(runtime::Completion<Trials> done);
  /// Ends what is under way.
  void stop();

 private:
  struct Line {
    std::unique_ptr<Channel> channel;
    std::optional<Owed> telling = {};
    std::uint64_t number = 0;
    Monotonic deadline = Monotonic::max();
    Monotonic next = Monotonic::min();
    Milliseconds pause{0};  ///< after the next failure; 0: it works
    std::optional<Monotonic> failing_since = {};
  };
  struct TrialRun {
    Trials results;
    std::size_t left = 0;
    runtime::Completion<Trials> done;
  };
  struct Trying {
    std::shared_ptr<TrialRun> run;
    std::size_t index;
    Channel* channel;
    std::uint64_t number;
    Monotonic deadline;
    Seconds patience;
  };

  void start(Line& line, Owed owed);
  void finish(std::uint64_t number, Result<void> told);
  void finish_trial(std::uint64_t number, const Result<void>& told);
  Channel::Done answer_of(std::uint64_t number);
  void count(const Line& line, bool is_told);

  Board& board_;
  const Clock& clock_;
  telemetry::Metrics& metrics_;
  telemetry::Log& log_;
  Post post_;
  /// Answers that come after the notifier is gone find it gone.
  std::shared_ptr<bool> state_;
  std::vector<Line> lines_;
  std::vector<Trying> trials_;
  std::uint64_t last_number_ = 0;
};

}  // namespace imprint::monitoring
