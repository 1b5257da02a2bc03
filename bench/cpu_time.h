// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <sys/types.h>

namespace imprint::bench {

/// CPU time, user and system together, as the scheduler counts it (not in ticks).
using CpuTime = std::chrono::nanoseconds;

CpuTime thread_cpu_time();
/// Of the calling process, with all threads.
CpuTime process_cpu_time();
/// Of another process of this user, with all threads.
CpuTime process_cpu_time(pid_t process);
/// Of the threads that it has now, by their names; threads of one name together.
std::map<std::string, CpuTime> cpu_time_by_thread(pid_t process);

inline double to_microseconds(CpuTime time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

}  // namespace imprint::bench
