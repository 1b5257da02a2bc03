// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"

namespace imprint::telemetry {

/// Writes lines to a descriptor on a thread of its own, so that a stalled reader (a full pipe, a
/// paused terminal) does not block other threads. Lines beyond the limit of waiting bytes are
/// dropped and counted. Any thread.
class LineWriter {
 public:
  /// Creates the line that says how many lines were dropped before it.
  using Note = std::function<std::string(std::uint64_t dropped)>;

  LineWriter(int descriptor, std::size_t most_bytes, const Clock& clock, Note note);
  /// Writes the waiting lines, for at most kDrainTimeout if the reader is stalled.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Never blocks. `line` includes its line end.
  void write(std::string line);

  static constexpr Milliseconds kDrainTimeout{1'000};

 private:
  void work();
  bool put(std::string_view line);
  [[nodiscard]] bool is_drain_over();

  const int descriptor_;
  const std::size_t most_bytes_;
  const Clock& clock_;
  const Note note_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::size_t bytes_ = 0;  ///< of the waiting lines
  std::uint64_t dropped_ = 0;
  bool stopping_ = false;
  Monotonic drain_deadline_ = {};
  std::thread thread_;
};

}  // namespace imprint::telemetry
