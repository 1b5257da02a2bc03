// SPDX-License-Identifier: Apache-2.0
#include "control_api/arn.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/policies_in_effect.h"
#include "control_api/policy_records.h"
#include "control_api/thing_records.h"
#include "identity/access_control.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct RightsNeeds {
  registry::Store& store;
  identity::AccessControl& device_access;
  std::string endpoint_address;
};

using identity::Principal;
using policy::Outcome;

constexpr std::size_t kMaxAuthInfos = 10;  // AWS IoT API
// AWS names no limits for these; each costs a look-up or an evaluation.
constexpr std::size_t kMaxResources = 100;
constexpr std::size_t kMaxPolicyNames = 100;

Result<void> refuse_cognito(const Call& call) {
  if (!call.in.has("cognitoIdentityPoolId")) return {};
  return refuse(Exception::invalid_request,
                "Amazon Cognito identities are not available in Imprint; leave them out",
                "cognitoIdentityPoolId");
}

/// The policy with its default document; nullopt if it has been deleted.
runtime::Task<Result<std::optional<json::object>>> write_effective(Call call, RightsNeeds needs,
                                                                   PolicyName name) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const std::optional<registry::Policy> policy,
                co_await registry::find(store, registry::policy_key(name)));
  if (!policy) co_return std::optional<json::object>();
  CO_TRY_ASSIGN(
      const std::optional<registry::PolicyVersion> version,
      co_await registry::find(store, registry::policy_version_key(name, policy->default_version)));
  if (!version) co_return std::optional<json::object>();
  json::object out = write_policy(call, name);
  out["policyDocument"] = version->document;
  co_return std::optional(std::move(out));
}

/// The policies of a connection of the principal under the client id of the thing. Without a thing:
/// the policies that have an effect under any client id. With a thing that the principal is not
/// attached to: the policies that would be in effect if it were.
Answer get_effective_policies(Call call, RightsNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY(refuse_cognito(call));
  const auto thing = call.in.optional_name<ThingName>("thingName");
  if (!thing && !call.in.has("principal")) {
    co_return refuse(Exception::invalid_request,
                     "neither principal nor thingName is given; give one");
  }
  std::set<PolicyName> names;
  if (call.in.has("principal")) {
    CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
    CO_TRY_ASSIGN(const identity::PrincipalPtr principal,
                  co_await needs.device_access.principal_with(id, {}));
    std::vector<std::string> client_ids{thing ? thing->str() : std::string()};
    if (!thing) {
      for (const identity::AttachedThing& attached : principal->things)
        client_ids.push_back(attached.thing.name.str());
    }
    for (const std::string& client_id : client_ids) {
      const identity::Rights rights = principal->rights_of(client_id);
      for (const auto* policies : {&rights.in_force, &rights.only_deny}) {
        for (const auto& policy : *policies) names.insert(*PolicyName::parse(policy->name()));
      }
    }
  }
  if (thing) {
    CO_TRY(co_await get_thing_record(store, *thing));
    CO_TRY_ASSIGN(std::set<PolicyName> through, co_await policies_through_thing(store, *thing));
    names.merge(through);
  }
  json::array policies;
  for (const PolicyName& name : names) {
    CO_TRY_ASSIGN(std::optional<json::object> written, co_await write_effective(call, needs, name));
    if (written) policies.emplace_back(std::move(*written));
  }
  co_return json::object{{"effectivePolicies", std::move(policies)}};
}

struct ActionType {
  std::string_view name;
  policy::Action action;
};
constexpr auto kActionTypes = std::to_array<ActionType>({{"PUBLISH", policy::Action::publish},
                                                         {"SUBSCRIBE", policy::Action::subscribe},
                                                         {"RECEIVE", policy::Action::receive},
                                                         {"CONNECT", policy::Action::connect}});
constexpr std::string_view kActionNames[] = {"PUBLISH", "SUBSCRIBE", "RECEIVE", "CONNECT"};
constexpr InputInfo kActionType{.name = "authInfos.actionType", .values = kActionNames};
constexpr InputInfo kResource{.name = "authInfos.resources", .least = 1, .most = 2048};

/// One AuthInfo: whether the principal may do this action to each of these resources.
struct Question {
  json::object asked;
  policy::Action action;
  std::vector<std::string> resources;  ///< client ids, topics or filters
};

Result<policy::Action> read_action(const json::object& info) {
  const json::value* value = info.if_contains("actionType");
  if (value == nullptr) return refuse_value(kActionType.name, "null", "Member must not be null");
  TRY(check_value(kActionType, *value));
  return std::ranges::find(kActionTypes, std::string_view(value->as_string()), &ActionType::name)
      ->action;
}

Result<Question> read_question(const Call& call, const json::value& element) {
  const json::object* info = element.if_object();
  const json::value* list = info == nullptr ? nullptr : info->if_contains("resources");
  const json::array* resources = list == nullptr ? nullptr : list->if_array();
  if (resources == nullptr || resources->empty() || resources->size() > kMaxResources) {
    return refuse_value(
        "authInfos", encoding::to_json(element),
        fmt::format("Member must be a list of objects with actionType and 1 to {} resources",
                    kMaxResources));
  }
  TRY_ASSIGN(const policy::Action action, read_action(*info));
  Question question{*info, action, {}};
  for (const json::value& resource : *resources) {
    TRY(check_value(kResource, resource));
    TRY_ASSIGN(std::string name, parse_arn(call, kResource.name, resource.as_string(),
                                           policy::to_string(policy::info(action).resource)));
    question.resources.push_back(std::move(name));
  }
  return question;
}

Result<std::vector<Question>> read_questions(const Call& call) {
  const json::array infos = call.in.list("authInfos");
  if (infos.empty() || infos.size() > kMaxAuthInfos) {
    return refuse_value("authInfos", std::to_string(infos.size()),
                        fmt::format("Member must have length between 1 and {}", kMaxAuthInfos));
  }
  std::vector<Question> questions;
  for (const json::value& element : infos) {
    TRY_ASSIGN(Question question, read_question(call, element));
    questions.push_back(std::move(question));
  }
  return questions;
}

Result<std::vector<PolicyName>> read_policy_names(const Call& call, std::string_view member) {
  const json::array list = call.in.list(member);
  if (list.size() > kMaxPolicyNames) {
    return refuse(Exception::limit_exceeded,
                  fmt::format("{} names {} policies; at most {} are allowed", member, list.size(),
                              kMaxPolicyNames));
  }
  InputInfo row = members::policy_name();
  row.name = member;
  std::vector<PolicyName> names;
  for (const json::value& element : list) {
    TRY(check_value(row, element));
    TRY_ASSIGN(PolicyName name, PolicyName::parse(element.as_string()));
    names.push_back(std::move(name));
  }
  return names;
}

/// How far an outcome is from a permission. Of several outcomes the farthest one counts.
int distance(Outcome outcome) {
  switch (outcome) {
    case Outcome::allowed:
      return 0;
    case Outcome::implicit_deny:
      return 1;
    case Outcome::explicit_deny:
      return 2;
  }
  return 2;
}

Outcome farther(Outcome a, Outcome b) { return distance(a) < distance(b) ? b : a; }

std::string_view auth_decision(Outcome outcome) {
  constexpr std::array<std::string_view, 3> kNames = {"ALLOWED", "IMPLICIT_DENY", "EXPLICIT_DENY"};
  return kNames[static_cast<std::size_t>(distance(outcome))];
}

/// The outcome of all policies together and of each alone, and the keys and variables that had no
/// value.
struct Verdict {
  Outcome outcome = Outcome::allowed;
  std::map<std::string, Outcome, std::less<>> of_policy = {};
  std::set<std::string, std::less<>> missing = {};
};

void note_missing(const policy::Policy& policy, const policy::Request& request,
                  const policy::Context& context, Verdict& verdict) {
  for (const policy::Statement& statement : policy.statements()) {
    if (!statement.actions()[static_cast<std::size_t>(request.action)]) continue;
    if (const auto* variable =
            statement.first_unresolved(context, statement.reading_for(request.action)))
      verdict.missing.emplace(variable->name);
    for (const policy::Condition& condition : statement.conditions()) {
      const policy::Variable& key = condition.key();
      if (!key.is_time() && policy::values(key, context).empty()) verdict.missing.emplace(key.name);
    }
  }
}

void note_alone(const policy::Policy& policy, Outcome alone, Verdict& verdict) {
  const auto [it, is_new] = verdict.of_policy.try_emplace(policy.name(), alone);
  if (!is_new) it->second = farther(it->second, alone);
}

/// For CONNECT without a client id in the call, the resource is the client id.
Verdict judge(const Call& call, RightsNeeds needs, const Principal& principal,
              const Question& question) {
  Verdict verdict;
  const std::string client_id = call.in.text("clientId");
  const bool connects = question.action == policy::Action::connect;
  for (const std::string& resource : question.resources) {
    const identity::ConnectionFacts facts{
        .client_id = connects && client_id.empty() ? resource : client_id,
        .source_ip = {},
        .domain_name = needs.endpoint_address,
        .persistent = false,
        .has_will = false,
        .will_topic = {}};
    const policy::Context context =
        identity::context_of(principal, facts, call.account, call.now());
    const policy::Request request{question.action, resource};
    const identity::Rights rights = principal.rights_of(facts.client_id);
    verdict.outcome =
        farther(verdict.outcome, policy::evaluate(rights.set(), request, context).outcome);
    for (const auto& policy : rights.in_force) {
      const Outcome alone =
          policy::evaluate(policy::PolicySet({&policy, 1}), request, context).outcome;
      note_alone(*policy, alone, verdict);
      note_missing(*policy, request, context, verdict);
    }
    for (const auto& policy : rights.only_deny) {
      const Outcome alone =
          policy::evaluate(policy::PolicySet({}, {&policy, 1}), request, context).outcome;
      if (alone == Outcome::explicit_deny) note_alone(*policy, alone, verdict);
    }
  }
  return verdict;
}

/// The policies that alone have this outcome.
json::object write_policies(const Call& call, const Verdict& verdict, Outcome outcome) {
  json::array out;
  for (const auto& [text, alone] : verdict.of_policy) {
    if (alone != outcome) continue;
    const auto name = PolicyName::parse(text);
    IMPRINT_ASSERT(name.has_value());
    out.emplace_back(write_policy(call, *name));
  }
  return {{"policies", std::move(out)}};
}

json::object write_verdict(const Call& call, RightsNeeds needs, const Principal& principal,
                           const Question& question) {
  const Verdict verdict = judge(call, needs, principal, question);
  const auto policies = [&](Outcome outcome) { return write_policies(call, verdict, outcome); };
  return {{"authInfo", question.asked},
          {"allowed", policies(Outcome::allowed)},
          {"denied", json::object{{"implicitDeny", policies(Outcome::implicit_deny)},
                                  {"explicitDeny", policies(Outcome::explicit_deny)}}},
          {"authDecision", auth_decision(verdict.outcome)},
          {"missingContextValues", json::array(verdict.missing.begin(), verdict.missing.end())}};
}

Answer test_authorization(Call call, RightsNeeds needs) {
  CO_TRY(refuse_cognito(call));
  if (!call.in.has("principal"))
    co_return refuse_value("principal", "null", "Member must not be null");
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  CO_TRY_ASSIGN(const std::vector<Question> questions, read_questions(call));
  identity::PolicyChanges changes;
  CO_TRY_ASSIGN(changes.added, read_policy_names(call, "policyNamesToAdd"));
  CO_TRY_ASSIGN(changes.skipped, read_policy_names(call, "policyNamesToSkip"));
  CO_TRY_ASSIGN(const identity::PrincipalPtr principal,
                co_await needs.device_access.principal_with(id, std::move(changes)));
  json::array results;
  for (const Question& question : questions)
    results.emplace_back(write_verdict(call, needs, *principal, question));
  co_return json::object{{"authResults", std::move(results)}};
}

using enum Exception;

constexpr InputInfo kCognito = members::text("cognitoIdentityPoolId", 2048);
constexpr InputInfo kEffective[] = {members::optional_arn("principal"), kCognito,
                                    members::thing_name(Location::query, false)};
constexpr InputInfo kTest[] = {members::optional_arn("principal"),
                               kCognito,
                               {.name = "authInfos", .type = Type::list, .required = true},
                               {.name = "clientId", .in = Location::query, .most = 128},
                               {.name = "policyNamesToAdd", .type = Type::list},
                               {.name = "policyNamesToSkip", .type = Type::list}};
constexpr ExceptionSet kErrors{not_found,           invalid_request,  throttling,    unauthorized,
                               service_unavailable, internal_failure, limit_exceeded};

constexpr rest::Row<RightsNeeds> kOperations[] = {
    {"GetEffectivePolicies", "POST", "/effective-policies", kEffective, kErrors,
     get_effective_policies, "{principal}"},
    {"TestAuthorization", "POST", "/test-authorization", kTest, kErrors, test_authorization,
     "{principal}"},
};

}  // namespace

Operations device_rights_operations(registry::Store& store, identity::AccessControl& device_access,
                                    std::string endpoint_address) {
  return rest::bind(kOperations, RightsNeeds{store, device_access, endpoint_address});
}

}  // namespace imprint::control_api
