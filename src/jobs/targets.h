// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "registry/store.h"

namespace imprint::jobs {

/// Some things of a job's targets, and the progress of the roll-out after them.
struct TargetPage {
  std::vector<ThingName> things = {};
  registry::JobProgress progress;
};

/// The next things of the job's targets after `progress`, at most `most`. A page with fewer things,
/// or none, is the last one only if its progress is_complete. A thing in two targets is returned
/// twice. For a SNAPSHOT job, leaves out things that joined a static group after the job was
/// created.
registry::Task<Result<TargetPage>> next_things(registry::Store& store, registry::Job job,
                                               registry::JobProgress progress, std::size_t most);

}  // namespace imprint::jobs
