// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "registry/store.h"

namespace imprint::jobs {

/// Some things of a job's targets, and how far a roll-out has come with them.
struct TargetPage {
  std::vector<ThingName> things = {};
  registry::JobProgress progress;
};

/// The next things of the job's targets after `progress`, at most `most`; fewer, or none, are no
/// sign of the end, which is JobProgress::is_complete. A thing in two targets comes twice. Things
/// that have joined a group since the job was created are left out of a SNAPSHOT.
registry::Task<Result<TargetPage>> next_things(registry::Store& store, registry::Job job,
                                               registry::JobProgress progress, std::size_t most);

}  // namespace imprint::jobs
