// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json.h"
#include "policy/pattern.h"

/// Who may call the REST API, and what they may do there: access keys and their policies. Device
/// policies are another language with the same grammar (policy/).
namespace imprint::access {

/// AWS IAM: 6,144 characters of a managed policy, white space not counted.
inline constexpr std::size_t kMaxDocumentCharacters = 6144;
inline constexpr std::size_t kMaxDocumentBytes = 65536;

/// One question. `action` is "iot:CreateThing" or "imprint:CreateClaim"; `resource` what follows
/// the account in the ARN ("thing/x"), empty for operations without one, which only "*" covers.
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
/// Actions and resources take `*` and `?`; actions do not care for case, as in IAM. NotAction,
/// NotResource, Principal, Condition and variables are refused. Regions in ARNs are not compared,
/// since the server answers to any. Immutable; shared between threads.
class Policy {
 public:
  /// Errors carry Fault::invalid, the cause MalformedPolicy and the JSON path in `where`.
  /// `name` is how decisions call it: "role factory", "its policy".
  static Result<Policy> parse(std::string_view document, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::span<const Statement> statements() const { return statements_; }

  /// Every Action entry must cover at least one of `known`: one that never matches is a typing
  /// error that would be found at night. Asked when a policy is made, not when it is loaded.
  [[nodiscard]] Result<void> check_actions(std::span<const std::string> known) const;

 private:
  struct Entry {
    std::string where;
    std::string text;
    policy::Pattern pattern;
  };
  std::string name_;
  std::vector<Statement> statements_;
  std::vector<Entry> entries_;  ///< the Action entries with their places
};

struct Decision {
  bool allowed = false;
  const Statement* statement = nullptr;  ///< that decided; none: no statement allows it
  std::size_t index = 0;                 ///< of the statement in its policy
};

/// An explicit Deny beats any Allow; without either the answer is no. Pure.
Decision evaluate(const Policy& policy, const Request& request);

/// Which statement decided, or that none allows it, as the end of a sentence: "because statement 1
/// ("NoDeletes") of role factory denies it".
std::string explain(const Decision& decision, const Policy& policy);

/// The words that stand before a name in the ARNs of this API: "thing", "policy", "cert", ...
std::span<const std::string_view> resource_types();

}  // namespace imprint::access
