// SPDX-License-Identifier: Apache-2.0
#include "issuance/key_pool.h"

#include <atomic>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <sched.h>

#include "test/support/test_ca.h"

namespace imprint::issuance {
namespace {

/// Makes a key only when permitted, so that no test depends on time.
class Gate {
 public:
  Result<x509::PrivateKey> generate() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return permits_ > 0; });
    --permits_;
    ++made_;
    if (broken) return fail(Fault::internal, "no entropy");
    return x509::PrivateKey::generate(x509::KeyAlgorithm::ec_p256);
  }
  void permit(int count) {
    {
      const std::lock_guard lock(mutex_);
      permits_ += count;
    }
    opened_.notify_all();
  }
  int made() {
    const std::lock_guard lock(mutex_);
    return made_;
  }
  std::atomic<bool> broken = false;

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  int permits_ = 0;
  int made_ = 0;
};

void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

KeyPoolOptions options(std::size_t size, std::size_t max_waiting = 8) {
  return {x509::KeyAlgorithm::ec_p256, size, max_waiting, 1};
}

TEST(KeyPool, MakesKeysAtOrdinaryPriorityOnlyForWaitingCallers) {
  Gate gate;
  std::atomic<int> ordinary = 0;
  std::atomic<int> idle = 0;
  KeyPool pool(options(3), [&] {
    ++(::sched_getscheduler(0) == SCHED_IDLE ? idle : ordinary);
    return gate.generate();
  });
  wait_until([&] { return idle == 1; });
  EXPECT_EQ(ordinary, 0);
  std::atomic<int> served = 0;
  ASSERT_TRUE(pool.take("one", [&](Result<x509::PrivateKey>) { ++served; }));
  // Waiting callers do not depend on the idle thread, which a busy machine never runs.
  wait_until([&] { return ordinary == 1; });
  gate.permit(1000);
  wait_until([&] { return served == 1 && pool.available() >= 3; });
  EXPECT_EQ(ordinary, 1) << "nobody waits for the others";
}

TEST(KeyPool, PayersTakeTurns) {
  Gate gate;
  KeyPool pool(options(0, 100), [&] { return gate.generate(); });
  std::mutex mutex;
  std::string order;
  const auto ask = [&](const std::string& payer) {
    const auto taken = pool.take(payer, [&, payer](Result<x509::PrivateKey> key) {
      EXPECT_TRUE(key);
      const std::lock_guard lock(mutex);
      order += payer;
    });
    ASSERT_TRUE(taken && !*taken);
  };
  for (int i = 0; i < 5; ++i) ask("a");
  ask("b");
  ask("b");
  ask("c");
  gate.permit(1000);
  wait_until([&] {
    const std::lock_guard lock(mutex);
    return order.size() == 8;
  });
  EXPECT_EQ(order, "abcabaaa");
}

TEST(KeyPool, ThePayerWithTheMostGivesWayInAFullQueue) {
  Gate gate;
  KeyPool pool(options(0, 4), [&] { return gate.generate(); });
  std::atomic<int> greedy_refused = 0;
  std::atomic<int> greedy_served = 0;
  std::atomic<int> other_served = 0;
  const auto greedy = [&](const Result<x509::PrivateKey>& key) {
    ++(key ? greedy_served : greedy_refused);
  };
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pool.take("greedy", greedy));
  const auto fifth = pool.take("greedy", greedy);
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().fault, Fault::exhausted);
  const auto other = [&](const Result<x509::PrivateKey>& key) { other_served += key ? 1 : 0; };
  ASSERT_TRUE(pool.take("other", other));
  EXPECT_EQ(greedy_refused, 1);
  ASSERT_TRUE(pool.take("other", other));
  EXPECT_EQ(greedy_refused, 2);
  EXPECT_FALSE(pool.take("other", other)) << "both have equally many";
  EXPECT_EQ(pool.waiting(), 4U);
  gate.permit(1000);
  wait_until([&] { return greedy_served == 2 && other_served == 2; });
}

TEST(KeyPool, KeepsMoreKeysReadyAfterCallersHadToWait) {
  Gate gate;
  KeyPool pool(options(2, 100), [&] { return gate.generate(); });
  std::atomic<int> served = 0;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(pool.take("one", [&](Result<x509::PrivateKey>) { ++served; }));
  gate.permit(1000);
  wait_until([&] { return served == 3 && pool.available() == 5; });
  for (int i = 0; i < 50; ++i) {
    const auto key = pool.take("one", [&](Result<x509::PrivateKey>) { ++served; });
    ASSERT_TRUE(key);
    if (*key) ++served;
  }
  wait_until([&] { return served == 53 && pool.available() >= 5; });
  EXPECT_LE(pool.available(), 8U);
}

TEST(KeyPool, FillsToItsSizeAndRefills) {
  Gate gate;
  gate.permit(1000);
  KeyPool pool(options(3), [&] { return gate.generate(); });
  wait_until([&] { return pool.available() == 3; });
  EXPECT_EQ(gate.made(), 3);
  const auto key = pool.try_take();
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->sign(as_bytes("x")));
  wait_until([&] { return pool.available() == 3; });
  EXPECT_EQ(gate.made(), 4);
}

TEST(KeyPool, AnEmptyPoolAnswersAtOnce) {
  Gate gate;
  KeyPool pool(options(1), [&] { return gate.generate(); });
  EXPECT_FALSE(pool.try_take());
  gate.permit(1000);
}

TEST(KeyPool, WaitingCallersAreServedInOrder) {
  Gate gate;
  KeyPool pool(options(0), [&] { return gate.generate(); });
  std::mutex mutex;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    const auto now = pool.take("one", [&, i](Result<x509::PrivateKey> key) {
      EXPECT_TRUE(key);
      const std::lock_guard lock(mutex);
      order.push_back(i);
    });
    ASSERT_TRUE(now);
    EXPECT_FALSE(*now);
  }
  gate.permit(1000);
  wait_until([&] {
    const std::lock_guard lock(mutex);
    return order.size() == 5;
  });
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(pool.available(), 0U);
}

TEST(KeyPool, AReadyKeyIsGivenWithoutACallback) {
  Gate gate;
  gate.permit(1000);
  KeyPool pool(options(1), [&] { return gate.generate(); });
  wait_until([&] { return pool.available() == 1; });
  bool called = false;
  const auto key = pool.take("one", [&](const Result<x509::PrivateKey>&) { called = true; });
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->has_value());
  EXPECT_FALSE(called);
}

TEST(KeyPool, TheQueueIsBounded) {
  Gate gate;
  std::atomic<int> made = 0;
  std::atomic<int> failed = 0;
  KeyPool pool(options(0, 2), [&] { return gate.generate(); });
  const auto count = [&](const Result<x509::PrivateKey>& key) { ++(key ? made : failed); };
  EXPECT_TRUE(pool.take("one", count));
  EXPECT_TRUE(pool.take("one", count));
  const auto third = pool.take("one", count);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().fault, Fault::exhausted);
  EXPECT_NE(third.error().message.find("retry"), std::string::npos);
  EXPECT_EQ(pool.waiting(), 2U);
  gate.broken = true;
  gate.permit(1);
  wait_until([&] { return failed == 1; });  // a failed generation is the caller's answer
  EXPECT_EQ(pool.waiting(), 1U);
  gate.broken = false;
  gate.permit(1);
  wait_until([&] { return made == 1; });
  EXPECT_EQ(pool.waiting(), 0U);
  EXPECT_EQ(failed, 1);
  gate.permit(1000);
}

TEST(KeyPool, ShutdownAnswersAllWaitingCallers) {
  Gate gate;
  std::atomic<int> answered = 0;
  std::thread opener;
  {
    KeyPool pool(options(0), [&] { return gate.generate(); });
    for (int i = 0; i < 4; ++i)
      ASSERT_TRUE(pool.take("one", [&](const Result<x509::PrivateKey>&) { ++answered; }));
    // The destructor waits for the key being made; more may be made before it takes effect.
    opener = std::thread([&] { gate.permit(1000); });
  }
  opener.join();
  EXPECT_EQ(answered, 4);
}

TEST(KeyPool, CallersThatWaitTooLongAreRefusedAndTheRestServed) {
  Gate gate;
  KeyPool pool(options(0), [&] { return gate.generate(); });
  std::promise<Result<x509::PrivateKey>> late;
  std::promise<Result<x509::PrivateKey>> in_time;
  const auto wait_with = [&](std::promise<Result<x509::PrivateKey>>& answer) {
    const auto taken = pool.take(
        "one", [&answer](Result<x509::PrivateKey> key) { answer.set_value(std::move(key)); });
    ASSERT_TRUE(taken && !*taken);
  };
  constexpr auto kPatience = std::chrono::seconds(25);
  const Monotonic start{};
  wait_with(late);
  pool.refuse_late(start, kPatience);
  wait_with(in_time);
  pool.refuse_late(start + kPatience - Milliseconds(1), kPatience);
  EXPECT_EQ(pool.waiting(), 2U);
  pool.refuse_late(start + kPatience, kPatience);
  const auto refused = late.get_future().get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::unavailable);
  EXPECT_EQ(pool.waiting(), 1U);
  gate.permit(2);
  EXPECT_TRUE(in_time.get_future().get());
}

TEST(KeyPool, AfterStopNobodyWaits) {
  Gate gate;
  KeyPool pool(options(0), [&] { return gate.generate(); });
  std::promise<Result<x509::PrivateKey>> answer;
  ASSERT_TRUE(
      pool.take("one", [&](Result<x509::PrivateKey> key) { answer.set_value(std::move(key)); }));
  pool.stop();
  EXPECT_FALSE(answer.get_future().get());
  const auto after =
      pool.take("one", [](const Result<x509::PrivateKey>&) { FAIL() << "nobody waits"; });
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().fault, Fault::unavailable);
  gate.permit(100);
}

TEST(KeyPool, ABrokenGeneratorDoesNotFillThePoolNorEndIt) {
  Gate gate;
  gate.broken = true;
  gate.permit(1000);
  KeyPool pool(options(2), [&] { return gate.generate(); });
  wait_until([&] { return gate.made() >= 1; });
  EXPECT_FALSE(pool.try_take());
  EXPECT_EQ(pool.available(), 0U);
}

TEST(KeyPool, RealKeysOfTheConfiguredKind) {
  KeyPool pool({x509::KeyAlgorithm::rsa_2048, 1, 8, 2});
  std::promise<x509::KeyType> type;
  const auto now = pool.take(
      "one", [&](Result<x509::PrivateKey> key) { type.set_value(key->public_key().type()); });
  ASSERT_TRUE(now);
  EXPECT_EQ(*now ? (*now)->public_key().type() : type.get_future().get(), x509::KeyType::rsa);
}

}  // namespace
}  // namespace imprint::issuance
