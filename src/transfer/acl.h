// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace imprint::transfer {

/// The policies of one client as mosquitto's ACL file can express them: never more than they allow.
struct Acl {
  struct Access {
    bool read = false;
    bool write = false;
  };
  std::map<std::string, Access> topics = {};  ///< by MQTT topic filter
  std::set<std::string> denied = {};          ///< by MQTT topic filter
  std::set<std::string> notes = {};           ///< what could not be expressed, in sentences
  bool refused = false;  ///< a Deny could not be expressed: the client must get no topics
};

/// The values of variables by name: "iot:ClientId" -> "%c".
using Substitutions = std::map<std::string, std::string, std::less<>>;

/// "device/${iot:Connection.Thing.ThingName}/*" as an MQTT topic filter. Fault::invalid, with the
/// reason, if every filter would match more than the pattern.
///
/// A `*` after the last slash becomes the equivalent `+/#`; a `*` that is a whole level in the
/// middle becomes `+`, which matches one level where `*` matches any number, and sets `narrowed`.
struct TopicFilter {
  std::string text;
  bool narrowed = false;
};
Result<TopicFilter> to_topic_filter(std::string_view pattern, const Substitutions& values);

/// All statements of all policies of one client. `account` is the server's: statements for other
/// accounts never match.
Acl to_acl(policy::PolicySet policies, const Substitutions& values, std::string_view account);

}  // namespace imprint::transfer
