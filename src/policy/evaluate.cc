// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/name.h"
#include "policy/denial.h"
#include "policy/policy.h"

namespace imprint::policy {

namespace {

using Verdict = Statement::Verdict;
constexpr std::string_view kShared = "$share/";
constexpr std::string_view kSharedResource = "topicfilter/$share/";

/// "{type}/{name}" without an allocation for names of ordinary length.
class FullResource {
 public:
  FullResource(ResourceType type, std::string_view name) {
    if (type == ResourceType::all) return;
    text_.append(to_string(type));
    text_.push_back('/');
    text_.append(name);
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  fmt::basic_memory_buffer<char, 512> text_;
};

/// The {filter} of $share/{group}/{filter}; empty if the text is not of that form.
std::string_view shared_filter(std::string_view filter) {
  if (!filter.starts_with(kShared)) return {};
  const std::size_t slash = filter.find('/', kShared.size());
  return slash == std::string_view::npos ? std::string_view() : filter.substr(slash + 1);
}

Decision decide(const PolicySet& set, const Request& request, const Context& context) {
  const FullResource resource(info(request.action).resource, request.resource);
  Decision out;
  for (const auto& policy : set.only_deny) {
    const auto statements = policy->statements();
    for (std::size_t i = 0; i < statements.size(); ++i) {
      if (!statements[i].allows() &&
          statements[i].judge(request.action, resource.view(), context) == Verdict::matches)
        return {Outcome::explicit_deny, policy.get(), i};
    }
  }
  for (const auto& policy : set.policies) {
    const auto statements = policy->statements();
    for (std::size_t i = 0; i < statements.size(); ++i) {
      // Once one Allow matches, further ones change nothing.
      if (statements[i].allows() && out.allowed()) continue;
      if (statements[i].judge(request.action, resource.view(), context) != Verdict::matches)
        continue;
      if (!statements[i].allows()) return {Outcome::explicit_deny, policy.get(), i};
      out = {Outcome::allowed, policy.get(), i};
    }
  }
  return out;
}

std::string name_statement(const Policy& policy, std::size_t index) {
  const std::string& sid = policy.statements()[index].sid();
  return fmt::format("Statement[{}]{} of policy {}", index,
                     sid.empty() ? "" : fmt::format(" ({})", quote(sid)), quote(policy.name()));
}

std::string name_request(const Request& request) {
  const ActionInfo& row = info(request.action);
  if (row.resource == ResourceType::all) return std::string(row.name);
  return fmt::format("{} on {}/{}", row.name, to_string(row.resource), quote(request.resource));
}

/// How close a statement came to matching: the higher, the more parts matched.
int nearness(Verdict verdict) {
  switch (verdict) {
    case Verdict::condition_failed:
      return 3;
    case Verdict::unresolved:
      return 2;
    case Verdict::other_resource:
      return 1;
    case Verdict::other_action:
    case Verdict::matches:
      return 0;
  }
  return 0;
}

/// Why an Allow cannot use the value of a variable.
std::string explain_unresolved(const Variable& variable, const Context& context) {
  const std::vector<Value> found = values(variable, context);
  if (found.empty()) return fmt::format("${{{}}} has no value for this connection", variable.name);
  std::string storage;
  return fmt::format(
      "${{{}}} is {}: an Allow uses no value with a wildcard (* ? # +), a leading $, a slash in a "
      "client id, or more than 1024 bytes",
      variable.name, quote(spell(found.front(), storage)));
}

/// The ARN of a resource, or only its type and name if the whole would be cut.
std::string name_resource(std::string_view arn) {
  constexpr std::size_t kLongestWhole = 80;
  constexpr int kPartsBeforeType = 5;  // arn, partition, service, region, account
  if (arn.size() <= kLongestWhole) return quote(arn);
  for (int i = 0; i < kPartsBeforeType; ++i) arn.remove_prefix(arn.find(':') + 1);
  return quote(arn);
}

/// The first resources of a statement, and the number of the others.
std::string name_resources(const Statement& statement) {
  constexpr std::size_t kMostNamed = 3;
  const auto resources = statement.resources();
  std::string out;
  for (std::size_t i = 0; i < std::min(resources.size(), kMostNamed); ++i)
    out += fmt::format("{}{}", i == 0 ? "" : ", ", name_resource(resources[i].text()));
  if (resources.size() > kMostNamed)
    out += fmt::format(" and {} more", resources.size() - kMostNamed);
  return out;
}

std::string lack(const Statement& statement, Verdict verdict, Action action,
                 const Context& context) {
  if (verdict == Verdict::condition_failed) {
    const Condition* condition = statement.first_failing(context, statement.reading_for(action));
    return fmt::format("its condition {} does not hold",
                       condition != nullptr ? condition->describe() : "");
  }
  if (verdict == Verdict::unresolved) {
    const Variable* variable = statement.first_unresolved(context, statement.reading_for(action));
    if (variable != nullptr) return explain_unresolved(*variable, context);
  }
  return fmt::format("allows only {}", name_resources(statement));
}

/// The Allow statement that came closest; its policy is null when none has the action.
struct Nearest {
  const Policy* policy = nullptr;
  std::size_t statement = 0;
  Verdict verdict = Verdict::other_action;
};

Nearest nearest_to(const PolicySet& set, const Request& request, const Context& context) {
  const FullResource resource(info(request.action).resource, request.resource);
  Nearest out;
  for (const auto& policy : set.policies) {
    const auto statements = policy->statements();
    for (std::size_t i = 0; i < statements.size(); ++i) {
      if (!statements[i].allows()) continue;
      const Verdict verdict = statements[i].judge(request.action, resource.view(), context);
      if (nearness(verdict) > nearness(out.verdict)) out = {policy.get(), i, verdict};
    }
  }
  return out;
}

std::string explain_implicit(const PolicySet& set, const Request& request, const Context& context) {
  const std::string asked = name_request(request);
  if (set.policies.empty())
    return fmt::format("{} is not allowed: no policy is attached to the certificate", asked);
  const Nearest nearest = nearest_to(set, request, context);
  if (nearest.policy == nullptr)
    return fmt::format("{} is not allowed: no Allow statement names the action", asked);
  return fmt::format("{} is not allowed: {} comes closest, but {}", asked,
                     name_statement(*nearest.policy, nearest.statement),
                     lack(nearest.policy->statements()[nearest.statement], nearest.verdict,
                          request.action, context));
}

}  // namespace

const Variable* Statement::first_unresolved(const Context& context, Reading reading) const {
  const auto found = std::ranges::find_if(variables_, [&](const Variable& variable) {
    return substitution(variable, context, reading).text.empty();
  });
  return found == variables_.end() ? nullptr : &*found;
}

const Condition* Statement::first_failing(const Context& context, Reading reading) const {
  const auto found = std::ranges::find_if(
      conditions_, [&](const Condition& condition) { return !condition.holds(context, reading); });
  return found == conditions_.end() ? nullptr : &*found;
}

Reading Statement::reading_for(Action action) const {
  if (!allows_) return Reading::deny;
  return info(action).resource == ResourceType::client ? Reading::allow_client : Reading::allow;
}

Statement::Verdict Statement::judge(Action action, std::string_view resource,
                                    const Context& context) const {
  if (!actions_[static_cast<std::size_t>(action)]) return Verdict::other_action;
  const Reading reading = reading_for(action);
  // A client that calls itself "$share" must not be granted a share group by a pattern for its own
  // topics.
  const bool is_shared = action == Action::subscribe && resource.starts_with(kSharedResource);
  const bool is_match = std::ranges::any_of(resources_, [&](const ResourcePattern& pattern) {
    return (!allows_ || !is_shared || pattern.names_share_groups()) &&
           pattern.matches(resource, context, reading);
  });
  // AWS: a statement whose variable has no value does not match. That is the safe reading for an
  // Allow as a whole; in a Deny, the parts that can be resolved still apply.
  if (allows_ && first_unresolved(context, reading) != nullptr) return Verdict::unresolved;
  if (!is_match) return Verdict::other_resource;
  return first_failing(context, reading) == nullptr ? Verdict::matches : Verdict::condition_failed;
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::allowed:
      return "allowed";
    case Outcome::explicit_deny:
      return "explicit_deny";
    case Outcome::implicit_deny:
      return "implicit_deny";
  }
  return "implicit_deny";
}

Decision evaluate(const PolicySet& policies, const Request& request, const Context& context) {
  const Decision whole = decide(policies, request, context);
  if (request.action != Action::subscribe || whole.outcome == Outcome::explicit_deny) return whole;
  const std::string_view filter = shared_filter(request.resource);
  if (filter.empty()) return whole;
  const Decision inner = decide(policies, {request.action, filter}, context);
  if (inner.outcome == Outcome::explicit_deny || !whole.allowed()) return inner;
  return whole;
}

Denial denial_of(const Decision& decision, const PolicySet& policies, const Request& request,
                 const Context& context) {
  if (decision.outcome == Outcome::explicit_deny) return Denial::explicit_deny;
  if (policies.policies.empty()) return Denial::no_policy;
  switch (nearest_to(policies, request, context).verdict) {
    case Verdict::unresolved:
      return Denial::no_value;
    case Verdict::condition_failed:
      return Denial::condition;
    case Verdict::other_resource:
    case Verdict::other_action:
    case Verdict::matches:
      break;
  }
  return Denial::no_statement;
}

std::string explain(const Decision& decision, const PolicySet& policies, const Request& request,
                    const Context& context) {
  if (decision.policy == nullptr) return explain_implicit(policies, request, context);
  return fmt::format("{} is {} by {}", name_request(request),
                     decision.allowed() ? "allowed" : "denied",
                     name_statement(*decision.policy, decision.statement));
}

}  // namespace imprint::policy
