// SPDX-License-Identifier: Apache-2.0
// How use cases read, change and retry (store.h); the kind of store does not matter.
#include <gmock/gmock.h>

#include "outcome/causes.h"
#include "registry/store.h"
#include "test/support/memory_store.h"

namespace imprint::registry {
namespace {

using runtime::run_blocking;

ThingName thing_named(std::string_view text) { return *ThingName::parse(text); }

Result<void> commit(Store& store, Change change) {
  ChangeSet changes;
  changes.changes.push_back(std::move(change));
  return run_blocking(store.commit(std::move(changes)));
}

class ReadingTest : public testing::Test {
 protected:
  ReadingTest() {
    for (const char* name : {"a", "b"})
      EXPECT_TRUE(commit(store_, Put{Thing{.name = thing_named(name), .id = name}}));
    EXPECT_TRUE(commit(store_, Put{Setting{.name = "s", .value = "1"}}));
  }

  test::MemoryStore store_;
};

TEST_F(ReadingTest, ARecordHasTheTypeOfItsKey) {
  const auto found = run_blocking(find(store_, thing_key(thing_named("a"))));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, "a");
  EXPECT_EQ(*run_blocking(find(store_, thing_key(thing_named("c")))), std::nullopt);
  EXPECT_EQ(run_blocking(get(store_, setting_key("s")))->value, "1");

  const auto missing = run_blocking(get(store_, thing_key(thing_named("c"))));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().fault, Fault::not_found);
  EXPECT_EQ(missing.error().message, "thing \"c\" does not exist");
}

TEST_F(ReadingTest, SeveralRecordsHaveTheOrderOfTheirKeys) {
  const auto found = run_blocking(
      find(store_, setting_key("s"), thing_key(thing_named("c")), thing_key(thing_named("b"))));
  ASSERT_TRUE(found);
  const auto& [setting, absent, thing] = *found;
  EXPECT_EQ(setting->value, "1");
  EXPECT_FALSE(absent);
  EXPECT_EQ(thing->id, "b");

  const auto all = run_blocking(
      find_all(store_, std::vector{thing_key(thing_named("b")), thing_key(thing_named("c")),
                                   thing_key(thing_named("a"))}));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->at(0)->id, "b");
  EXPECT_FALSE(all->at(1));
  EXPECT_EQ(all->at(2)->id, "a");
}

TEST_F(ReadingTest, AnUpdateIncrementsTheVersionAndFailsAfterAnother) {
  Setting setting = *run_blocking(get(store_, setting_key("s")));
  Setting other = setting;
  setting.value = "2";
  EXPECT_TRUE(commit(store_, update(setting, from_milliseconds(7))));
  EXPECT_EQ(setting.version, 2) << "it became the stored version";
  const Setting stored = *run_blocking(get(store_, setting_key("s")));
  EXPECT_EQ(stored.value, "2");
  EXPECT_EQ(stored.version, 2);
  EXPECT_EQ(stored.modified, from_milliseconds(7));

  EXPECT_TRUE(commit(store_, as_read(setting)));
  EXPECT_FALSE(commit(store_, as_read(other)));
  const auto lost = commit(store_, update(std::move(other), from_milliseconds(8)));
  ASSERT_FALSE(lost);
  EXPECT_TRUE(is_lost_race(lost.error()));

  Thing thing = *run_blocking(get(store_, thing_key(thing_named("a"))));
  EXPECT_TRUE(commit(store_, update(std::move(thing))));
  EXPECT_EQ(run_blocking(get(store_, thing_key(thing_named("a"))))->version, 2);
}

TEST_F(ReadingTest, ARecordIsCreatedOnceAndRemovedAsItWasRead) {
  Setting fresh{.name = "t", .value = "1", .version = 0};
  Setting rival = fresh;
  EXPECT_TRUE(commit(store_, update(fresh)));
  EXPECT_EQ(fresh.version, 1);
  EXPECT_EQ(run_blocking(get(store_, setting_key("t")))->version, 1);
  for (const Put& second : {update(rival), create(fresh)}) {
    const auto lost = commit(store_, second);
    ASSERT_FALSE(lost);
    EXPECT_TRUE(is_lost_race(lost.error()));
  }

  const Setting seen = fresh;
  EXPECT_TRUE(commit(store_, update(fresh)));
  EXPECT_FALSE(commit(store_, erase(seen)));
  EXPECT_TRUE(commit(store_, exists(setting_key("t"))));
  EXPECT_TRUE(commit(store_, erase(fresh)));
  EXPECT_FALSE(commit(store_, exists(setting_key("t"))));
  EXPECT_TRUE(commit(store_, create(fresh)));
}

TEST_F(ReadingTest, TheFirstOfAListAreEnoughToCount) {
  EXPECT_EQ(run_blocking(list_first<Thing>(store_, query::Things{}, 1))->size(), 1U);
  EXPECT_EQ(run_blocking(list_first<Thing>(store_, query::Things{}, 9))->size(), 2U);
  EXPECT_TRUE(run_blocking(list_first<Policy>(store_, query::Policies{}, 1))->empty());
}

Task<Result<int>> answer_with(Result<int> answer) { co_return answer; }

TEST_F(ReadingTest, ALostRaceIsRetried) {
  std::vector<int> numbers;
  const auto second = run_blocking(retry_on_conflict([&](int number) {
    numbers.push_back(number);
    return answer_with(number < 2 ? Result<int>(fail(Fault::conflict, "lost")) : number);
  }));
  EXPECT_EQ(second, 2);
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2));
}

TEST_F(ReadingTest, LosingEveryRaceIsUnavailable) {
  int attempts = 0;
  const auto lost = run_blocking(retry_on_conflict([&](int) {
    ++attempts;
    return answer_with(fail(Fault::conflict, "thing \"a\" has changed"));
  }));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().fault, Fault::unavailable);
  EXPECT_THAT(lost.error().message, testing::HasSubstr("thing \"a\" has changed"));
  EXPECT_EQ(attempts, kMostAttempts);
}

TEST_F(ReadingTest, RepeatOnConflictReturnsTheLastConflict) {
  int attempts = 0;
  const auto lost = run_blocking(repeat_on_conflict([&](int number) {
    attempts = number;
    return answer_with(fail(Fault::conflict, "lost {}", number));
  }));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error(), (Error{Fault::conflict, "lost 5"}));
  EXPECT_EQ(attempts, kMostAttempts);
}

TEST_F(ReadingTest, ARefusalIsNotRetried) {
  for (const Error& refusal : {Error{Fault::conflict, "refused", {}, "DuplicateDevice"_cause},
                               Error{Fault::exhausted, "full"}}) {
    int attempts = 0;
    const auto refused = run_blocking(retry_on_conflict([&](int) {
      ++attempts;
      return answer_with(tl::unexpected(refusal));
    }));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), refusal);
    EXPECT_EQ(attempts, 1);
  }
}

}  // namespace
}  // namespace imprint::registry
