// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "audit/verify.h"
#include "base/clock.h"

/// Whether a store is the one that its archive was written from. The archive holds only what the
/// store had made durable before, so events that the store lacks mean that it was lost, or that
/// another one lies in its place.
namespace imprint::audit {

/// Fault::conflict when the archive has events that the store lacks. A server may write meanwhile.
Result<void> check_continuity(const TrailFiles& files);

/// Gives an archive's folder another name, beside the old one, so that a new archive begins.
/// Answers the new name; an empty one when there was no archive.
Result<std::filesystem::path> set_aside(const std::filesystem::path& archive, Timestamp now);

}  // namespace imprint::audit
