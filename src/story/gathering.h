// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "registry/store.h"
#include "trail/event.h"

namespace imprint::story {

/// The story of one device, by time: the events that name it, and all other events of the same
/// connections and of the certificates issued on them. Excludes other devices' use of its claim.
/// Bounded: built from its newest events.
runtime::Task<Result<std::vector<trail::Event>>> gather_story(registry::Store& store,
                                                              registry::query::AuditEvents wanted);

/// The raised alarms about the device of a story: about its thing or a certificate of its own.
std::vector<registry::Alarm> alarms_about(const std::vector<trail::Event>& story,
                                          const registry::query::AuditEvents& wanted,
                                          std::span<const registry::Alarm> alarms);

/// The sentence " N units have come with the client id ..." if the refused unit shares its client
/// id with others, as units do that run an unmodified example sketch; empty otherwise. `event` may
/// be null.
runtime::Task<Result<std::string>> shared_client_id(registry::Store& store,
                                                    const trail::Event* event);

}  // namespace imprint::story
