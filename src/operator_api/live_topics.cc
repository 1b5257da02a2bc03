// SPDX-License-Identifier: Apache-2.0
#include "operator_api/monitoring_json.h"

namespace imprint::operator_api {

std::vector<LiveFeed::Topic> monitoring_topics(
    std::function<std::shared_ptr<const monitoring::Snapshot>()> snapshot) {
  // Versions begin at 1, so the current state is sent at once.
  return {{"pipeline",
           [snapshot](std::uint64_t& seen) -> std::optional<std::string> {
             const auto now = snapshot();
             if (now->now_version == seen) return std::nullopt;
             seen = now->now_version;
             return encoding::to_json(write_now(now->now));
           }},
          {"alarms", [snapshot](std::uint64_t& seen) -> std::optional<std::string> {
             const auto now = snapshot();
             if (now->alarms_version == seen) return std::nullopt;
             seen = now->alarms_version;
             return encoding::to_json(write_alarms(*now, false));
           }}};
}

}  // namespace imprint::operator_api
