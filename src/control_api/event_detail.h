// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "control_api/record_changes.h"
#include "encoding/json.h"
#include "outcome/causes.h"
#include "registry/records.h"

namespace imprint::control_api {

/// An event's detail, which this program wrote; an unreadable one reads as empty.
class EventDetail {
 public:
  explicit EventDetail(const registry::AuditEvent& event) {
    auto parsed = encoding::parse_json(event.detail);
    if (parsed && parsed->is_object()) object_ = std::move(parsed->get_object());
  }
  [[nodiscard]] std::string text(std::string_view member) const {
    const encoding::json::value* value = object_.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  }
  [[nodiscard]] bool flag(std::string_view member) const {
    const encoding::json::value* value = object_.if_contains(member);
    return value != nullptr && value->is_bool() && value->get_bool();
  }
  /// As it was recorded; none for those of a later version, and for events from before there were
  /// causes.
  [[nodiscard]] Cause cause() const { return outcome::find_cause(text("cause")); }
  [[nodiscard]] std::string changes() const { return changes_in_words(object_); }
  [[nodiscard]] std::string number(std::string_view member) const {
    const encoding::json::value* value = object_.if_contains(member);
    return value == nullptr ? "" : encoding::to_json(*value);
  }

 private:
  encoding::json::object object_;
};

}  // namespace imprint::control_api
