// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "registry/store.h"

namespace imprint::test {

/// A store whose Nth call fails: before it has any effect or, for a commit, after it is durable, as
/// if the machine had died between the write and the answer.
class FaultyStore final : public registry::Store {
 public:
  enum class When { before, after };

  explicit FaultyStore(registry::Store& real) : real_(real) {}

  /// Counts calls from 1; 0 never fails.
  void fail_call(int number, When when) {
    failing_ = number;
    when_ = when;
    calls_ = 0;
  }
  /// Runs `meanwhile` between the reads and the write of the next commit, as another writer would.
  void before_commit(std::function<void()> meanwhile) { before_commit_ = std::move(meanwhile); }
  [[nodiscard]] bool has_failed() const { return failing_ > 0 && calls_ >= failing_; }

  registry::Task<Result<std::vector<std::optional<registry::Record>>>> find(
      std::vector<registry::Key> keys) override {
    if (++calls_ == failing_) co_return broken();
    co_return co_await real_.find(std::move(keys));
  }
  registry::Task<Result<registry::Page>> list(registry::Query query,
                                              registry::Cursor cursor) override {
    if (++calls_ == failing_) co_return broken();
    co_return co_await real_.list(std::move(query), std::move(cursor));
  }
  registry::Task<Result<void>> commit(registry::ChangeSet changes) override {
    if (const auto meanwhile = std::exchange(before_commit_, nullptr)) meanwhile();
    const bool fails = ++calls_ == failing_;
    if (fails && when_ == When::before) co_return broken();
    auto done = co_await real_.commit(std::move(changes));
    if (fails) co_return broken();
    co_return done;
  }
  void watch(Listener listener) override { real_.watch(std::move(listener)); }

 private:
  static Unexpected broken() { return fail(Fault::unavailable, "the test broke this call"); }

  registry::Store& real_;
  std::function<void()> before_commit_;
  int failing_ = 0;
  std::atomic<int> calls_ = 0;
  When when_ = When::before;
};

}  // namespace imprint::test
