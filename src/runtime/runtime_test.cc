// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <thread>

#include "runtime/task.h"

namespace imprint::runtime {
namespace {

Task<int> add(int a, int b) { co_return a + b; }

Task<int> add_many(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) sum = co_await add(sum, 1);
  co_return sum;
}

TEST(Task, AwaitsAMillionChildrenWithoutGrowingTheStack) {
  EXPECT_EQ(run_blocking(add_many(1'000'000)), 1'000'000);
}

Task<int> throwing() {
  throw std::runtime_error("broken");
  co_return 0;
}

Task<std::string> catching() {
  try {
    co_await throwing();
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "nothing";
}

TEST(Task, PropagatesAnExceptionToItsAwaiter) { EXPECT_EQ(run_blocking(catching()), "broken"); }

Task<int> answer_of(Completion<int> completion) { co_return co_await completion.wait(); }

TEST(Completion, DeliversAValueSetBeforeOrAfterWait) {
  Completion<int> early;
  early.complete(1);
  EXPECT_EQ(run_blocking(answer_of(early)), 1);

  Completion<int> late;
  std::thread other([late] { late.complete(2); });
  EXPECT_EQ(run_blocking(answer_of(late)), 2);
  other.join();
}

class Queue final : public Executor {
 public:
  void post(std::function<void()> work) override { work_.push_back(std::move(work)); }
  std::size_t run() {
    const Scope scope(*this);
    std::size_t done = 0;
    for (; !work_.empty(); ++done) {
      auto work = std::move(work_.front());
      work_.pop_front();
      work();
    }
    return done;
  }

 private:
  std::deque<std::function<void()>> work_;
};

Task<void> note(Completion<int> completion, std::shared_ptr<Executor*> seen) {
  co_await completion.wait();
  *seen = Executor::current();
}

TEST(Completion, ResumesOnTheExecutorThatWaited) {
  Queue queue;
  Completion<int> completion;
  auto seen = std::make_shared<Executor*>(nullptr);
  queue.post([=] { start(note(completion, seen)); });
  EXPECT_EQ(queue.run(), 1U);
  completion.complete(7);
  EXPECT_EQ(*seen, nullptr);
  EXPECT_EQ(queue.run(), 1U);
  EXPECT_EQ(*seen, &queue);
}

}  // namespace
}  // namespace imprint::runtime
