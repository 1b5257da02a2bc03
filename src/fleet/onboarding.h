// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/chain_check.h"
#include "fleet/options.h"
#include "fleet/worker.h"

namespace imprint::fleet {

/// Onboards device `index`, from its claim to its own identity. `options`, `chain` (this thread's)
/// and `worker` outlive the task.
runtime::Task<Outcome> onboard(const Options& options, ChainCheck& chain, Worker& worker,
                               std::uint64_t index);

}  // namespace imprint::fleet
