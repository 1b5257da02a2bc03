// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "registry/store.h"
#include "trail/event.h"

namespace imprint::story {

/// The story of one device: the events that name it, and what else happened on the same connections
/// and with the certificates that came of it, in the order in which it happened. What others did
/// with its claim is another story. Bounded: it is told from its newest events.
runtime::Task<Result<std::vector<trail::Event>>> gather_story(registry::Store& store,
                                                              registry::query::AuditEvents wanted);

/// Of the alarms, those that are raised about the device of a story: about its thing or a
/// certificate of its own.
std::vector<registry::Alarm> alarms_about(const std::vector<trail::Event>& story,
                                          const registry::query::AuditEvents& wanted,
                                          std::span<const registry::Alarm> alarms);

/// " N units have come with the client id ...", where the unit that was refused shares its client
/// id with others: sketches give every unit the one they were published with. `event` may be null.
runtime::Task<Result<std::string>> shared_client_id(registry::Store& store,
                                                    const trail::Event* event);

}  // namespace imprint::story
