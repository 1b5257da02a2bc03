// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json.h"
#include "policy/pattern.h"

/// Permissions for the REST API: access keys and their policies. Device policies have the same
/// grammar but other actions and resources (policy/).
namespace imprint::access {

/// The limit of AWS IAM for managed policies: 6,144 characters without white space.
inline constexpr std::size_t kMaxDocumentCharacters = 6144;
inline constexpr std::size_t kMaxDocumentBytes = 65536;

/// A request to decide about. `action` is, for example, "iot:CreateThing" or "imprint:CreateClaim".
/// `resource` is the part after the account in the ARN ("thing/x"); empty for operations without a
/// resource, which only "*" covers.
struct Request {
  std::string_view action;
  std::string_view resource;
  std::string_view account;
};

class Statement {
 public:
  [[nodiscard]] bool allows() const { return allows_; }
  [[nodiscard]] const std::string& sid() const { return sid_; }
  [[nodiscard]] bool covers_action(std::string_view action) const;
  [[nodiscard]] bool covers(const Request& request) const;

 private:
  friend class Policy;
  Result<void> take(const std::string& where, std::string_view member,
                    const encoding::json::value& value);

  bool allows_ = false;
  std::string sid_;
  std::vector<policy::Pattern> actions_;
  std::vector<policy::ResourcePattern> resources_;
};

/// An access policy in AWS IAM's form: Version, and statements of Sid, Effect, Action and Resource.
/// Actions and resources may contain `*` and `?`; actions are case-insensitive, as in IAM.
/// NotAction, NotResource, Principal, Condition and variables are rejected. Regions in ARNs are not
/// compared, since the server accepts any region. Immutable; shared between threads.
class Policy {
 public:
  /// Errors have Fault::invalid, the cause MalformedPolicy and the JSON path in `where`. `name` is
  /// the policy's name in explanations: "role factory", "its policy".
  static Result<Policy> parse(std::string_view document, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::span<const Statement> statements() const { return statements_; }

  /// Fails if an Action entry matches none of the actions in `known`, since it is probably
  /// misspelled. Called when a policy is created, not when it is loaded.
  [[nodiscard]] Result<void> check_actions(std::span<const std::string> known) const;

 private:
  struct Entry {
    std::string where;
    std::string text;
    policy::Pattern pattern;
  };
  std::string name_;
  std::vector<Statement> statements_;
  std::vector<Entry> entries_;  ///< the Action entries with their JSON paths
};

struct Decision {
  bool allowed = false;
  const Statement* statement = nullptr;  ///< the deciding statement; null if no statement allows it
  std::size_t index = 0;                 ///< of the statement in the policy
};

/// An explicit Deny overrides any Allow; without a matching statement the request is denied. Pure.
Decision evaluate(const Policy& policy, const Request& request);

/// Names the deciding statement, or says that none allows it, as the end of a sentence: "because
/// statement 1 ("NoDeletes") of role factory denies it".
std::string explain(const Decision& decision, const Policy& policy);

/// The resource types in the ARNs of this API: "thing", "policy", "cert", ...
std::span<const std::string_view> resource_types();

}  // namespace imprint::access
