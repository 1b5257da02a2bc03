// SPDX-License-Identifier: Apache-2.0
// Fills the registry of a stopped deployment with devices, for measurements.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/must.h"
#include "deployment/layout.h"
#include "registry/sqlite/sqlite_store.h"
#include "test/support/filled_registry.h"

int main(int argc, char** argv) {
  using namespace imprint;
  std::filesystem::path directory;
  std::int64_t devices = 0;
  CLI::App app("Fills the registry of a stopped deployment with devices, for measurements.",
               "fill_registry");
  app.add_option("DIR", directory, "The deployment")->required()->check(CLI::ExistingDirectory);
  app.add_option("DEVICES", devices, "How many")->required()->check(CLI::Range(1, 100'000'000));
  CLI11_PARSE(app, argc, argv);
  try {
    const auto store =
        bench::must(registry::SqliteStore::open(deployment::Layout(directory).store()));
    test::fill(*store, devices);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fill_registry: {}\n", error.what());
    return 1;
  }
  return 0;
}
