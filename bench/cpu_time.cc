// SPDX-License-Identifier: Apache-2.0
#include "bench/cpu_time.h"

#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace imprint::bench {

namespace {

CpuTime read(clockid_t clock) {
  timespec now{};
  IMPRINT_ASSERT(clock_gettime(clock, &now) == 0);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

CpuTime thread_cpu_time() { return read(CLOCK_THREAD_CPUTIME_ID); }
CpuTime process_cpu_time() { return read(CLOCK_PROCESS_CPUTIME_ID); }

CpuTime process_cpu_time(pid_t process) {
  clockid_t clock{};
  IMPRINT_ASSERT(clock_getcpuclockid(process, &clock) == 0);
  return read(clock);
}

std::map<std::string, CpuTime> cpu_time_by_thread(pid_t process) {
  std::map<std::string, CpuTime> out;
  const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    CpuTime::rep nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    out[name] += CpuTime(nanoseconds);
  }
  return out;
}

}  // namespace imprint::bench
