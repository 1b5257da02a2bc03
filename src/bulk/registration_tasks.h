// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "bulk/line.h"
#include "bulk/reports.h"
#include "bulk/uploads.h"
#include "provisioning/apply_template.h"
#include "registry/store.h"
#include "runtime/thread_executor.h"
#include "telemetry/log.h"

namespace imprint::bulk {

/// Name of the registry's counter of running tasks, of which AWS IoT allows one.
inline constexpr std::string_view kRunningTasks = "running-registration-tasks";
inline constexpr std::int64_t kMaxRunningTasks = 1;
/// AWS IoT quota: a task is stopped, and what it left removed, after that.
inline constexpr auto kTaskLifetime = std::chrono::days(30);

struct RegistrationOptions {
  std::filesystem::path uploads;  ///< input files
  std::filesystem::path folder;   ///< of the tasks: copies of their input, reports
  std::string account;            ///< twelve digits
  /// Rest after each line, so that a long task leaves the store and the signer to devices.
  Milliseconds pause{5};
};

/// Carries out bulk registrations, one line after another on a thread of its own. Each line is one
/// change set, the task's progress included, so that a task that is interrupted goes on with the
/// line after the last one done. A line that fails is reported and passed over; a store or signer
/// that does not answer is waited for. The commands come as records: this reads them when woken.
class RegistrationTasks {
 public:
  RegistrationTasks(registry::Store& store, provisioning::ApplyTemplate& apply, const Clock& clock,
                    telemetry::Log& log, Secret link_key, RegistrationOptions options);
  ~RegistrationTasks();
  RegistrationTasks(const RegistrationTasks&) = delete;
  RegistrationTasks& operator=(const RegistrationTasks&) = delete;

  /// Begins, with the tasks that an earlier process left.
  void start();
  /// There is something to do: a task was started or is to be cancelled. Any thread.
  void wake();
  /// Ends the thread after the line at hand.
  void stop();

  [[nodiscard]] const Uploads& uploads() const { return uploads_; }
  [[nodiscard]] const Reports& reports() const { return reports_; }
  [[nodiscard]] const ReportLinks& links() const { return links_; }

 private:
  /// How a line or a task went on.
  enum class Outcome : std::uint8_t { goes_on, ended, cancelled, interrupted };
  struct Run;

  void work();
  [[nodiscard]] bool has_time(Milliseconds pause);
  Result<void> do_all();
  Result<void> remove_old();
  void sweep_uploads();
  void work_on(const registry::RegistrationTask& task);
  Result<Outcome> carry_out(const registry::RegistrationTask& task);
  Result<Outcome> do_lines(Run& run);
  Result<Outcome> do_line(Run& run, const LineReader::Line& line);
  Result<void> register_line(Run& run, const LineReader::Line& line);
  Result<void> report_failure(Run& run, const LineReader::Line& line, const Error& error);
  [[nodiscard]] std::filesystem::path input_of(const std::string& task) const;
  Result<FileDescriptor> open_input(const registry::RegistrationTask& task);
  Result<registry::RegistrationProgress> progress_of(const registry::RegistrationTask& task,
                                                     std::int64_t input_bytes);
  Result<void> finish(const std::string& task, registry::TaskStatus status, std::string message);

  registry::Store& store_;
  provisioning::ApplyTemplate& apply_;
  const Clock& clock_;
  telemetry::Log& log_;
  const RegistrationOptions options_;
  const Uploads uploads_;
  const Reports reports_;
  const ReportLinks links_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  runtime::ThreadExecutor own_;
  std::thread thread_;
};

}  // namespace imprint::bulk
