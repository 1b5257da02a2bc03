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
/// The CPU time of the calling process, all threads included.
CpuTime process_cpu_time();
/// The CPU time of another process of this user, all threads included.
CpuTime process_cpu_time(pid_t process);
/// The CPU time of its current threads by name; threads with the same name are added up.
std::map<std::string, CpuTime> cpu_time_by_thread(pid_t process);

inline double to_microseconds(CpuTime time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

}  // namespace imprint::bench
