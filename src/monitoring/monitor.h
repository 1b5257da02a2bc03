// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "alarms/options.h"
#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "monitoring/activity.h"
#include "monitoring/board.h"
#include "monitoring/counts.h"
#include "monitoring/lookout.h"
#include "monitoring/notifier.h"
#include "registry/store.h"
#include "runtime/own_thread.h"

namespace imprint::monitoring {

/// How things stand at this moment.
struct Now {
  Timestamp time = {};
  std::uint64_t onboarded = 0;  ///< since the process started
  std::uint64_t failed = 0;
  double per_second = 0;                         ///< onboarded, over the last 10 seconds
  std::vector<std::size_t> connections = {};     ///< of each shard
  std::array<std::size_t, 6> certificates = {};  ///< as telemetry::certificate_statuses()
  std::optional<double> ratio = {};  ///< failures to devices; absent below the minimum of attempts
  double ratio_limit = 0;

  friend bool operator==(const Now&, const Now&) = default;
};

/// What those who look on see: a value, replaced whole about every second.
struct Snapshot {
  Now now = {};
  std::uint64_t now_version = 0;             ///< grows when more than the time has changed
  std::vector<registry::Alarm> alarms = {};  ///< newest first, resolved ones too
  std::uint64_t alarms_version = 0;          ///< grows when the alarms have changed
};

/// Where the monitor looks besides the store; each may be asked from its thread at any time.
struct Sources {
  std::function<telemetry::Totals()> totals;
  std::function<std::vector<std::size_t>()> connections;  ///< of each shard
  std::function<std::array<std::size_t, 6>()> certificates;
  /// Where the deployment lies.
  std::function<Result<alarms::DiskSpace>()> disk;
  /// The server's certificate and the deployment's CAs.
  std::function<std::vector<alarms::Ending>()> own_certificates;
  /// For how long device certificates are made.
  std::function<Seconds()> device_validity;
};

/// What a Monitor works with; outlives it.
struct MonitorParts {
  registry::Store& store;
  telemetry::Metrics& metrics;
  const Clock& clock;
  Random& random;
  telemetry::Log& log;
  Sources sources;
  std::string directory;  ///< of the deployment, for people
  std::string node = "1";
};

/// Watches over the server: keeps its history, judges it by the rules about every second, and has
/// what it finds told. It has a thread of its own, may wait for the store there, and holds up
/// nobody. One per process.
class Monitor {
 public:
  static constexpr Milliseconds kTick{1'000};

  explicit Monitor(MonitorParts parts);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Reads what an earlier process left; before start().
  Result<void> load();
  void start();
  /// Writes what has to be kept and ends the thread.
  void stop();

  // Any thread.
  /// Rules and channels from now on.
  void use(alarms::Options options, Channels channels);
  /// What the store has made durable: a listener of it.
  void changed(const registry::ChangeSet& changes);
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const { return snapshot_.get(); }
  [[nodiscard]] const Activity& activity() const { return activity_; }
  /// Sends a test message over every channel; waits for what comes of it. Empty: there is none.
  runtime::Task<Trials> try_channels();

  /// What the thread does when it is woken; for tests without one.
  void work();

 private:
  void run();
  void post(std::function<void()> task);
  void take_inbox();
  void tick(Timestamp now, Monotonic monotonic);
  void judge_counts(Timestamp now, Monotonic monotonic);
  void judge_disk(Timestamp now, Monotonic monotonic);
  void look(Timestamp now, Monotonic monotonic);
  void take_points(Timestamp now);
  void keep(Timestamp now, Monotonic monotonic, bool is_last = false);
  void show(Timestamp now, const Counts& counts);
  [[nodiscard]] alarms::Leading leading(const Counts& counts);
  void remember_refused(const registry::AuditEvent& event);
  template <class T>
  std::optional<T> asked(Result<T> answer, std::string_view what);

  MonitorParts parts_;
  Current<Snapshot> snapshot_{Snapshot{}};
  Activity activity_;
  runtime::OwnThread own_;
  Board board_;
  Notifier notifier_;
  Lookout lookout_;
  alarms::Options options_;
  Window failures_{Seconds(600)};
  Window hook_failures_{Seconds(600)};
  Window hook_rejections_{Seconds(600)};
  Window store_{Seconds(60)};
  Window speed_{Seconds(10)};
  std::vector<alarms::Ending> open_claims_;
  Monotonic next_tick_ = Monotonic::min();
  Monotonic next_claims_ = Monotonic::min();
  Monotonic next_endings_ = Monotonic::min();
  Monotonic next_history_ = Monotonic::min();
  Monotonic next_keep_ = Monotonic::min();
  std::optional<std::uint64_t> shown_version_;
  std::set<std::string_view> troubles_;  ///< what could not be looked at the last time

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> inbox_;
  std::vector<alarms::Finding> points_;
  std::array<alarms::Device, outcome::kFailureCategories> last_refused_;
  bool is_running_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace imprint::monitoring
