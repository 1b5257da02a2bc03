// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/action.h"
#include "policy/condition.h"
#include "policy/context.h"
#include "policy/pattern.h"

namespace imprint::policy {

/// Characters of a document, not counting white space (AWS IoT quota).
inline constexpr std::size_t kMaxDocumentCharacters = 2048;
/// Characters of the API's policyDocument member, white space included.
inline constexpr std::size_t kMaxDocumentBytes = 404600;

/// One question: may the connection do this? `resource` is the bare name: the client id, topic,
/// topic filter, thing (or "thing/shadow"), role alias; empty for actions without one.
struct Request {
  Action action;
  std::string_view resource;
};

class Statement {
 public:
  /// The result of matching a statement against a request.
  enum class Verdict : std::uint8_t {
    matches,
    other_action,
    other_resource,
    unresolved,  ///< It refers to a variable the context has no value for.
    condition_failed,
  };

  [[nodiscard]] bool allows() const { return allows_; }
  [[nodiscard]] const std::string& sid() const { return sid_; }
  [[nodiscard]] ActionSet actions() const { return actions_; }
  [[nodiscard]] std::span<const ResourcePattern> resources() const { return resources_; }
  [[nodiscard]] bool has_conditions() const { return !conditions_.empty(); }

  /// `resource` is "{type}/{name}". An Allow needs a value for every variable it uses. In a Deny a
  /// missing value may be anything: its other parts still apply.
  [[nodiscard]] Verdict judge(Action action, std::string_view resource,
                              const Context& context) const;
  /// How it interprets the values of variables for this action.
  [[nodiscard]] Reading reading_for(Action action) const;
  /// The first variable without a value, or the first condition that fails; for explanations.
  [[nodiscard]] const Variable* first_unresolved(const Context& context, Reading reading) const;
  [[nodiscard]] const Condition* first_failing(const Context& context, Reading reading) const;
  [[nodiscard]] std::span<const Condition> conditions() const { return conditions_; }
  [[nodiscard]] std::span<const Variable> variables() const { return variables_; }

 private:
  friend class StatementParser;
  bool allows_ = false;
  std::string sid_;
  ActionSet actions_;
  std::vector<ResourcePattern> resources_;
  std::vector<Condition> conditions_;
  std::vector<Variable> variables_;  ///< Used in resources and condition values, each once.
};

/// An AWS IoT policy document, parsed, checked and compiled. Immutable; shared between threads. It
/// is strict: documents that AWS would accept but that would never match are refused with an
/// explanation - unknown members, actions, variables, operators, condition keys, resource types.
/// Version must be 2012-10-17, the only one with variables; an older document that has `${...}` in
/// it would change its meaning.
class Policy {
 public:
  /// Errors carry Fault::invalid, the cause MalformedPolicy and the JSON path in `where`. `name` is
  /// only shown in decisions.
  static Result<Policy> parse(std::string_view document, std::string name = {});

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::span<const Statement> statements() const { return statements_; }
  [[nodiscard]] bool denies_anything() const;
  /// The first time after `now` at which one of its conditions on time may change.
  [[nodiscard]] std::optional<Timestamp> next_change(Timestamp now) const;

 private:
  std::string name_;
  std::vector<Statement> statements_;
  std::vector<Timestamp> turning_points_;  ///< in order
};

enum class Outcome : std::uint8_t { allowed, explicit_deny, implicit_deny };
std::string_view to_string(Outcome outcome);

/// A decision with the statement that made it; none for implicit_deny.
struct Decision {
  Outcome outcome = Outcome::implicit_deny;
  const Policy* policy = nullptr;  ///< One of the policies that were asked.
  std::size_t statement = 0;       ///< Index in policy->statements().

  [[nodiscard]] bool allowed() const { return outcome == Outcome::allowed; }
};

/// The policies of a certificate and of its thing's groups; a snapshot that does not own them.
struct PolicySet {
  using Policies = std::span<const std::shared_ptr<const Policy>>;

  PolicySet() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): most sets have nothing else
  PolicySet(Policies in_force, Policies denying = {}) : policies(in_force), only_deny(denying) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  PolicySet(const std::vector<std::shared_ptr<const Policy>>& in_force) : policies(in_force) {}

  Policies policies = {};
  /// Policies of the groups of things other than the connection's: their Allows do not count. Their
  /// Denies do, because the client id, which the client chooses, decides which thing the connection
  /// belongs to.
  Policies only_deny = {};
};

/// An explicit Deny overrides any Allow; without either the answer is no. Action::subscribe on
/// `$share/{group}/{filter}`: an Allow of {filter} is enough, and so is one of the whole string
/// whose pattern spells out `$share/`; a Deny of either blocks.
Decision evaluate(const PolicySet& policies, const Request& request, const Context& context);

/// The reason as a sentence for people: the deciding statement, or for an implicit deny the
/// statement that came closest and what it lacked.
std::string explain(const Decision& decision, const PolicySet& policies, const Request& request,
                    const Context& context);

}  // namespace imprint::policy
