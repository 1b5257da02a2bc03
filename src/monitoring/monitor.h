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
#include "monitoring/notifier.h"
#include "monitoring/registry_check.h"
#include "registry/store.h"
#include "runtime/thread_executor.h"

namespace imprint::monitoring {

/// The current state.
struct Now {
  Timestamp time = {};
  std::uint64_t onboarded = 0;  ///< since the process started
  std::uint64_t failed = 0;
  double per_second = 0;                      ///< onboarded, over the last 10 seconds
  std::vector<std::size_t> connections = {};  ///< of each shard
  /// In the order of telemetry::certificate_statuses().
  std::array<std::size_t, 6> certificates = {};
  std::optional<double> ratio = {};  ///< failures per device; absent with too few attempts
  double ratio_limit = 0;

  friend bool operator==(const Now&, const Now&) = default;
};

/// An immutable view for readers, replaced about every second.
struct Snapshot {
  Now now = {};
  std::uint64_t now_version = 0;             ///< grows when a value other than the time has changed
  std::vector<registry::Alarm> alarms = {};  ///< newest first, including resolved ones
  std::uint64_t alarms_version = 0;          ///< grows when the alarms have changed
};

/// The monitor's inputs other than the store; called on the monitor's thread at any time.
struct Sources {
  std::function<telemetry::Totals()> totals;
  std::function<std::vector<std::size_t>()> connections;  ///< of each shard
  std::function<std::array<std::size_t, 6>()> certificates;
  /// The disk of the deployment directory.
  std::function<Result<alarms::DiskSpace>()> disk;
  /// The server's certificate and the deployment's CAs.
  std::function<std::vector<alarms::WatchedCertificate>()> own_certificates;
  /// The lifetime of new device certificates.
  std::function<Seconds()> device_validity;
};

/// The dependencies of a Monitor; outlives it.
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

/// Monitors the server: records its history, applies the alarm rules about every second and sends
/// notifications. Runs on a thread of its own, where it may wait for the store, and does not block
/// other threads. One per process.
class Monitor {
 public:
  static constexpr Milliseconds kTick{1'000};

  explicit Monitor(MonitorParts parts);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Reads the alarms and the history of an earlier process. Call before start().
  Result<void> load();
  void start();
  /// Stores the state and ends the thread.
  void stop();

  // Any thread.
  /// Sets the rules and channels.
  void use(alarms::Options options, Channels channels);
  /// Listener for durable changes of the store.
  void changed(const registry::ChangeSet& changes);
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const { return snapshot_.get(); }
  [[nodiscard]] const Activity& activity() const { return activity_; }
  /// Sends a test message over every channel and waits for the results; empty if there are no
  /// channels.
  runtime::Task<Trials> try_channels();

  /// One iteration of the thread; for tests that run without it.
  void work();

 private:
  void run();
  void post(std::function<void()> task);
  void take_inbox();
  void tick(Timestamp now, Monotonic monotonic);
  void judge_counts(Timestamp now, Monotonic monotonic);
  void judge_disk(Timestamp now, Monotonic monotonic);
  void check_registry(Timestamp now, Monotonic monotonic);
  void take_points(Timestamp now);
  void save(Timestamp now, Monotonic monotonic, bool is_last = false);
  void publish_snapshot(Timestamp now, const Counts& counts);
  [[nodiscard]] alarms::TopFailure top_failure(const Counts& counts);
  void remember_refused(const registry::AuditEvent& event);
  template <class T>
  std::optional<T> value_or_log(Result<T> result, std::string_view what);

  MonitorParts parts_;
  Current<Snapshot> snapshot_{Snapshot{}};
  Activity activity_;
  runtime::ThreadExecutor own_;
  Board board_;
  Notifier notifier_;
  RegistryCheck registry_check_;
  alarms::Options options_;
  Window failures_{Seconds(600)};
  Window hook_failures_{Seconds(600)};
  Window hook_rejections_{Seconds(600)};
  Window store_{Seconds(60)};
  Window speed_{Seconds(10)};
  std::vector<alarms::WatchedCertificate> open_claims_;
  Monotonic next_tick_ = Monotonic::min();
  Monotonic next_claims_ = Monotonic::min();
  Monotonic next_expiry_ = Monotonic::min();
  Monotonic next_history_ = Monotonic::min();
  Monotonic next_save_ = Monotonic::min();
  std::optional<std::uint64_t> shown_version_;
  std::set<std::string_view> failing_;  ///< inputs that could not be read the last time

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
