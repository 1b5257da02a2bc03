// SPDX-License-Identifier: Apache-2.0
// Long-lived programs: an event is one line of JSON to standard input, and its answer is the next
// line of standard output. A program has one event at a time; anything that could attribute an
// answer to another event (a late line, an extra one) ends the program.
#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/name.h"
#include "hooks/carrier.h"
#include "hooks/child.h"
#include "telemetry/audit_budget.h"

namespace imprint::hooks {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr Milliseconds kFirstRestPause{100};  // before a program that ended is started again
constexpr Milliseconds kLongestPause{30'000};
constexpr Milliseconds kReadCheckInterval{20};  // for programs that have not read yet
constexpr Milliseconds kExitGrace{500};  // from its closing standard output to its being killed
constexpr auto kShutdownGrace = std::chrono::seconds(1);
constexpr std::size_t kMaxLogLine = 1024;
constexpr std::size_t kReadBytes = 4096;

/// Collects what arrives and returns it line by line; a line that is too long comes in pieces.
class Lines {
 public:
  explicit Lines(std::size_t most) : most_(most) {}
  void add(std::string_view bytes) { held_.append(bytes); }
  /// The next line without its line end, or a piece of a line that is too long to buffer.
  std::optional<std::string> next() {
    const auto end = held_.find('\n');
    if (end == std::string::npos && held_.size() < most_) return std::nullopt;
    const std::size_t length = std::min({end, held_.size(), most_});
    std::string line = held_.substr(0, length);
    held_.erase(0, length + (length == end ? 1 : 0));
    return line;
  }
  [[nodiscard]] std::size_t size() const { return held_.size(); }
  [[nodiscard]] bool has_end() const { return held_.find('\n') != std::string::npos; }

 private:
  std::size_t most_;
  std::string held_;
};

/// A duplicate for asio, which wants to own the descriptor it watches.
int copy_of(const FileDescriptor& file) { return ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0); }

class CommandCarrier final : public Carrier {
 public:
  CommandCarrier(const HookOptions& options, const CarrierParts& parts)
      : options_(options),
        loop_(parts.loop),
        clock_(parts.clock),
        log_(parts.log),
        folder_(parts.directory),
        log_budget_(parts.clock.monotonic()) {}
  ~CommandCarrier() override;

  /// A program that cannot be run at all is reported here, not with the first device.
  Result<void> start() {
    TRY(hire());
    return {};
  }

  void send(Invocation invocation, Done done) override {
    waiting_.push_back({std::move(invocation), std::move(done)});
    assign();
  }
  std::string cancel(std::uint64_t number) override;
  [[nodiscard]] Milliseconds start_of(std::uint64_t number) const override;
  [[nodiscard]] Milliseconds starting() const override {
    return started_ + (starting_since_ ? since(*starting_since_) : Milliseconds(0));
  }

 private:
  class Worker;
  struct Task {
    Invocation invocation;
    Done done;
  };

  Result<std::shared_ptr<Worker>> hire();
  void assign();
  void worker_answered() { deaths_ = 0; }
  /// Called after a program has begun to start, is up, or has ended.
  void note_starts();
  [[nodiscard]] Milliseconds since(Monotonic then) const {
    return std::chrono::ceil<Milliseconds>(clock_.monotonic() - then);
  }
  void worker_ended(const Worker& worker, const std::string& how);
  void note(pid_t pid, const std::string& line);
  [[nodiscard]] Milliseconds pause() const {
    const unsigned doublings = std::min(deaths_ == 0 ? 0U : deaths_ - 1, 16U);
    return std::min(kFirstRestPause * (1U << doublings), kLongestPause);
  }

  HookOptions options_;
  asio::io_context& loop_;
  const Clock& clock_;
  telemetry::Log& log_;
  std::filesystem::path folder_;
  telemetry::AuditBudget log_budget_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::deque<Task> waiting_;
  unsigned deaths_ = 0;  ///< unexpected ends in a row
  std::string last_end_;
  Monotonic next_start_ = {};
  Milliseconds started_{0};  ///< the time behind starting()
  std::optional<Monotonic> starting_since_ = {};
};

/// One program and its current event. Pending operations keep it alive; it ends with its process.
class CommandCarrier::Worker : public std::enable_shared_from_this<CommandCarrier::Worker> {
 public:
  Worker(CommandCarrier& carrier, Child child)
      : carrier_(carrier),
        child_(std::move(child)),
        in_(carrier.loop_, copy_of(child_.in)),
        out_(carrier.loop_, copy_of(child_.out)),
        err_(carrier.loop_, copy_of(child_.err)),
        process_(carrier.loop_, copy_of(child_.process)),
        read_check_timer_(carrier.loop_),
        exit_timer_(carrier.loop_) {
    child_.in = FileDescriptor();
    child_.out = FileDescriptor();
    child_.err = FileDescriptor();
  }

  void begin() {
    read_output();
    read_errors();
    process_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const error_code& error) {
                          if (!error) self->ended();
                        });
  }

  [[nodiscard]] bool is_idle() const { return !task_ && !is_dismissed_; }
  [[nodiscard]] bool is_dismissed() const { return is_dismissed_; }
  [[nodiscard]] bool has(std::uint64_t number) const {
    return task_ && task_->invocation.number == number;
  }
  [[nodiscard]] const Child& child() const { return child_; }
  [[nodiscard]] bool is_up() const { return is_up_ && !is_dismissed_; }
  [[nodiscard]] bool is_starting() const { return first_asked_ && !is_up_ && !is_dismissed_; }
  /// How long its event has waited for the program to start.
  [[nodiscard]] Milliseconds start() const {
    return is_starting() ? carrier_.since(*first_asked_) : start_;
  }

  void work_on(Task task) {
    task_ = std::move(task);
    start_ = Milliseconds(0);
    if (!first_asked_) {
      // An interpreter's start-up time shows only with the first event.
      first_asked_ = carrier_.clock_.monotonic();
      carrier_.note_starts();
      schedule_read_check();
    }
    line_ = *task_->invocation.event + "\n";
    is_writing_ = true;
    asio::async_write(in_, asio::buffer(line_),
                      [self = shared_from_this()](const error_code&, std::size_t) {
                        // If it does not read, either it has ended, or its event's time will run
                        // out.
                        self->is_writing_ = false;
                      });
  }

  /// Its answer could come at any time, and would be taken for the answer to another event.
  void dismiss() {
    task_.reset();
    is_dismissed_ = true;
    read_check_timer_.cancel();
    child_.kill();
    carrier_.note_starts();
  }

 private:
  /// Whether it has read any part of its event, which stays in the pipe until then.
  bool has_read() {
    int unread = 0;
    return !is_writing_ && ::ioctl(in_.native_handle(), FIONREAD, &unread) == 0 &&
           static_cast<std::size_t>(unread) < line_.size();
  }

  void schedule_read_check() {
    read_check_timer_.expires_after(kReadCheckInterval);
    read_check_timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && self->is_starting()) self->check_whether_read();
    });
  }

  void check_whether_read() {
    if (has_read()) return now_up();
    const Milliseconds most = carrier_.options_.start_timeout;
    if (carrier_.since(*first_asked_) < most) return schedule_read_check();
    start_failed_ = true;
    misbehave(
        fmt::format("had not begun to read its event after {} ms, which is all that "
                    "start-timeout gives it to start",
                    most.count()));
  }

  void now_up() {
    start_ = start();
    is_up_ = true;
    read_check_timer_.cancel();
    carrier_.note_starts();
  }

  void read_output() {
    out_.async_read_some(asio::buffer(out_bytes_),
                         [self = shared_from_this()](const error_code& error, std::size_t size) {
                           if (error) return self->output_closed();
                           self->answer_.add(std::string_view(self->out_bytes_.data(), size));
                           self->take_answer();
                           self->read_output();
                         });
  }

  void take_answer() {
    if (is_dismissed_) return;
    if (!task_) return misbehave("wrote to its standard output without being asked");
    if (!is_up_ && answer_.has_end()) now_up();
    if (!answer_.has_end() && answer_.size() > kMaxAnswerBytes) {
      return misbehave(fmt::format("answered with more than {} bytes", kMaxAnswerBytes));
    }
    const auto line = answer_.next();
    if (!line) return;
    // The rest of this event would mix with the next one.
    if (is_writing_) return misbehave("answered before it had read its event");
    const Done done = std::exchange(task_, std::nullopt)->done;
    if (answer_.size() > 0) misbehave("answered with more than one line");
    carrier_.worker_answered();
    done({read_answer(*line)});
    carrier_.assign();
  }

  void misbehave(const std::string& how) {
    carrier_.log_.error("a hook's program misbehaved and was ended",
                        {{"hook", carrier_.options_.arn}, {"pid", child_.pid()}, {"because", how}});
    if (task_)
      std::exchange(task_, std::nullopt)->done(failed_delivery("the hook's program " + how));
    dismiss();
  }

  void output_closed() {
    if (is_dismissed_) return;
    exit_timer_.expires_after(kExitGrace);
    exit_timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->child_.kill();
    });
  }

  void read_errors() {
    err_.async_read_some(asio::buffer(err_bytes_),
                         [self = shared_from_this()](const error_code& error, std::size_t size) {
                           if (error) return;
                           self->errors_.add(std::string_view(self->err_bytes_.data(), size));
                           while (const auto line = self->errors_.next()) {
                             if (!line->empty()) self->carrier_.note(self->child_.pid(), *line);
                           }
                           self->read_errors();
                         });
  }

  void ended() {
    const auto self = shared_from_this();  // the carrier's reference is released below
    exit_timer_.cancel();
    read_check_timer_.cancel();
    const bool was_dismissed = is_dismissed_ && !start_failed_;
    is_dismissed_ = true;
    // What it wrote before its end may still be in the pipe.
    for (error_code error; task_ && !error;) {
      const std::size_t size = read_rest(error);
      answer_.add(std::string_view(out_bytes_.data(), size));
      if (const auto line = answer_.next())
        std::exchange(task_, std::nullopt)->done({read_answer(*line)});
    }
    const std::string how = child_.reap();
    if (task_) {
      std::exchange(task_, std::nullopt)
          ->done(failed_delivery(
              fmt::format("the hook's program ended with {} instead of answering", how)));
    }
    for (auto* stream : {&in_, &out_, &err_, &process_}) {
      error_code ignored;
      stream->close(ignored);
    }
    carrier_.worker_ended(*this, was_dismissed ? std::string() : how);
  }

  std::size_t read_rest(error_code& error) {
    out_.cancel(error);
    out_.non_blocking(true, error);
    const std::size_t size = out_.read_some(asio::buffer(out_bytes_), error);
    return error ? 0 : size;
  }

  CommandCarrier& carrier_;
  Child child_;
  asio::posix::stream_descriptor in_;
  asio::posix::stream_descriptor out_;
  asio::posix::stream_descriptor err_;
  asio::posix::stream_descriptor process_;
  asio::steady_timer read_check_timer_;
  asio::steady_timer exit_timer_;
  std::array<char, kReadBytes> out_bytes_{};
  std::array<char, kReadBytes> err_bytes_{};
  Lines answer_{kMaxAnswerBytes + 1};
  Lines errors_{kMaxLogLine};
  std::optional<Task> task_;
  std::string line_;  ///< the line being written to the program
  bool is_writing_ = false;
  bool is_dismissed_ = false;
  std::optional<Monotonic> first_asked_;
  bool is_up_ = false;
  bool start_failed_ = false;
  Milliseconds start_{0};
};

CommandCarrier::~CommandCarrier() {
  // Each program may finish its current event; their destructors end the rest.
  std::vector<pollfd> ends;
  for (const auto& worker : workers_) {
    worker->child().terminate();
    ends.push_back({.fd = worker->child().process.get(), .events = POLLIN, .revents = 0});
  }
  const auto until = clock_.monotonic() + kShutdownGrace;
  while (!ends.empty()) {
    const auto left = std::chrono::ceil<Milliseconds>(until - clock_.monotonic()).count();
    if (left <= 0 || ::poll(ends.data(), ends.size(), static_cast<int>(left)) < 0) break;
    std::erase_if(ends, [](const pollfd& one) { return one.revents != 0; });
  }
}

Result<std::shared_ptr<CommandCarrier::Worker>> CommandCarrier::hire() {
  TRY_ASSIGN(Child child, Child::start(options_.command, folder_));
  auto worker = std::make_shared<Worker>(*this, std::move(child));
  workers_.push_back(worker);
  worker->begin();
  return worker;
}

void CommandCarrier::assign() {
  while (!waiting_.empty()) {
    const auto idle = std::ranges::find_if(
        workers_, [](const std::shared_ptr<Worker>& worker) { return worker->is_idle(); });
    std::shared_ptr<Worker> worker = idle == workers_.end() ? nullptr : *idle;
    const auto employed = std::ranges::count_if(
        workers_, [](const std::shared_ptr<Worker>& one) { return !one->is_dismissed(); });
    const bool is_resting = clock_.monotonic() < next_start_;
    if (!worker && is_resting && employed == 0) {
      Task task = std::move(waiting_.front());
      waiting_.pop_front();
      task.done(undelivered(fmt::format(
          "the hook's program ended {} times in a row, the last time with {}; it is started again "
          "after a pause of {} ms",
          deaths_, last_end_, pause().count())));
      continue;
    }
    if (!worker && (is_resting || employed >= static_cast<std::int64_t>(options_.concurrency)))
      return;
    if (!worker) {
      auto hired = hire();
      if (!hired) {
        Task task = std::move(waiting_.front());
        waiting_.pop_front();
        task.done(undelivered(hired.error().message));
        continue;
      }
      worker = std::move(*hired);
    }
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    worker->work_on(std::move(task));
  }
}

std::string CommandCarrier::cancel(std::uint64_t number) {
  const auto erased =
      std::erase_if(waiting_, [&](const Task& task) { return task.invocation.number == number; });
  if (erased > 0) return "a program that is free";
  for (const auto& worker : workers_) {
    if (!worker->has(number)) continue;
    worker->dismiss();
    return "the program's line, and the program was ended";
  }
  return "nothing";
}

Milliseconds CommandCarrier::start_of(std::uint64_t number) const {
  const auto it = std::ranges::find_if(
      workers_, [&](const std::shared_ptr<Worker>& worker) { return worker->has(number); });
  return it == workers_.end() ? Milliseconds(0) : (*it)->start();
}

void CommandCarrier::note_starts() {
  const bool is_any_up = std::ranges::any_of(workers_, &Worker::is_up);
  const bool starts = !is_any_up && std::ranges::any_of(workers_, &Worker::is_starting);
  if (starts == starting_since_.has_value()) return;
  if (starts) {
    starting_since_ = clock_.monotonic();
  } else {
    started_ += since(*std::exchange(starting_since_, std::nullopt));
  }
}

/// `how` is empty for a dismissed program: its end is not a sign that it cannot start.
void CommandCarrier::worker_ended(const Worker& worker, const std::string& how) {
  std::erase_if(workers_, [&](const std::shared_ptr<Worker>& one) { return one.get() == &worker; });
  note_starts();
  if (!how.empty()) {
    ++deaths_;
    last_end_ = how;
    next_start_ = clock_.monotonic() + pause();
    log_.error("a hook's program ended; it is started again when it is needed",
               {{"hook", options_.arn}, {"with", how}, {"pause ms", pause().count()}});
  }
  assign();
}

void CommandCarrier::note(pid_t pid, const std::string& line) {
  const auto grant = log_budget_.take(clock_.monotonic());
  if (!grant) return;
  log_.warning(
      "a hook's program says",
      {{"hook", options_.arn}, {"pid", pid}, {"text", line}, {"left out", grant->left_out}});
}

}  // namespace

Result<std::unique_ptr<Carrier>> make_command_carrier(const HookOptions& options,
                                                      const CarrierParts& parts) {
  auto carrier = std::make_unique<CommandCarrier>(options, parts);
  if (auto started = carrier->start(); !started)
    return fail_at(started.error().fault, "command", "{}", started.error().message);
  return carrier;
}

}  // namespace imprint::hooks
