// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "encoding/json.h"
#include "registry/records.h"

namespace imprint::monitoring {

/// The server that sends the message, for people with several.
struct Sender {
  std::string account;
  std::string endpoint;  ///< the name under which devices reach it
};

/// A message to people.
struct Message {
  enum class What : std::uint8_t { raised, resolved, test };
  What what = What::raised;
  registry::Alarm alarm = {};
};

std::string_view to_string(Message::What what);  ///< "raised"

/// A message that says that it is a test, for `imprint alarm test`.
Message test_message(Timestamp now);

/// The JSON form of an alarm for GET /imprint/v1/alarms, the webhook and the topic
/// (docs/alarms.md). Times are seconds since 1970.
encoding::json::object to_json(const registry::Alarm& alarm);

/// {"event": "raised", "alarm": {...}, "deployment": {"account", "endpoint"}}
std::string body_of(const Message& message, const Sender& sender);

std::string subject_of(const Message& message, const Sender& sender);
std::string text_of(const Message& message, const Sender& sender);

}  // namespace imprint::monitoring
