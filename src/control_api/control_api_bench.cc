// SPDX-License-Identifier: Apache-2.0
// The time of a look-up, a page and a search for an operator, in registries of ten, a hundred
// thousand and a million things. Signature and JSON are included, the network is not.
#include <benchmark/benchmark.h>
#include <map>

#include "control_api/words.h"
#include "registry/sqlite/sqlite_store.h"
#include "test/support/control_api_world.h"
#include "test/support/filled_registry.h"
#include "test/support/scratch_folder.h"

namespace imprint::control_api {
namespace {

/// A SQLite registry of the given number of things, a thousandth of which are of the type Rare.
class Registry {
 public:
  explicit Registry(std::int64_t things) : things_(things) { test::fill(*store_, things); }

  void get(benchmark::State& state, const std::string& target) {
    expect(state, world_.call("GET", target));
  }
  void search(benchmark::State& state, const std::string& query) {
    expect(state, world_.call("POST", "/indices/search",
                              encoding::to_json(json::object{{"queryString", query}})));
  }
  [[nodiscard]] std::int64_t things() const { return things_; }

 private:
  static void expect(benchmark::State& state, const test::Reply& reply) {
    if (reply.status != 200) state.SkipWithError(reply.message().c_str());
  }

  std::int64_t things_;
  test::ScratchFolder folder_;
  std::unique_ptr<registry::SqliteStore> store_ =
      std::move(*registry::SqliteStore::open(folder_ / "imprint.db"));
  test::ControlApiWorld world_{store_.get()};
};

Registry& registry_of(std::int64_t things) {
  static std::map<std::int64_t, std::unique_ptr<Registry>> made;
  auto& found = made[things];
  if (!found) found = std::make_unique<Registry>(things);
  return *found;
}

/// Another thing each time, spread over the registry, so that no cache answers.
std::int64_t next_place(std::int64_t things) {
  static std::int64_t step = 0;
  constexpr std::int64_t kStride = 7'919;
  return (++step * kStride) % things;
}

void DescribeThing(benchmark::State& state) {
  Registry& registry = registry_of(state.range(0));
  for (auto _ : state)
    registry.get(state, "/things/" + test::filled_device_name(next_place(registry.things())));
}

void ListThings(benchmark::State& state) {
  Registry& registry = registry_of(state.range(0));
  for (auto _ : state) registry.get(state, "/things?maxResults=100");
}

void ListThingsOfAType(benchmark::State& state) {
  Registry& registry = registry_of(state.range(0));
  for (auto _ : state) registry.get(state, "/things?maxResults=100&thingTypeName=Rare");
}

void SearchByName(benchmark::State& state) {
  Registry& registry = registry_of(state.range(0));
  for (auto _ : state)
    registry.search(state, "thingName:" + test::filled_device_name(next_place(registry.things())));
}

void SearchByTypeAndAttribute(benchmark::State& state) {
  Registry& registry = registry_of(state.range(0));
  for (auto _ : state)
    registry.search(state, "thingTypeName:Rare AND attributes.firmwareVersion:1.0.0");
}

void SearchByNumber(benchmark::State& state) {
  Registry& registry = registry_of(state.range(0));
  for (auto _ : state) {
    const std::int64_t from = next_place(registry.things());
    registry.search(state, fmt::format("attributes.pressure:[{} TO {}]", from, from + 20));
  }
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(10)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);
}

BENCHMARK(DescribeThing)->Apply(sizes);
BENCHMARK(ListThings)->Apply(sizes);
BENCHMARK(ListThingsOfAType)->Apply(sizes);
BENCHMARK(SearchByName)->Apply(sizes);
BENCHMARK(SearchByTypeAndAttribute)->Apply(sizes);
BENCHMARK(SearchByNumber)->Apply(sizes);

}  // namespace
}  // namespace imprint::control_api
