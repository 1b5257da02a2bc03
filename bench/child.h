// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/clock.h"
#include "bench/cpu_time.h"

namespace imprint::bench {

/// A server under measurement, with its output in a file; the destructor stops it with SIGTERM.
class Child {
 public:
  /// Throws if the program cannot be started.
  Child(const std::vector<std::string>& command, std::filesystem::path output);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] CpuTime cpu_time() const { return process_cpu_time(pid_); }
  [[nodiscard]] std::map<std::string, CpuTime> cpu_time_by_thread() const {
    return bench::cpu_time_by_thread(pid_);
  }
  [[nodiscard]] std::string output() const;
  /// Waits until the output contains `text`; throws after ten seconds, quoting the output.
  void wait_for_output(const std::string& text) const;

 private:
  pid_t pid_ = 0;
  std::filesystem::path output_;
};

/// A port of 127.0.0.1 that was free just now, for servers that cannot pick one themselves.
std::uint16_t free_port();

}  // namespace imprint::bench
