// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/chain_check.h"
#include "fleet/options.h"
#include "fleet/worker.h"

namespace imprint::fleet {

/// Provisions device `index` with a certificate of its own, starting from the claim. `options`,
/// `worker` and this thread's `chain` must outlive the task.
runtime::Task<Outcome> onboard(const Options& options, ChainCheck& chain, Worker& worker,
                               std::uint64_t index);

}  // namespace imprint::fleet
