// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <thread>
#include <utility>

namespace imprint {

/// A thread that tools like `top -H` and gdb show under this name, at most 15 characters long.
template <std::size_t kSize, class Work>
std::thread start_thread(const char (&name)[kSize], Work work) {
  static_assert(kSize <= 16, "Linux keeps 15 characters of a thread's name");
  return std::thread([&name, work = std::move(work)]() mutable {
    pthread_setname_np(pthread_self(), name);
    work();
  });
}

}  // namespace imprint
