// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "trail/details.h"

/// Every step that the audit trail records, besides the operations of the REST API. One row says
/// all there is to say of a step: the trail's filters, `imprint explain`, and whoever writes or
/// reads an event go by it.
namespace imprint::trail {

enum class Doer : std::uint8_t {
  device,  ///< its standing is judged by it
  server,  ///< by itself, or for somebody
  person,
};

using ReadDetail = Detail (*)(const encoding::json::object&);

/// Members that cannot be read stay empty; the others are kept.
template <class T>
T read_leniently(const encoding::json::object& object) {
  T out;
  encoding::Reader ignored;
  encoding::read_fields(object, out, ignored);
  return out;
}
template <class T>
Detail read_as(const encoding::json::object& object) {
  return read_leniently<T>(object);
}
inline Detail read_nothing(const encoding::json::object&) { return {}; }
inline Detail read_change(const encoding::json::object& object) { return object; }

struct StepInfo {
  std::string_view name;   ///< "register_thing", as it is stored
  std::string_view tried;  ///< of one that failed: "RegisterThing denied: ..."
  Doer doer = Doer::server;
  ReadDetail ok = &read_nothing;       ///< what an event tells when the step went well,
  ReadDetail refused = &read_nothing;  ///< and when it did not
};

inline constexpr auto kSteps = std::to_array<StepInfo>({
    {"tls_handshake", "TLS handshake", Doer::device},
    {"connect", "connect", Doer::device},
    {"publish", "publish", Doer::device},
    {"subscribe", "subscribe", Doer::device},
    {"receive", "receive", Doer::device},
    {"service", "use a service that is not here", Doer::device, &read_as<AbsentService>},
    {"answer", "answer on", Doer::device},
    // By the device's own fault only where it has a cause (is_of_device).
    {"disconnect", "connection ended", Doer::server, &read_as<Ended>, &read_as<Ended>},
    {"create_keys_and_certificate", "create keys and certificate", Doer::device, &read_as<Issued>,
     &read_as<Rejection>},
    {"create_certificate_from_csr", "certificate request (CSR)", Doer::device, &read_as<Issued>,
     &read_as<Rejection>},
    {"reopen_certificate", "certificate request for the same key", Doer::device, &read_as<Issued>,
     &read_as<Rejection>},
    {"hook", "pre-provisioning hook", Doer::device, &read_as<HookAnswer>, &read_as<HookAnswer>},
    {"register_thing", "RegisterThing", Doer::device, &read_as<Registered>, &read_as<Rejection>},
    {"just_in_time_provisioning", "just-in-time provisioning", Doer::device, &read_as<Registered>,
     &read_as<Rejection>},
    {"just_in_time_registration", "just-in-time registration", Doer::device, &read_as<Introduced>,
     &read_as<Rejection>},
    {"update_job_execution", "update of a job execution", Doer::device,
     &read_as<JobExecutionUpdated>},
    {"end_job", "job ended", Doer::server, &read_as<JobEnded>, &read_as<JobEnded>},
    {"left_unregistered", "left without RegisterThing", Doer::device, &read_nothing,
     &read_as<LeftUnregistered>},
    // The server's, but it undoes a step of the device.
    {"remove_expired_certificate", "certificate removed", Doer::device, &read_as<Removed>},
    {"remove_waiting_certificate", "certificate removed", Doer::server, &read_as<Removed>},
    {"certificate_never_arrived", "certificate never stored", Doer::server, &read_nothing,
     &read_as<Removed>},
    {"retire_certificate", "old certificate deactivated"},
    {"reject_certificate", "certificate rejected"},
    {"alarm", "alarm", Doer::server, &read_nothing, &read_as<AlarmTold>},
    {"journal", "record", Doer::server, &read_nothing, &read_as<Paused>},
    {"sign_in", "sign in at the dashboard", Doer::person, &read_as<KeyUse>, &read_as<KeyUse>},
    {"authenticate", "request to the REST API", Doer::person, &read_as<KeyUse>, &read_as<KeyUse>},
    {"finish_thing_registration_task", "bulk registration", Doer::server, &read_change,
     &read_change},
    {"freeze_claim", "freeze_claim", Doer::server, &read_change, &read_change},
    {"begin_anew", "begin_anew", Doer::person, &read_change, &read_change},
    {"import", "import", Doer::person, &read_change, &read_change},
    // Stands in for an event whose record cannot be read (registry/sqlite/rows.cc).
    {"unreadable", "unreadable event"},
});

/// A row of the table, or none for an operation of the REST API.
class Step {
 public:
  constexpr Step() = default;
  constexpr explicit Step(const StepInfo& info) : info_(&info) {}

  constexpr explicit operator bool() const { return info_ != nullptr; }
  constexpr const StepInfo* operator->() const { return info_; }

  friend constexpr bool operator==(const Step&, const Step&) = default;

 private:
  const StepInfo* info_ = nullptr;  ///< static storage
};

Step find_step(std::string_view name);

}  // namespace imprint::trail

namespace imprint {

/// The row of that name; one that is not there does not compile.
consteval trail::Step operator""_step(const char* name, std::size_t size) {
  for (const trail::StepInfo& info : trail::kSteps) {
    if (info.name == std::string_view(name, size)) return trail::Step(info);
  }
  throw "trail/steps.h has no step of this name";
}

}  // namespace imprint
