// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <type_traits>

#include "apps/imprint/verbs.h"
#include "base/result.h"

namespace imprint::tool {

/// A verb of `noun` that concerns one deployment: declares DIR and --output, then runs `work`,
/// which returns the exit code (nullopt: success). `Arguments` are the noun's, with `directory` and
/// `output`; the caller declares any other arguments of the verb.
template <class Arguments, class T>
CLI::App* add_deployment_verb(CLI::App& noun, const char* name, const char* help,
                              const std::shared_ptr<Arguments>& arguments, Run& run,
                              Result<T> (*work)(const Arguments&)) {
  CLI::App* verb = noun.add_subcommand(name, help);
  verb->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run, work] {
    run = [arguments, work]() -> int {
      const Result<T> done = work(*arguments);
      if (!done) return report(done.error());
      if constexpr (std::is_void_v<T>) {
        return kDone;
      } else {
        return *done;
      }
    };
  });
  return verb;
}

}  // namespace imprint::tool
