// SPDX-License-Identifier: Apache-2.0
#include "bulk/registration_tasks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/thread.h"
#include "encoding/json.h"
#include "outcome/causes.h"
#include "trail/event.h"

namespace imprint::bulk {

namespace {

using provisioning::AppliedTemplate;
using registry::RegistrationProgress;
using registry::RegistrationTask;
using registry::TaskStatus;

namespace json = encoding::json;

constexpr auto kIdle = std::chrono::hours(1);
/// Between attempts while the store or the signer does not respond.
constexpr auto kRetryDelay = std::chrono::seconds(1);

/// A failure whose cause is not the line.
bool is_transient(const Error& error) {
  return error.fault == Fault::unavailable || (error.fault == Fault::exhausted && !error.cause);
}

std::string arn_of(const RegistrationTask& task, std::string_view account,
                   std::string_view resource) {
  return fmt::format("arn:aws:iot:{}:{}:{}", task.region, account, resource);
}

std::string result_line(const RegistrationTask& task, std::string_view account,
                        const LineReader::Line& line, std::int64_t number,
                        const AppliedTemplate& applied) {
  json::object arns;
  for (const auto& [name, resource] : applied.resources)
    arns[name] = arn_of(task, account, resource);
  json::object response{{"ResourceArns", std::move(arns)}};
  if (applied.certificate_pem) response["CertificatePem"] = *applied.certificate_pem;
  return encoding::to_json(json::object{
             {"lineNumber", number}, {"offset", line.offset}, {"response", std::move(response)}}) +
         "\n";
}

std::string_view code_of(const Error& error) {
  if (error.cause) return imprint::code_of(error.cause);
  return error.fault == Fault::internal ? "InternalFailure" : "InvalidRequest";
}

std::string error_line(const LineReader::Line& line, std::int64_t number, const Error& error) {
  return encoding::to_json(json::object{{"lineNumber", number},
                                        {"offset", line.offset},
                                        {"errorMessage", describe(error)},
                                        {"errorCode", code_of(error)}}) +
         "\n";
}

Result<std::int64_t> size_of(const FileDescriptor& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure("examine", "the input file");
  return std::int64_t{status.st_size};
}

/// Durably copies the current contents of `from`.
Result<void> copy_durably(const FileDescriptor& from, const std::filesystem::path& to) {
  constexpr std::size_t kChunk = std::size_t{1} << 20U;
  const std::filesystem::path temporary = to.string() + ".tmp";
  const FileDescriptor out(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out.is_open()) return system_failure("create", temporary);
  std::string buffer(kChunk, '\0');
  while (true) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", "the input file");
    if (got == 0) break;
    TRY(write_all(out.get(), std::string_view(buffer).substr(0, static_cast<std::size_t>(got)),
                  temporary));
  }
  if (::fsync(out.get()) != 0) return system_failure("sync", temporary);
  if (::rename(temporary.c_str(), to.c_str()) != 0) return system_failure("put in place", to);
  return sync_directory(to.parent_path());
}

}  // namespace

/// A running task.
struct RegistrationTasks::Run {
  RegistrationTask task;
  templates::Template parsed;
  LineReader reader;
  RegistrationProgress progress;
};

RegistrationTasks::RegistrationTasks(registry::Store& store, provisioning::ApplyTemplate& apply,
                                     const Clock& clock, telemetry::Log& log, Secret link_key,
                                     RegistrationOptions options)
    : store_(store),
      apply_(apply),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      uploads_(options_.uploads),
      reports_(options_.folder),
      links_(std::move(link_key)) {}

RegistrationTasks::~RegistrationTasks() { stop(); }

void RegistrationTasks::start() {
  is_woken_ = true;
  thread_ = start_thread("bulk", [this] { work(); });
}

void RegistrationTasks::wake() {
  {
    const std::scoped_lock lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

void RegistrationTasks::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

/// Waits; returns false if the thread must stop.
bool RegistrationTasks::keeps_running_after(Milliseconds pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [this] { return is_stopping_; });
  return !is_stopping_;
}

void RegistrationTasks::work() {
  Milliseconds rest = kIdle;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, rest, [this] { return is_stopping_ || is_woken_; });
      if (is_stopping_) return;
      is_woken_ = false;
    }
    const auto done = run_tasks();
    rest = done ? Milliseconds(kIdle) : Milliseconds(kRetryDelay);
    if (!done) {
      log_.error("bulk registration cannot read its tasks; retrying",
                 {{"cause", done.error().message}});
    }
  }
}

Result<void> RegistrationTasks::run_tasks() {
  TRY(remove_old());
  for (const TaskStatus status : {TaskStatus::cancelling, TaskStatus::in_progress}) {
    TRY_ASSIGN(const std::vector<RegistrationTask> tasks,
               own_.run(registry::list_all<RegistrationTask>(
                   store_, registry::query::RegistrationTasks{status})));
    for (const RegistrationTask& task : tasks) {
      run_task(task);
      if (!keeps_running_after({})) return {};
    }
  }
  // Last, because every task now has its own copy of its input.
  sweep_uploads();
  return {};
}

void RegistrationTasks::sweep_uploads() {
  const auto swept = uploads_.sweep(clock_.now());
  if (!swept) {
    log_.warning("old uploads of bulk registrations could not be removed",
                 {{"cause", swept.error().message}});
  } else if (swept->unfinished + swept->finished > 0) {
    log_.info("old uploads of bulk registrations were removed",
              {{"unfinished", std::to_string(swept->unfinished)},
               {"finished", std::to_string(swept->finished)}});
  }
}

Result<void> RegistrationTasks::remove_old() {
  TRY_ASSIGN(
      const std::vector<RegistrationTask> tasks,
      own_.run(registry::list_all<RegistrationTask>(store_, registry::query::RegistrationTasks{})));
  for (const RegistrationTask& task : tasks) {
    const bool is_running =
        task.status == TaskStatus::in_progress || task.status == TaskStatus::cancelling;
    if (is_running || task.created + kTaskLifetime > clock_.now()) continue;
    reports_.remove(task.id);
    registry::ChangeSet changes;
    changes.add(registry::Erase{registry::registration_progress_key(task.id)});
    changes.add(registry::Erase{registry::registration_task_key(task.id)});
    TRY(own_.run(store_.commit(std::move(changes))));
  }
  return {};
}

/// Runs the task to its end, or until stop(). On a transient failure it is retried later.
void RegistrationTasks::run_task(const RegistrationTask& task) {
  const Result<Outcome> outcome = carry_out(task);
  Result<void> done;
  if (!outcome && is_transient(outcome.error())) {
    done = tl::unexpected(outcome.error());
  } else if (!outcome) {
    done = finish(task.id, TaskStatus::failed, describe(outcome.error()));
  } else if (*outcome == Outcome::ended) {
    done = finish(task.id, TaskStatus::completed, "");
  } else if (*outcome == Outcome::cancelled) {
    done = finish(task.id, TaskStatus::cancelled, "");
  }
  if (done) return;
  log_.error("a bulk registration cannot continue; retrying",
             {{"task", task.id}, {"cause", describe(done.error())}});
  if (keeps_running_after(kRetryDelay)) wake();
}

Result<RegistrationTasks::Outcome> RegistrationTasks::carry_out(const RegistrationTask& task) {
  if (task.status == TaskStatus::cancelling) return Outcome::cancelled;
  TRY_ASSIGN(templates::Template parsed,
             templates::Template::parse(task.template_body, templates::Use::bulk));
  TRY_ASSIGN(FileDescriptor input, open_input(task));
  TRY_ASSIGN(const std::int64_t size, size_of(input));
  TRY_ASSIGN(RegistrationProgress progress, progress_of(task, size));
  LineReader reader(std::move(input), progress.done_bytes);
  Run run{task, std::move(parsed), std::move(reader), std::move(progress)};
  return process_lines(run);
}

std::filesystem::path RegistrationTasks::input_of(const std::string& task) const {
  return reports_.folder_of(task) / "input.ndjson";
}

/// The task works on a copy, because the upload may be replaced, changed or removed while it runs.
Result<FileDescriptor> RegistrationTasks::open_input(const RegistrationTask& task) {
  const std::filesystem::path copy = input_of(task.id);
  std::error_code failed;
  std::filesystem::create_directories(copy.parent_path(), failed);
  if (failed)
    return fail(Fault::internal, "cannot create {}: {}", copy.parent_path().string(),
                failed.message());
  if (!std::filesystem::exists(copy, failed)) {
    TRY_ASSIGN(const FileDescriptor upload, uploads_.open(task.bucket, task.key));
    TRY(copy_durably(upload, copy));
  }
  FileDescriptor file(::open(copy.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open()) return system_failure("open", copy);
  return file;
}

Result<RegistrationProgress> RegistrationTasks::progress_of(const RegistrationTask& task,
                                                            std::int64_t input_bytes) {
  const auto found = own_.run(registry::get(store_, registry::registration_progress_key(task.id)));
  if (!found) return found;
  RegistrationProgress progress = *found;
  progress.input_bytes = input_bytes;
  return progress;
}

Result<RegistrationTasks::Outcome> RegistrationTasks::process_lines(Run& run) {
  while (true) {
    TRY_ASSIGN(const std::optional<LineReader::Line> line, run.reader.next());
    if (!line) return Outcome::ended;
    TRY_ASSIGN(const Outcome outcome, process_line(run, *line));
    if (outcome != Outcome::continues) return outcome;
    if (!keeps_running_after(options_.pause)) return Outcome::interrupted;
  }
}

/// Repeats the line until it is registered or fails for its own reason.
Result<RegistrationTasks::Outcome> RegistrationTasks::process_line(Run& run,
                                                                   const LineReader::Line& line) {
  if (!line.is_too_long && is_blank(line.text)) {
    // There is nothing to commit: a restarted task finds the line blank again.
    ++run.progress.done_lines;
    run.progress.done_bytes = line.end;
    return Outcome::continues;
  }
  while (true) {
    const auto task = own_.run(registry::get(store_, registry::registration_task_key(run.task.id)));
    if (task && task->status == TaskStatus::cancelling) return Outcome::cancelled;
    if (task && run.task.created + kTaskLifetime <= clock_.now())
      return fail(Fault::invalid, "the task has run for 30 days, which is the limit");
    Result<void> done = task ? register_line(run, line) : tl::unexpected(task.error());
    if (!done && !is_transient(done.error())) done = report_failure(run, line, done.error());
    if (done) return Outcome::continues;
    log_.warning("bulk registration is waiting to retry a line",
                 {{"task", run.task.id}, {"cause", describe(done.error())}});
    if (!keeps_running_after(kRetryDelay)) return Outcome::interrupted;
  }
}

Result<void> RegistrationTasks::register_line(Run& run, const LineReader::Line& line) {
  if (line.is_too_long)
    return fail(Fault::invalid, "the line has more than {} bytes", kMaxLineBytes);
  TRY_ASSIGN(templates::Parameters parameters, parse_line(line.text));
  RegistrationProgress counted = run.progress;
  counted.done_bytes = line.end;
  ++counted.done_lines;
  ++counted.succeeded;
  RegistrationProgress after;  // from the last attempt
  const auto also = [&](const AppliedTemplate& applied,
                        registry::ChangeSet& changes) -> Result<void> {
    // Written before the commit that records it; until then the line in the report has no effect.
    after = counted;
    TRY_ASSIGN(after.results, reports_.write(run.task.id, ReportType::results, run.progress.results,
                                             result_line(run.task, options_.account, line,
                                                         after.done_lines, applied)));
    changes.add(registry::update(after, clock_.now()));
    return {};
  };
  registry::AuditEvent event = trail::record(
      {.actor = run.task.actor, .correlation = run.task.id}, "register_thing"_step,
      trail::Outcome::ok, {}, trail::Registered{.task = run.task.id, .line = counted.done_lines});
  TRY(own_.run(apply_.run({.parsed = run.parsed,
                           .parameters = std::move(parameters),
                           .event = std::move(event),
                           .also = also})));
  run.progress = std::move(after);
  return {};
}

Result<void> RegistrationTasks::report_failure(Run& run, const LineReader::Line& line,
                                               const Error& error) {
  RegistrationProgress after = run.progress;
  after.done_bytes = line.end;
  ++after.done_lines;
  ++after.failed;
  TRY_ASSIGN(after.errors, reports_.write(run.task.id, ReportType::errors, run.progress.errors,
                                          error_line(line, after.done_lines, error)));
  registry::ChangeSet changes;
  changes.add(registry::update(after, clock_.now()));
  TRY(own_.run(store_.commit(std::move(changes))));
  run.progress = std::move(after);
  return {};
}

Result<void> RegistrationTasks::finish(const std::string& id, TaskStatus status,
                                       std::string message) {
  constexpr std::size_t kMaxMessage = 2048;  // AWS IoT API, ErrorMessage
  TRY_ASSIGN(RegistrationTask task,
             own_.run(registry::get(store_, registry::registration_task_key(id))));
  task.status = status;
  task.message = message.substr(0, kMaxMessage);
  registry::ChangeSet changes;
  changes.add(registry::update(task, clock_.now()));
  changes.events.push_back(trail::record(
      {.time = task.modified, .actor = task.actor, .correlation = task.id},
      "finish_thing_registration_task"_step,
      status == TaskStatus::failed ? trail::Outcome::failed : trail::Outcome::ok, {},
      json::object{
          {"task", task.id}, {"status", registry::to_string(status)}, {"message", task.message}}));
  changes.add(registry::Count{std::string(kRunningTasks), -1});
  TRY(own_.run(store_.commit(std::move(changes))));
  std::error_code ignored;  // if this fails, it is removed with the task
  std::filesystem::remove(input_of(id), ignored);
  return {};
}

}  // namespace imprint::bulk
