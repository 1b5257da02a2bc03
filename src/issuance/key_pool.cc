// SPDX-License-Identifier: Apache-2.0
#include "issuance/key_pool.h"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include "base/thread.h"
#include "issuance/key_generation.h"

namespace imprint::issuance {

namespace {

/// The factor by which demand may enlarge the pool.
constexpr std::size_t kMostGrowth = 4;

/// SCHED_IDLE runs only when nothing else wants the core. Where the kernel refuses a change of
/// priority, the pool still works, at the priority it has.
void use_priority(pthread_t thread, int policy) {
  const sched_param parameters{};
  static_cast<void>(::pthread_setschedparam(thread, policy, &parameters));
}

/// Makes keys one at a time on a thread of idle priority, which takes no lock: on a busy machine it
/// may be suspended for seconds at any point, and a thread waiting for its lock would be held up
/// too.
class IdleGenerator {
 public:
  explicit IdleGenerator(const KeyPool::Generate& generate) : generate_(generate) {
    ::sem_init(&wanted_, 0, 0);
    ::sem_init(&made_, 0, 0);
    thread_ = start_thread("key-idle", [this] { work(); });
  }
  ~IdleGenerator() {
    is_over_ = true;
    ::sem_post(&wanted_);
    thread_.join();
    ::sem_destroy(&wanted_);
    ::sem_destroy(&made_);
  }
  IdleGenerator(const IdleGenerator&) = delete;
  IdleGenerator& operator=(const IdleGenerator&) = delete;

  /// `is_urgent` is called from time to time and returns whether the pool is being destroyed. The
  /// thread then gets ordinary priority, if the process may grant it.
  Result<x509::PrivateKey> make(const std::function<bool()>& is_urgent) {
    ::sem_post(&wanted_);
    while (!is_made_soon()) {
      if (is_urgent()) use_priority(thread_.native_handle(), SCHED_OTHER);
    }
    Result<x509::PrivateKey> key = std::move(*key_);
    key_.reset();
    return key;
  }

 private:
  static void wait_for(sem_t& semaphore) {
    while (::sem_wait(&semaphore) != 0) {  // interrupted by a signal
    }
  }
  bool is_made_soon() {
    timespec until{};
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    return ::sem_clockwait(&made_, CLOCK_MONOTONIC, &until) == 0;
  }
  void work() {
    use_priority(::pthread_self(), SCHED_IDLE);
    for (wait_for(wanted_); !is_over_; wait_for(wanted_)) {
      key_.emplace(generate_());
      ::sem_post(&made_);
    }
  }

  const KeyPool::Generate& generate_;
  sem_t wanted_{};
  sem_t made_{};
  std::atomic<bool> is_over_ = false;
  std::optional<Result<x509::PrivateKey>> key_;
  std::thread thread_;
};

Unexpected queue_is_full(std::size_t waiting) {
  return fail(
      Fault::exhausted,
      "{} requests wait for a server-made key already; retry in a few seconds, or send a CSR",
      waiting);
}

}  // namespace

KeyPool::KeyPool(KeyPoolOptions options)
    : KeyPool(options, [algorithm = options.algorithm] { return generate_key(algorithm); }) {}

KeyPool::KeyPool(KeyPoolOptions options, Generate generate)
    : options_(options), generate_(std::move(generate)), target_(options.size) {
  IMPRINT_ASSERT(options_.threads > 0);
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.push_back(start_thread("key-pool", [this] { refill(); }));
    threads_.push_back(start_thread("key-now", [this] { serve(); }));
  }
}

KeyPool::~KeyPool() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

void KeyPool::stop() {
  std::deque<Payer> refused;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    refused.swap(payers_);
    waiting_ = 0;
  }
  work_.notify_all();
  for (Payer& payer : refused) {
    for (Waiter& waiter : payer.waiting)
      waiter.ready(fail(Fault::unavailable, "the server is stopping; ask again after its restart"));
  }
}

void KeyPool::refuse_late(Monotonic now, Milliseconds patience) {
  std::vector<Waiter> refused;
  {
    const std::lock_guard lock(mutex_);
    for (Payer& payer : payers_) {
      // Callers are in the order of arrival, so those at the front were also seen first.
      auto& waiting = payer.waiting;
      while (!waiting.empty() && waiting.front().seen && now - *waiting.front().seen >= patience) {
        refused.push_back(std::move(waiting.front()));
        waiting.pop_front();
        --waiting_;
      }
      for (Waiter& waiter : waiting) {
        if (!waiter.seen) waiter.seen = now;
      }
    }
    std::erase_if(payers_, [](const Payer& payer) { return payer.waiting.empty(); });
  }
  for (Waiter& waiter : refused)
    waiter.ready(fail(Fault::unavailable,
                      "no key could be made in time; try again in a few seconds, or send a CSR"));
}

void KeyPool::refill() {
  IdleGenerator idle(generate_);
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || keys_.size() + refilling_ < target_; });
    if (stopping_) return;
    ++refilling_;
    lock.unlock();
    auto key = idle.make([this] {
      const std::lock_guard asking(mutex_);
      return stopping_;
    });
    lock.lock();
    --refilling_;
    const bool is_broken = !key;
    hand_out(std::move(key), lock);
    // Pauses, so that a broken generator does not spin.
    if (is_broken) work_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
  }
}

void KeyPool::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || serving_ < waiting_; });
    if (stopping_) return;
    ++serving_;
    lock.unlock();
    auto key = generate_();
    lock.lock();
    --serving_;
    hand_out(std::move(key), lock);
  }
}

void KeyPool::hand_out(Result<x509::PrivateKey> key, std::unique_lock<std::mutex>& lock) {
  if (waiting_ == 0) {
    if (key) keys_.push_back(std::move(*key));
    return;
  }
  const Ready ready = next_in_turn().ready;
  lock.unlock();
  ready(std::move(key));
  lock.lock();
}

KeyPool::Waiter KeyPool::next_in_turn() {
  Payer payer = std::move(payers_.front());
  payers_.pop_front();
  Waiter next = std::move(payer.waiting.front());
  payer.waiting.pop_front();
  --waiting_;
  if (!payer.waiting.empty()) payers_.push_back(std::move(payer));
  return next;
}

/// The caller that gives way; nullopt when it is the new one.
std::optional<KeyPool::Waiter> KeyPool::make_room_for(std::string_view payer) {
  const auto count = [](const Payer& one) { return one.waiting.size(); };
  const auto most = std::ranges::max_element(payers_, {}, count);
  const auto own = std::ranges::find(payers_, payer, &Payer::name);
  if (most == payers_.end() || (own != payers_.end() && count(*own) + 2 > count(*most)) ||
      count(*most) < 2)
    return std::nullopt;
  std::optional<Waiter> last(std::move(most->waiting.back()));
  most->waiting.pop_back();
  --waiting_;
  return last;
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
  work_.notify_all();
  return key;
}

Result<std::optional<x509::PrivateKey>> KeyPool::take(std::string payer, Ready ready) {
  std::optional<Waiter> gives_way;
  std::unique_lock lock(mutex_);
  if (stopping_)
    return fail(Fault::unavailable, "the server is stopping; ask again after its restart");
  auto key = take_ready();
  if (!key) {
    if (waiting_ >= options_.max_waiting) {
      gives_way = make_room_for(payer);
      if (!gives_way) return queue_is_full(waiting_);
    }
    auto own = std::ranges::find(payers_, payer, &Payer::name);
    if (own == payers_.end()) own = payers_.insert(own, {std::move(payer)});
    own->waiting.push_back({std::move(ready)});
    ++waiting_;
    // The next time that many callers come at once, more keys are ready.
    target_ = std::min(target_ + 1, options_.size * kMostGrowth);
  }
  lock.unlock();
  work_.notify_all();
  if (gives_way) gives_way->ready(queue_is_full(options_.max_waiting));
  return key;
}

std::size_t KeyPool::available() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

std::size_t KeyPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace imprint::issuance
