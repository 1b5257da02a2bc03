// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "encoding/json.h"
#include "monitoring/monitor.h"
#include "operator_api/live_feed.h"

/// What monitoring knows, as the REST API and the dashboard's live feed write it.
namespace imprint::operator_api {

namespace json = encoding::json;

/// The member `now` of GET /imprint/v1/pipeline.
json::object write_now(const monitoring::Now& now);

/// {"alarms": [...]}, newest first; resolved ones too when `with_resolved`.
json::object write_alarms(const monitoring::Snapshot& snapshot, bool with_resolved);

/// The topics `pipeline` and `alarms` of the live feed.
std::vector<LiveFeed::Topic> monitoring_topics(
    std::function<std::shared_ptr<const monitoring::Snapshot>()> snapshot);

}  // namespace imprint::operator_api
