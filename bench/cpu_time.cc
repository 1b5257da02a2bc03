// SPDX-License-Identifier: Apache-2.0
#include "bench/cpu_time.h"

#include <ctime>

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

}  // namespace imprint::bench
