// SPDX-License-Identifier: Apache-2.0
#include "hooks/examine.h"

#include "base/name.h"
#include "hooks/child.h"
#include "hooks/web_hook.h"

namespace imprint::hooks {

namespace {

Result<void> examine_one(const HookOptions& options, const std::filesystem::path& directory) {
  TRY(check(options));
  switch (options.transport) {
    case Transport::command:
      return Child::find(options.command, directory).map_error([](Error error) {
        error.where = "command";
        return error;
      });
    case Transport::http:
    case Transport::lambda:
      TRY(WebCredentials::load(options, directory));
      TRY(readable_ca_file(options, directory));
      return {};
    case Transport::runtime:
      break;
  }
  return {};
}

}  // namespace

Error of_hook(const HookOptions& options, Error error) {
  error.message = fmt::format("hook {}: {}", quote(options.arn), describe(error));
  error.where.clear();
  return error;
}

Result<void> examine(std::span<const HookOptions> options, const std::filesystem::path& directory) {
  for (const HookOptions& one : options) {
    const auto found = examine_one(one, directory);
    if (!found) return tl::unexpected(of_hook(one, found.error()));
  }
  return {};
}

}  // namespace imprint::hooks
