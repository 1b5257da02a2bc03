// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>

#include "hooks/options.h"

namespace imprint::hooks {

/// An error of one hook, with its name.
Error of_hook(const HookOptions& options, Error error);

/// Whether the programs and files that hooks name are there, in the words in which Hooks::make
/// would refuse them; runs nothing. Fault::unavailable for a program that is looked for in PATH:
/// the server may have another.
Result<void> examine(std::span<const HookOptions> options, const std::filesystem::path& directory);

}  // namespace imprint::hooks
