// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>

#include "apps/imprint/verbs.h"

namespace imprint::tool {

int report(const Error& error) {
  fmt::print(stderr, "imprint: {}\n", describe(error));
  return error.fault == Fault::invalid || error.fault == Fault::conflict ? kBadUsage : kFailed;
}

void add_output(CLI::App& verb, Output& output) {
  const std::map<std::string, Output> words = {{"text", Output::text}, {"json", Output::json}};
  verb.add_option("--output", output, "How to print the result: text or json (default text)")
      ->transform(CLI::Transformer(words))
      ->option_text("text|json");
}

}  // namespace imprint::tool
