// SPDX-License-Identifier: Apache-2.0
#include "provisioning/activation_hook.h"

#include <algorithm>
#include <array>

#include "encoding/json.h"
#include "registry/records.h"

namespace imprint::provisioning {

namespace {

namespace json = encoding::json;
using Action = ActivationDecision::Action;

/// The place in messages, where those about a template have a JSON path.
constexpr std::string_view kPlace = "hook";

template <class... Args>
Unexpected refuse_answer(fmt::format_string<Args...> format, Args&&... args) {
  return fail(Fault::unavailable, "the activation hook's answer is invalid: {}",
              fmt::format(format, std::forward<Args>(args)...));
}

Result<std::string> read_text(const json::value& value, std::string_view member) {
  if (value.is_string()) return std::string(value.get_string());
  return refuse_answer("{} is {} where text is expected", member, encoding::type_name(value));
}

Result<const json::array*> read_list(const json::object& object, std::string_view member) {
  static const json::array kNone;
  const json::value* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return &kNone;
  if (!value->is_array())
    return refuse_answer("{} is {} where a list is expected", member, encoding::type_name(*value));
  return &value->get_array();
}

/// Reads a member that contains a valid name.
template <class Name>
Result<Name> read_name(const json::value& value, std::string_view member) {
  TRY_ASSIGN(const std::string text, read_text(value, member));
  auto name = Name::parse(text);
  if (!name) return refuse_answer("{}: {}", member, name.error().message);
  return name;
}

Result<void> check_members(const json::object& object, std::span<const std::string_view> known) {
  for (const auto& member : object) {
    if (std::ranges::find(known, std::string_view(member.key())) == known.end())
      return refuse_answer("there is no member {}", quote(std::string(member.key())));
  }
  return {};
}

Result<std::map<AttributeName, std::string>> read_attributes(const json::value& value) {
  if (!value.is_object())
    return refuse_answer("attributes is {} where an object is expected",
                         encoding::type_name(value));
  std::map<AttributeName, std::string> out;
  for (const auto& member : value.get_object()) {
    auto name = AttributeName::parse(std::string(member.key()));
    if (!name) return refuse_answer("attributes: {}", name.error().message);
    TRY_ASSIGN(std::string text, read_text(member.value(), "attributes." + name->str()));
    if (const auto fit = check_attribute_value(text); !fit)
      return refuse_answer("attributes.{}: {}", name->str(), fit.error().message);
    out.emplace(std::move(*name), std::move(text));
  }
  if (out.size() > templates::kMaxAttributes)
    return refuse_answer("{} attributes; at most {} are allowed", out.size(),
                         templates::kMaxAttributes);
  return out;
}

Result<templates::ThingResource> read_thing(const json::value& value) {
  if (!value.is_object())
    return refuse_answer("thing is {} where an object is expected", encoding::type_name(value));
  const json::object& object = value.get_object();
  static constexpr std::array<std::string_view, 4> kMembers = {"thingName", "thingTypeName",
                                                               "attributes", "thingGroups"};
  TRY(check_members(object, kMembers));
  const json::value* name = object.if_contains("thingName");
  if (name == nullptr) return refuse_answer("thing has no thingName");
  TRY_ASSIGN(ThingName thing_name, read_name<ThingName>(*name, "thing.thingName"));
  templates::ThingResource thing{.logical_name = std::string(kPlace),
                                 .name = std::move(thing_name),
                                 .attributes = {},
                                 .type = {},
                                 .groups = {},
                                 .billing_group = {}};
  if (const json::value* type = object.if_contains("thingTypeName")) {
    TRY_ASSIGN(thing.type, read_name<ThingTypeName>(*type, "thing.thingTypeName"));
  }
  if (const json::value* attributes = object.if_contains("attributes")) {
    TRY_ASSIGN(thing.attributes, read_attributes(*attributes));
  }
  TRY_ASSIGN(const json::array* groups, read_list(object, "thingGroups"));
  if (groups->size() > templates::kMaxGroups)
    return refuse_answer("{} thingGroups; at most {} are allowed", groups->size(),
                         templates::kMaxGroups);
  for (const json::value& group : *groups) {
    TRY_ASSIGN(ThingGroupName one, read_name<ThingGroupName>(group, "thing.thingGroups"));
    if (!thing.groups) thing.groups.emplace();
    thing.groups->push_back(std::move(one));
  }
  return thing;
}

Result<Action> read_action(const json::object& object) {
  const json::value* value = object.if_contains("action");
  if (value == nullptr) return refuse_answer("it has no action");
  TRY_ASSIGN(const std::string text, read_text(*value, "action"));
  for (const Action action : {Action::activate, Action::reject, Action::wait}) {
    if (text == to_string(action)) return action;
  }
  return refuse_answer("action is {}; it is activate, reject or pending", quote(text));
}

}  // namespace

json::object to_json(const RegistrationEvent& event) {
  return {
      {"certificateId", event.certificate.hex()},
      {"caCertificateId", event.ca.hex()},
      {"timestamp", to_milliseconds(event.now)},
      {"certificateStatus", registry::to_string(registry::CertificateStatus::pending_activation)},
      {"awsAccountId", event.account},
      {"certificateRegistrationTimestamp", std::to_string(to_milliseconds(event.registered))}};
}

std::string question_of(const RegistrationEvent& event, const std::string& certificate_pem,
                        const std::string& client_id) {
  json::object question = to_json(event);
  question["certificatePem"] = certificate_pem;
  question["clientId"] = client_id;
  return encoding::to_json(question);
}

std::string_view to_string(Action action) {
  switch (action) {
    case Action::activate:
      return "activate";
    case Action::reject:
      return "reject";
    case Action::wait:
      return "pending";
  }
  return "pending";
}

Result<ActivationDecision> read_decision(const hooks::Reply& reply) {
  if (reply.kind != hooks::Reply::Kind::answered)
    return fail(Fault::unavailable, "the activation hook gave no answer: {}", reply.because);
  if (!reply.answer.is_object())
    return refuse_answer("it is {} where an object is expected", encoding::type_name(reply.answer));
  const json::object& object = reply.answer.get_object();
  static constexpr std::array<std::string_view, 3> kMembers = {"action", "policies", "thing"};
  TRY(check_members(object, kMembers));
  TRY_ASSIGN(const Action action, read_action(object));
  ActivationDecision decision{.action = action};
  TRY_ASSIGN(const json::array* policies, read_list(object, "policies"));
  const json::value* thing = object.if_contains("thing");
  if (action != Action::activate && (!policies->empty() || thing != nullptr))
    return refuse_answer("policies and thing go with the action activate only");
  if (policies->size() > templates::kMaxPolicies)
    return refuse_answer("{} policies; at most {} are allowed", policies->size(),
                         templates::kMaxPolicies);
  for (const json::value& policy : *policies) {
    TRY_ASSIGN(PolicyName name, read_name<PolicyName>(policy, "policies"));
    decision.policies.push_back(std::move(name));
  }
  if (thing != nullptr && !thing->is_null()) {
    TRY_ASSIGN(decision.thing, read_thing(*thing));
  }
  return decision;
}

templates::Resources resources_of(const ActivationDecision& decision,
                                  const CertificateId& certificate) {
  templates::Resources out;
  out.certificate = templates::CertificateResource{.logical_name = std::string(kPlace),
                                                   .value = certificate.hex(),
                                                   .ca_pem = {},
                                                   .status_override = {}};
  out.thing = decision.thing;
  for (const PolicyName& policy : decision.policies)
    out.policies.push_back({.logical_name = std::string(kPlace), .policy = policy});
  return out;
}

}  // namespace imprint::provisioning
