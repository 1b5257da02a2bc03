// SPDX-License-Identifier: Apache-2.0
#include "telemetry/line_writer.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <unistd.h>

#include "base/thread.h"

namespace imprint::telemetry {

namespace {

constexpr int kPollMilliseconds = 100;

}  // namespace

LineWriter::LineWriter(int descriptor, std::size_t most_bytes, const Clock& clock, Note note)
    : descriptor_(descriptor), most_bytes_(most_bytes), clock_(clock), note_(std::move(note)) {
  thread_ = start_thread("log", [this] { work(); });
}

LineWriter::~LineWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    drain_deadline_ = clock_.monotonic() + kDrainTimeout;
  }
  changed_.notify_one();
  thread_.join();
}

void LineWriter::write(std::string line) {
  {
    const std::scoped_lock lock(mutex_);
    if (bytes_ + line.size() > most_bytes_) {
      ++dropped_;
      return;
    }
    if (dropped_ > 0) {
      waiting_.push_back(note_(std::exchange(dropped_, 0)));
      bytes_ += waiting_.back().size();
    }
    bytes_ += line.size();
    waiting_.push_back(std::move(line));
  }
  changed_.notify_one();
}

void LineWriter::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) break;
    const std::string line = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const bool is_done = put(line);
    lock.lock();
    bytes_ -= line.size();
    if (!is_done) return;
  }
  const std::uint64_t dropped = dropped_;
  lock.unlock();
  if (dropped > 0) put(note_(dropped));
}

bool LineWriter::is_drain_over() {
  const std::scoped_lock lock(mutex_);
  return stopping_ && clock_.monotonic() >= drain_deadline_;
}

/// False if the drain timeout expired. A pipe that is ready accepts PIPE_BUF bytes without
/// blocking.
bool LineWriter::put(std::string_view line) {
  while (!line.empty()) {
    pollfd ready{descriptor_, POLLOUT, 0};
    if (::poll(&ready, 1, kPollMilliseconds) == 0) {
      if (is_drain_over()) return false;
      continue;
    }
    const ssize_t sent =
        ::write(descriptor_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
    if (sent > 0) {
      line.remove_prefix(static_cast<std::size_t>(sent));
    } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      return true;  // this line cannot be written, but the next one may be
    } else if (is_drain_over()) {
      return false;
    }
  }
  return true;
}

}  // namespace imprint::telemetry
