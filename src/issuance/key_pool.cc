// SPDX-License-Identifier: Apache-2.0
#include "issuance/key_pool.h"

#include <algorithm>
#include <pthread.h>
#include <sched.h>

#include "base/thread.h"
#include "issuance/key_generation.h"

namespace imprint::issuance {

namespace {

/// How much the pool may grow by demand.
constexpr std::size_t kMostGrowth = 4;

/// SCHED_IDLE runs only when nothing else wants the core. Where the kernel refuses it the pool
/// still works, with ordinary priority.
void use_priority(std::thread& thread, int policy) {
  const sched_param parameters{};
  static_cast<void>(::pthread_setschedparam(thread.native_handle(), policy, &parameters));
}

}  // namespace

KeyPool::KeyPool(KeyPoolOptions options)
    : KeyPool(options, [algorithm = options.algorithm] { return generate_key(algorithm); }) {}

KeyPool::KeyPool(KeyPoolOptions options, Generate generate)
    : options_(options), generate_(std::move(generate)), target_(options.size) {
  IMPRINT_ASSERT(options_.threads > 0);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < options_.threads; ++i)
    threads_.push_back(start_thread("key-pool", [this] { fill(); }));
  for (std::thread& thread : threads_) use_priority(thread, SCHED_IDLE);
}

/// Whoever waits for a thread that runs only on an idle machine waits long.
void KeyPool::hurry(bool is_urgent) {
  if (is_urgent == is_urgent_) return;
  is_urgent_ = is_urgent;
  for (std::thread& thread : threads_) use_priority(thread, is_urgent ? SCHED_OTHER : SCHED_IDLE);
}

KeyPool::~KeyPool() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

void KeyPool::stop() {
  std::deque<Waiter> refused;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    refused.swap(waiting_);
    hurry(true);
  }
  work_.notify_all();
  for (Waiter& waiter : refused)
    waiter.ready(fail(Fault::unavailable, "the server stops; ask again after its restart"));
}

void KeyPool::refuse_late(Monotonic now, Milliseconds patience) {
  std::deque<Waiter> refused;
  {
    const std::lock_guard lock(mutex_);
    // Who came first was seen first.
    while (!waiting_.empty() && waiting_.front().seen && now - *waiting_.front().seen >= patience) {
      refused.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    for (Waiter& waiter : waiting_) {
      if (!waiter.seen) waiter.seen = now;
    }
  }
  for (Waiter& waiter : refused)
    waiter.ready(fail(Fault::unavailable,
                      "no key could be made in time; try again in a few seconds, or send a CSR"));
}

void KeyPool::fill() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] {
      return stopping_ || keys_.size() + generating_ < target_ + waiting_.size();
    });
    if (stopping_) return;
    ++generating_;
    lock.unlock();
    auto key = generate_();
    lock.lock();
    --generating_;
    hurry(waiting_.size() > 1 || stopping_);
    if (!waiting_.empty()) {
      const Ready ready = std::move(waiting_.front().ready);
      waiting_.pop_front();
      lock.unlock();
      ready(std::move(key));
      lock.lock();
    } else if (key) {
      keys_.push_back(std::move(*key));
    } else {
      // Nobody to tell: a pause, so that a broken generator does not spin.
      work_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
    }
  }
}

std::optional<x509::PrivateKey> KeyPool::take_ready() {
  if (keys_.empty()) return std::nullopt;
  std::optional<x509::PrivateKey> key(std::move(keys_.front()));
  keys_.pop_front();
  return key;
}

std::optional<x509::PrivateKey> KeyPool::try_take() {
  std::unique_lock lock(mutex_);
  auto key = take_ready();
  lock.unlock();
  work_.notify_one();
  return key;
}

Result<std::optional<x509::PrivateKey>> KeyPool::take(Ready ready) {
  std::unique_lock lock(mutex_);
  if (stopping_) return fail(Fault::unavailable, "the server stops; ask again after its restart");
  auto key = take_ready();
  if (!key) {
    if (waiting_.size() >= options_.max_waiting) {
      return fail(Fault::exhausted,
                  "{} requests wait for a server-made key already; retry in a few seconds, or send "
                  "a CSR",
                  waiting_.size());
    }
    waiting_.push_back({std::move(ready)});
    // The next time as many come at once, more are ready.
    target_ = std::min(target_ + 1, options_.size * kMostGrowth);
    hurry(true);
  }
  lock.unlock();
  work_.notify_one();
  return key;
}

std::size_t KeyPool::available() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

std::size_t KeyPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

}  // namespace imprint::issuance
