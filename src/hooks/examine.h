// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>

#include "hooks/options.h"

namespace imprint::hooks {

/// Adds the name of the hook to its error.
Error of_hook(const HookOptions& options, Error error);

/// Checks that the programs and files that hooks name exist, with the errors that Hooks::make would
/// give; runs nothing. Fault::unavailable for a program that is looked up in PATH: the server may
/// have another PATH.
Result<void> examine(std::span<const HookOptions> options, const std::filesystem::path& directory);

}  // namespace imprint::hooks
