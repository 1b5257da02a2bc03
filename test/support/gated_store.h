// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <thread>
#include <vector>

#include "registry/store.h"

namespace imprint::test {

/// A store that a test slows down or breaks while others use it. Answers come from a separate
/// thread, as in a real store. Any thread.
class GatedStore final : public registry::Store {
 public:
  explicit GatedStore(registry::Store& real) : real_(real) {}
  ~GatedStore() override { open(); }

  /// Makes lists (which are used to read rights) wait until open().
  void hold_lists() {
    set([this] { holds_lists_ = true; });
  }
  /// Makes changes wait until open().
  void hold_commits() {
    set([this] { holds_commits_ = true; });
  }
  /// Makes changes fail as with a full disk, until open().
  void break_commits() {
    set([this] { breaks_commits_ = true; });
  }
  /// Makes lists fail as with a broken disk, until open().
  void break_lists() {
    set([this] { breaks_lists_ = true; });
  }
  void open() {
    std::vector<runtime::Completion<bool>> waiting;
    set([&] {
      holds_lists_ = holds_commits_ = breaks_lists_ = breaks_commits_ = false;
      waiting.swap(waiting_);
    });
    for (const auto& gate : waiting) std::thread([gate] { gate.complete(true); }).join();
  }
  [[nodiscard]] std::size_t waiting() {
    const std::scoped_lock lock(mutex_);
    return waiting_.size();
  }

  registry::Task<Result<std::vector<std::optional<registry::Record>>>> find(
      std::vector<registry::Key> keys) override {
    return real_.find(std::move(keys));
  }
  registry::Task<Result<registry::Page>> list(registry::Query query,
                                              registry::Cursor cursor) override {
    // The answer is from before the wait: the worst that a real store does.
    auto page = co_await real_.list(std::move(query), std::move(cursor));
    if (const auto gate = gate_if(holds_lists_)) co_await gate->wait();
    if (is_set(breaks_lists_)) co_return fail(Fault::unavailable, "the disk cannot be read");
    co_return page;
  }
  registry::Task<Result<void>> commit(registry::ChangeSet changes) override {
    if (const auto gate = gate_if(holds_commits_)) co_await gate->wait();
    if (is_set(breaks_commits_)) co_return fail(Fault::unavailable, "the disk is full");
    co_return co_await real_.commit(std::move(changes));
  }
  void watch(Listener listener) override { real_.watch(std::move(listener)); }

 private:
  template <class Work>
  void set(Work work) {
    const std::scoped_lock lock(mutex_);
    work();
  }
  std::optional<runtime::Completion<bool>> gate_if(const bool& holds) {
    const std::scoped_lock lock(mutex_);
    if (!holds) return std::nullopt;
    return waiting_.emplace_back();
  }
  bool is_set(const bool& breaks) {
    const std::scoped_lock lock(mutex_);
    return breaks;
  }

  registry::Store& real_;
  std::mutex mutex_;
  bool holds_lists_ = false;
  bool holds_commits_ = false;
  bool breaks_lists_ = false;
  bool breaks_commits_ = false;
  std::vector<runtime::Completion<bool>> waiting_;
};

}  // namespace imprint::test
