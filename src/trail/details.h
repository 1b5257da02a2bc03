// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/cause.h"
#include "encoding/fields.h"
#include "outcome/causes.h"
#include "registry/forms.h"

/// The details of the events of the audit trail, as structs. Each has one list of its fields, which
/// is used both to write an event's detail and to read it.
namespace imprint::trail {

/// The fields that every step may have.
struct Told {
  bool is_of_claim = false;   ///< its certificate is a claim, which many devices share
  std::string from = {};      ///< the client's address
  std::string resource = {};  ///< topic, filter or client id
  std::string because = {};   ///< what decided, in a sentence
  Cause cause = {};
  std::optional<outcome::FailureCategory> category = {};  ///< what a failure counts as
};

/// A provisioning request, or a first connection, that was rejected.
struct Rejection {
  std::string template_name = {};
  std::int64_t status_code = 0;
  std::string error_code = {};
  bool is_final = false;  ///< the same request fails again
  std::string rule = {};  ///< the operator's setting that decided
};

/// A certificate that was issued, or an existing one for the same key that was returned.
struct Issued {
  std::string serial = {};  ///< RFC 5280, in hexadecimal
  std::string profile = {};
  std::string key_algorithm = {};
  std::optional<std::int64_t> not_after = {};  ///< seconds since 1970
  std::optional<CertificateId> requested_by = {};
  bool is_repeated = false;
};

/// A device that was registered through a template.
struct Registered {
  std::string template_name = {};
  std::optional<std::int64_t> template_version = {};
  std::optional<bool> thing_existed = {};
  std::string list = {};                               ///< that the unit is on
  std::map<std::string, std::string> overridden = {};  ///< parameters that the template's rules set
  std::vector<std::string> overrides_not_declared = {};  ///< and those that it does not declare
  std::string task = {};                                 ///< of a bulk registration
  std::optional<std::int64_t> line = {};
  bool is_repeated = false;
};

/// The answer of a pre-provisioning hook or an activation hook.
struct HookAnswer {
  std::string template_name = {};
  std::string hook = {};  ///< ARN
  std::int64_t milliseconds = 0;
  bool is_shadow = false;  ///< it decides nothing
  std::vector<std::string> overrides = {};
  std::vector<std::string> undeclared = {};  ///< overrides that the template does not declare
  std::string action = {};                   ///< of an activation hook
};

/// A certificate that its CA introduced and that waits for its activation.
struct Introduced {
  std::string ca = {};
  std::string subject = {};
};

/// A certificate that was removed, or whose signature was never stored.
struct Removed {
  std::string serial = {};
  std::string profile = {};
  std::optional<Sha256> public_key = {};
  std::string ca = {};
};

/// A connection that ended.
struct Ended {
  std::string reason = {};
  std::optional<std::int64_t> ignored_publishes = {};  ///< to services that Imprint does not have
};

/// A unit that got a certificate and ended its connection without RegisterThing.
struct LeftUnregistered {
  bool was_cut = false;
};

/// A client that waits for a service that Imprint does not have.
struct AbsentService {
  bool is_event = false;  ///< it subscribed to events
};

struct AlarmTold {
  std::string kind = {};
  std::optional<std::int64_t> since = {};  ///< seconds since 1970
  std::string next = {};
};

/// A device started, advanced or ended an execution of a job.
struct JobExecutionUpdated {
  std::string job = {};
  std::int64_t number = 1;
  std::string status = {};
};

/// A job was completed, or canceled by its own rules.
struct JobEnded {
  std::string job = {};
  std::string status = {};
};

/// The journal keeps a device's steps in the log only for a while.
struct Paused {
  std::optional<std::int64_t> left_out = {};
};

/// An access key that was used at the REST API or the dashboard.
struct KeyUse {
  std::string source_ip = {};
  std::string error = {};
  std::optional<std::int64_t> left_out = {};
};

/// A request to the REST API that the access key's policy does not allow.
struct OperatorDenied {
  std::string action = {};  ///< "iot:DeleteThing"
  std::string reason = {};
  std::optional<std::int64_t> left_out = {};
};

/// A change by an operator, or by the server on an operator's behalf. Each operation has its own
/// members.
using Change = encoding::json::object;

using Detail = std::variant<std::monostate, Rejection, Issued, Registered, HookAnswer, Introduced,
                            Removed, Ended, LeftUnregistered, AbsentService, AlarmTold, Paused,
                            JobExecutionUpdated, JobEnded, KeyUse, OperatorDenied, Change>;

using encoding::field;

constexpr auto fields_of(std::type_identity<Told>) {
  return std::tuple{
      field("claim", &Told::is_of_claim), field("from", &Told::from),
      field("resource", &Told::resource), field("because", &Told::because),
      field("cause", &Told::cause),       field("category", &Told::category),
  };
}
constexpr auto fields_of(std::type_identity<Rejection>) {
  return std::tuple{
      field("template", &Rejection::template_name).always(),
      field("statusCode", &Rejection::status_code),
      field("errorCode", &Rejection::error_code),
      field("final", &Rejection::is_final).always(),
      field("rule", &Rejection::rule),
  };
}
constexpr auto fields_of(std::type_identity<Issued>) {
  return std::tuple{
      field("serial", &Issued::serial),
      field("profile", &Issued::profile),
      field("key_algorithm", &Issued::key_algorithm),
      field("not_after", &Issued::not_after),
      field("requested_by", &Issued::requested_by),
      field("repeated", &Issued::is_repeated),
  };
}
constexpr auto fields_of(std::type_identity<Registered>) {
  return std::tuple{
      field("template", &Registered::template_name),
      field("template_version", &Registered::template_version),
      field("thing_existed", &Registered::thing_existed),
      field("list", &Registered::list),
      field("overridden", &Registered::overridden),
      field("overrides_not_declared", &Registered::overrides_not_declared),
      field("task", &Registered::task),
      field("line", &Registered::line),
      field("repeated", &Registered::is_repeated),
  };
}
constexpr auto fields_of(std::type_identity<HookAnswer>) {
  return std::tuple{
      field("template", &HookAnswer::template_name),
      field("hook", &HookAnswer::hook),
      field("milliseconds", &HookAnswer::milliseconds),
      field("shadow", &HookAnswer::is_shadow),
      field("overrides", &HookAnswer::overrides),
      field("undeclared", &HookAnswer::undeclared),
      field("action", &HookAnswer::action),
  };
}
constexpr auto fields_of(std::type_identity<Introduced>) {
  return std::tuple{
      field("ca", &Introduced::ca),
      field("subject", &Introduced::subject),
  };
}
constexpr auto fields_of(std::type_identity<Removed>) {
  return std::tuple{
      field("serial", &Removed::serial),
      field("profile", &Removed::profile),
      field("public_key", &Removed::public_key),
      field("ca", &Removed::ca),
  };
}
constexpr auto fields_of(std::type_identity<Ended>) {
  return std::tuple{
      field("reason", &Ended::reason),
      field("ignored_publishes", &Ended::ignored_publishes),
  };
}
constexpr auto fields_of(std::type_identity<LeftUnregistered>) {
  return std::tuple{
      field("cut", &LeftUnregistered::was_cut),
  };
}
constexpr auto fields_of(std::type_identity<AbsentService>) {
  return std::tuple{
      field("event", &AbsentService::is_event),
  };
}
constexpr auto fields_of(std::type_identity<AlarmTold>) {
  return std::tuple{
      field("alarm", &AlarmTold::kind),
      field("since", &AlarmTold::since),
      field("next", &AlarmTold::next),
  };
}
constexpr auto fields_of(std::type_identity<JobExecutionUpdated>) {
  return std::tuple{
      field("job", &JobExecutionUpdated::job),
      field("executionNumber", &JobExecutionUpdated::number),
      field("status", &JobExecutionUpdated::status),
  };
}

constexpr auto fields_of(std::type_identity<JobEnded>) {
  return std::tuple{
      field("job", &JobEnded::job),
      field("status", &JobEnded::status),
  };
}

constexpr auto fields_of(std::type_identity<Paused>) {
  return std::tuple{
      field("left_out", &Paused::left_out),
  };
}
constexpr auto fields_of(std::type_identity<KeyUse>) {
  return std::tuple{
      field("source_ip", &KeyUse::source_ip),
      field("error", &KeyUse::error),
      field("left_out", &KeyUse::left_out),
  };
}

constexpr auto fields_of(std::type_identity<OperatorDenied>) {
  return std::tuple{
      field("action", &OperatorDenied::action),
      field("reason", &OperatorDenied::reason),
      field("left_out", &OperatorDenied::left_out),
  };
}

}  // namespace imprint::trail

namespace imprint::encoding {

/// A cause is stored by its name; the name of an unknown cause is read as no cause.
template <>
struct Form<Cause> : Form<std::string> {
  static bool is_empty(Cause value) { return !value; }
  static json::value write(Cause value) { return json::value(name_of(value)); }
  static bool read(const json::value& value, Cause& out, Reader&) {
    out = outcome::find_cause(value.get_string());
    return true;
  }
};

}  // namespace imprint::encoding
