// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "encoding/json.h"
#include "registry/records.h"

namespace imprint::monitoring {

/// Which server speaks, for people with several.
struct Sender {
  std::string account;
  std::string endpoint;  ///< the name that devices reach it by
};

/// What a channel carries.
struct Message {
  enum class What : std::uint8_t { raised, resolved, test };
  What what = What::raised;
  registry::Alarm alarm = {};
};

std::string_view to_string(Message::What what);  ///< "raised"

/// A message that says it is none: for `imprint alarm test`.
Message test_message(Timestamp now);

/// An alarm as GET /imprint/v1/alarms, the webhook and the topic have it (docs/alarms.md). Times
/// are seconds since 1970.
encoding::json::object to_json(const registry::Alarm& alarm);

/// {"event": "raised", "alarm": {...}, "deployment": {"account", "endpoint"}}
std::string body_of(const Message& message, const Sender& sender);

std::string subject_of(const Message& message, const Sender& sender);
std::string text_of(const Message& message, const Sender& sender);

}  // namespace imprint::monitoring
