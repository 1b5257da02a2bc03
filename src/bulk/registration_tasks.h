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

/// The name of the registry's counter of running tasks, of which AWS IoT allows one.
inline constexpr std::string_view kRunningTasks = "running-registration-tasks";
inline constexpr std::int64_t kMaxRunningTasks = 1;
/// AWS IoT quota: after this a task is stopped and its files are removed.
inline constexpr auto kTaskLifetime = std::chrono::days(30);

struct RegistrationOptions {
  std::filesystem::path uploads;  ///< input files
  std::filesystem::path folder;   ///< the tasks' copies of their input, and reports
  std::string account;            ///< twelve digits
  /// The pause after each line, so that a long task leaves the store and the signer to devices.
  Milliseconds pause{5};
};

/// Carries out bulk registrations, one line after another, on its own thread. Each line is one
/// change set that includes the task's progress, so an interrupted task continues with the line
/// after the last one committed. A line that fails is reported and skipped; if the store or the
/// signer does not respond, the line is retried. Commands arrive as records, which this class reads
/// when woken.
class RegistrationTasks {
 public:
  RegistrationTasks(registry::Store& store, provisioning::ApplyTemplate& apply, const Clock& clock,
                    telemetry::Log& log, Secret link_key, RegistrationOptions options);
  ~RegistrationTasks();
  RegistrationTasks(const RegistrationTasks&) = delete;
  RegistrationTasks& operator=(const RegistrationTasks&) = delete;

  /// Starts the thread, beginning with tasks that an earlier process left unfinished.
  void start();
  /// A task was started, or must be cancelled. Any thread.
  void wake();
  /// Stops the thread after the current line.
  void stop();

  [[nodiscard]] const Uploads& uploads() const { return uploads_; }
  [[nodiscard]] const Reports& reports() const { return reports_; }
  [[nodiscard]] const ReportLinks& links() const { return links_; }

 private:
  /// The result of processing a line or a task.
  enum class Outcome : std::uint8_t { continues, ended, cancelled, interrupted };
  struct Run;

  void work();
  [[nodiscard]] bool keeps_running_after(Milliseconds pause);
  Result<void> run_tasks();
  Result<void> remove_old();
  void sweep_uploads();
  void run_task(const registry::RegistrationTask& task);
  Result<Outcome> carry_out(const registry::RegistrationTask& task);
  Result<Outcome> process_lines(Run& run);
  Result<Outcome> process_line(Run& run, const LineReader::Line& line);
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
