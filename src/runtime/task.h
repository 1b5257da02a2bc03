// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <coroutine>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "runtime/executor.h"

namespace imprint::runtime {

/// A lazy coroutine: it does not run until it is awaited or started. Move-only, with one owner.
/// Write a coroutine as a named function that takes its parameters by value, so that they live as
/// long as the coroutine.
template <class T>
class [[nodiscard]] Task;

namespace detail {

struct ResumeWaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) const noexcept {
    const std::coroutine_handle<> waiter = done.promise().waiter;
    return waiter ? waiter : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> waiter = nullptr;
  std::exception_ptr failure = nullptr;

  std::suspend_always initial_suspend() const noexcept { return {}; }
  ResumeWaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct Promise final : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }
};

template <>
struct Promise<void> final : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const {
    if (failure) std::rethrow_exception(failure);
  }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  // The language requires this name.
  using promise_type = detail::Promise<T>;  // NOLINT(readability-identifier-naming)
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle handle;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) const noexcept {
        handle.promise().waiter = waiter;
        return handle;
      }
      T await_resume() const { return handle.promise().take(); }
    };
    return Awaiter{handle_};
  }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

/// A detached coroutine: nobody awaits it, and it frees itself. An exception that escapes it is a
/// bug and terminates the process.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

inline Detached run_detached(Task<void> task) { co_await std::move(task); }

}  // namespace detail

/// Starts a task that nobody awaits, on this thread, and runs it up to its first suspension.
inline void start(Task<void> task) { detail::run_detached(std::move(task)); }

/// The result of one operation on another thread. The caller co_awaits wait() once; complete() is
/// called once, from any thread. The caller resumes on the executor on which it waited or, without
/// one, on the thread that calls complete().
template <class T>
class Completion {
 public:
  Completion() : state_(std::make_shared<State>()) {}

  void complete(T value) const {
    std::coroutine_handle<> waiter;
    Executor* executor = nullptr;
    {
      const std::scoped_lock lock(state_->mutex);
      IMPRINT_ASSERT(!state_->value);
      state_->value.emplace(std::move(value));
      waiter = state_->waiter;
      executor = state_->executor;
    }
    if (!waiter) return;
    if (executor != nullptr) {
      executor->post([waiter] { waiter.resume(); });
    } else {
      waiter.resume();
    }
  }

  auto wait() const {
    struct Awaiter {
      std::shared_ptr<State> state;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> handle) const {
        const std::scoped_lock lock(state->mutex);
        if (state->value) return false;
        state->waiter = handle;
        state->executor = Executor::current();
        return true;
      }
      T await_resume() const {
        const std::scoped_lock lock(state->mutex);
        return std::move(*state->value);
      }
    };
    return Awaiter{state_};
  }

 private:
  struct State {
    std::mutex mutex;
    std::optional<T> value;
    std::coroutine_handle<> waiter = nullptr;
    Executor* executor = nullptr;
  };
  std::shared_ptr<State> state_;
};

namespace detail {

template <class T>
struct SyncState {
  std::mutex mutex;
  std::condition_variable ready;
  std::optional<T> value;
};

template <class T>
Task<void> deliver(Task<T> task, std::shared_ptr<SyncState<T>> state) {
  T value = co_await std::move(task);
  const std::scoped_lock lock(state->mutex);
  state->value.emplace(std::move(value));
  state->ready.notify_all();
}

}  // namespace detail

/// Runs a task and blocks until it ends. For tools, start-up and tests; never on a shard.
template <class T>
T run_blocking(Task<T> task) {
  auto state = std::make_shared<detail::SyncState<T>>();
  start(detail::deliver<T>(std::move(task), state));
  std::unique_lock lock(state->mutex);
  state->ready.wait(lock, [&] { return state->value.has_value(); });
  return std::move(*state->value);
}

}  // namespace imprint::runtime
