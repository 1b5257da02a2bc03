// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "encoding/json.h"

namespace imprint::access {
class Policy;
}
namespace imprint::registry {
struct AuditEvent;
}

namespace imprint::rest {

namespace json = encoding::json;

class Router;

/// The inputs of an operation. Types, lengths and characters have been validated against its row.
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
  /// The text, or the texts of a list.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

  /// A required name. Its row uses the rule of N, so the assertion fails only for a bug in the
  /// table.
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

/// One request to one operation: a value that is passed to its function.
struct Call {
  const Router& router;  ///< the one that found the operation
  const Clock& clock;
  std::string_view account;    ///< of this server: twelve digits
  std::string_view operation;  ///< the row's name
  Inputs in = {};
  std::string access_key_id = {};
  std::shared_ptr<const access::Policy> policy = {};  ///< the caller's
  std::string source_ip = {};
  std::string region = {};  ///< the signature's; ARNs in the answer name it
  std::string request_id = {};
  std::string host = {};  ///< the name by which the caller reached this server, for links

  [[nodiscard]] Timestamp now() const { return clock.now(); }

  /// "arn:aws:iot:{region}:{account}:{resource}", `resource` being "thing/x", "cert/...".
  [[nodiscard]] std::string arn(std::string_view resource) const;

  /// The audit event for the change that this call makes. `detail` says what was changed; the
  /// caller fills in the thing, certificate or client.
  [[nodiscard]] registry::AuditEvent event(json::object detail = {}) const;
};

/// The step of an operation in the audit trail: "RegisterCACertificate" ->
/// "register_ca_certificate".
std::string step_of(std::string_view operation);

/// Seconds since 1970 as rest-json writes a timestamp.
double epoch_seconds(Timestamp time);

}  // namespace imprint::rest
