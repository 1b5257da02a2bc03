// SPDX-License-Identifier: Apache-2.0
#include "access/policy.h"

#include <algorithm>
#include <array>

#include "base/name.h"
#include "policy/document.h"

namespace imprint::access {

namespace json = encoding::json;
using policy::malformed;
using policy::Pattern;
using policy::ResourcePattern;

namespace {

constexpr std::size_t kMaxStatements = 100;
constexpr std::size_t kMaxEntries = 500;

// The resource types of AWS (service authorization reference of AWS IoT), and Imprint's own
// "credential" and "manufacturinglist".
constexpr auto kResourceTypes = std::to_array<std::string_view>(
    {"thing", "thingtype", "thinggroup", "dynamicthinggroup", "billinggroup", "policy", "cert",
     "cacert", "provisioningtemplate", "job", "jobtemplate", "rolealias", "authorizer", "rule",
     "index", "certificateprovider", "domainconfiguration", "credential", "manufacturinglist"});

std::string_view remedy_for(std::string_view member) {
  if (member == "NotAction") return "list the actions in Action instead";
  if (member == "NotResource")
    return "allow only the needed resources in Resource, or deny the exceptions in a separate "
           "statement";
  if (member == "Condition")
    return "conditions are not supported for access keys; remove it, or restrict the actions and "
           "resources";
  if (member == "Principal" || member == "NotPrincipal")
    return "remove it: the policy applies to the access key that it is attached to";
  return "known are Sid, Effect, Action and Resource";
}

bool is_action_character(char c) {
  return name_rules::is_alnum(c) || c == ':' || c == '*' || c == '?' || c == '-';
}

Result<Pattern> parse_action(std::string_view text) {
  const std::string_view service = text.substr(0, text.find(':'));
  const bool is_valid = text == "*" || (service.size() < text.size() && !service.empty());
  if (!is_valid || text.size() > 128 || !std::ranges::all_of(text, is_action_character)) {
    return fail(Fault::invalid,
                "{} is not an action; write SERVICE:OPERATION, for example iot:CreateThing, iot:* "
                "or imprint:CreateClaim",
                quote(text));
  }
  return Pattern::parse(text, Pattern::Wildcards::yes, Pattern::Case::ignore);
}

Result<ResourcePattern> parse_resource(std::string_view text) {
  if (text.find("${") != std::string_view::npos) {
    return fail(Fault::invalid,
                "{} contains a variable; variables are supported only in device policies",
                quote(text));
  }
  return ResourcePattern::parse(text, resource_types());
}

bool matches(const Pattern& pattern, std::string_view text) { return pattern.matches(text); }

}  // namespace

std::span<const std::string_view> resource_types() { return kResourceTypes; }

bool Statement::covers_action(std::string_view action) const {
  return std::ranges::any_of(actions_,
                             [&](const Pattern& pattern) { return matches(pattern, action); });
}

bool Statement::covers(const Request& request) const {
  if (!covers_action(request.action)) return false;
  policy::Context context = policy::nothing_known();
  context.account = request.account;
  return std::ranges::any_of(resources_, [&](const ResourcePattern& pattern) {
    return pattern.matches(request.resource, context, policy::Reading::allow);
  });
}

Result<void> Statement::take(const std::string& where, std::string_view member,
                             const json::value& value) {
  const std::string at = policy::member_path(where, member);
  if (member == "Sid") {
    TRY_ASSIGN(sid_, policy::parse_sid(at, value));
    return {};
  }
  if (member == "Effect") {
    TRY_ASSIGN(allows_, policy::parse_effect(at, value));
    return {};
  }
  if (member == "Action") {
    return policy::each_string(
        at, value, [&](const std::string& place, std::string_view text) -> Result<void> {
          auto pattern = parse_action(text);
          if (!pattern) return malformed(place, pattern.error());
          actions_.push_back(*std::move(pattern));
          return {};
        });
  }
  if (member == "Resource") {
    return policy::each_string(
        at, value, [&](const std::string& place, std::string_view text) -> Result<void> {
          auto pattern = parse_resource(text);
          if (!pattern) return malformed(place, pattern.error());
          resources_.push_back(*std::move(pattern));
          return {};
        });
  }
  return malformed(where, fmt::format("member {} is not supported in access policies; {}",
                                      quote(member), remedy_for(member)));
}

Result<Policy> Policy::parse(std::string_view document, std::string name) {
  TRY_ASSIGN(const std::vector<policy::StatementText> texts,
             policy::parse_document(document, {kMaxDocumentCharacters, kMaxDocumentBytes}));
  if (texts.size() > kMaxStatements) {
    return malformed("$.Statement", fmt::format("{} statements; at most {} are allowed",
                                                texts.size(), kMaxStatements));
  }
  Policy out;
  out.name_ = std::move(name);
  std::size_t entries = 0;
  for (const policy::StatementText& text : texts) {
    Statement statement;
    for (const auto& member : text.members) {
      const std::string_view key(member.key().data(), member.key().size());
      TRY(statement.take(text.where, key, member.value()));
    }
    for (const char* needed : {"Effect", "Action", "Resource"}) {
      if (!text.members.contains(needed))
        return malformed(text.where,
                         fmt::format("has no {}; it is required in every statement", needed));
    }
    const std::string where = policy::member_path(text.where, "Action");
    std::size_t pattern = 0;
    TRY(policy::each_string(where, text.members.at("Action"),
                            [&](const std::string& place, std::string_view action) -> Result<void> {
                              out.entries_.push_back(
                                  {place, std::string(action), statement.actions_[pattern++]});
                              return {};
                            }));
    entries += statement.actions_.size() + statement.resources_.size();
    if (entries > kMaxEntries) {
      return malformed(text.where, fmt::format("the policy has more than {} actions and resources",
                                               kMaxEntries));
    }
    out.statements_.push_back(std::move(statement));
  }
  return out;
}

Result<void> Policy::check_actions(std::span<const std::string> known) const {
  for (const Entry& entry : entries_) {
    const bool is_known = std::ranges::any_of(
        known, [&](const std::string& action) { return matches(entry.pattern, action); });
    if (is_known) continue;
    return malformed(
        entry.where,
        fmt::format(
            "{} matches no action of this server, so the statement would have no effect; an action "
            "is iot: or imprint: and the name of an operation (docs/compatibility.md lists them)",
            quote(entry.text)));
  }
  return {};
}

Decision evaluate(const Policy& policy, const Request& request) {
  Decision out;
  const auto statements = policy.statements();
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (statements[i].allows() && out.allowed) continue;
    if (!statements[i].covers(request)) continue;
    out = {statements[i].allows(), &statements[i], i};
    if (!out.allowed) return out;
  }
  return out;
}

std::string explain(const Decision& decision, const Policy& policy) {
  if (decision.statement == nullptr)
    return fmt::format("because no statement of {} allows it", policy.name());
  const std::string& sid = decision.statement->sid();
  return fmt::format("because statement {}{} of {} {} it", decision.index,
                     sid.empty() ? "" : fmt::format(" ({})", quote(sid)), policy.name(),
                     decision.allowed ? "allows" : "denies");
}

}  // namespace imprint::access
