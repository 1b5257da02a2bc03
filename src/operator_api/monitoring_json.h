// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "encoding/json.h"
#include "monitoring/monitor.h"
#include "operator_api/live_feed.h"

/// The data of monitoring in the REST API and in the dashboard's live feed.
namespace imprint::operator_api {

namespace json = encoding::json;

/// The member `now` of GET /imprint/v1/pipeline.
json::object write_now(const monitoring::Now& now);

/// {"alarms": [...]}, newest first; with `with_resolved` also the resolved ones.
json::object write_alarms(const monitoring::Snapshot& snapshot, bool with_resolved);

/// The topics `pipeline` and `alarms` of the live feed.
std::vector<LiveFeed::Topic> monitoring_topics(
    std::function<std::shared_ptr<const monitoring::Snapshot>()> snapshot);

}  // namespace imprint::operator_api
