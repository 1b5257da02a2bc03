// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/operators.h"
#include "access/sessions.h"
#include "audit/archive.h"
#include "base/clock.h"
#include "base/current.h"
#include "base/random.h"
#include "base/result.h"
#include "bulk/registration_tasks.h"
#include "encoding/json.h"
#include "hooks/hooks.h"
#include "identity/access_control.h"
#include "identity/connections.h"
#include "issuance/key_pool.h"
#include "monitoring/monitor.h"
#include "provisioning/apply_template.h"
#include "provisioning/issue.h"
#include "provisioning/settings.h"
#include "registry/store.h"
#include "telemetry/log.h"
#include "x509/certificate.h"

namespace imprint::operator_api {
class LiveFeed;
}

namespace imprint::rest {

namespace json = encoding::json;

class Router;

/// What every operation works with. References outlive the ControlApi and are safe from any thread.
struct Dependencies {
  registry::Store& store;
  identity::AccessControl& device_access;  ///< what devices may do
  provisioning::IssueCertificate& issue;
  provisioning::ApplyTemplate& apply;
  bulk::RegistrationTasks& registrations;
  hooks::Invoker& hooks;
  issuance::KeyPool& keys;
  const Current<provisioning::Settings>& settings;
  monitoring::Monitor& monitor;
  const Clock& clock;
  Random& random;
  telemetry::Log& log;
  const access::Operators& operators;
  const identity::Connections& connections;
  /// The deployment's own.
  struct Authorities {
    x509::Certificate root;
    x509::Certificate issuing;
  } authorities;
  access::Sessions& sessions;  ///< at the dashboard
  operator_api::LiveFeed& live;
  const audit::Archive* archive = nullptr;  ///< none when the trail is not archived
  std::string account;                      ///< twelve digits
  std::string region;                       ///< in ARNs of answers to requests that name none
  std::string endpoint_address;  ///< what DescribeEndpoint answers: a host name, no scheme or port
};

/// An operation's inputs, which its row in the table has vouched for: types, lengths, characters.
class Inputs {
 public:
  void set(std::string_view name, json::value value) { values_[name] = std::move(value); }

  [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }
  /// Empty when absent.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return boolean(name).value_or(false); }
  /// Empty when absent.
  [[nodiscard]] json::object object(std::string_view name) const;
  [[nodiscard]] json::array list(std::string_view name) const;
  /// A text alone, or those in a list.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

  /// A required name; its row uses the rule of N, so only a bug in the table can end the process.
  template <class N>
  [[nodiscard]] N name(std::string_view member) const {
    auto parsed = N::parse(text(member));
    IMPRINT_ASSERT(parsed.has_value());
    return std::move(*parsed);
  }
  template <class N>
  [[nodiscard]] std::optional<N> optional_name(std::string_view member) const {
    if (!has(member)) return std::nullopt;
    return name<N>(member);
  }

 private:
  json::object values_;
};

/// One request to one operation: a value, handed to its function.
struct Call {
  const Dependencies& server;
  const Router& router;        ///< that found the operation
  std::string_view operation;  ///< the row's name
  Inputs in = {};
  std::string access_key_id = {};
  std::shared_ptr<const access::Policy> policy = {};  ///< of the caller
  std::string source_ip = {};
  std::string region = {};  ///< of the signature; ARNs in the answer name it
  std::string request_id = {};
  std::string host = {};  ///< as the caller reached this server: for links in the answer

  /// "arn:aws:iot:{region}:{account}:{resource}", `resource` being "thing/x", "cert/...".
  [[nodiscard]] std::string arn(std::string_view resource) const;

  /// The audit event of this call's change; the caller fills in what it is about. `detail` says
  /// what was changed.
  [[nodiscard]] registry::AuditEvent event(json::object detail = {}) const;
};

/// "RegisterCACertificate" -> "register_ca_certificate": as the steps of the audit trail are
/// written everywhere.
std::string step_of(std::string_view operation);

/// Seconds since 1970 as rest-json writes a timestamp.
double epoch_seconds(Timestamp time);

}  // namespace imprint::rest
