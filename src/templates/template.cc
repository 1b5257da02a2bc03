// SPDX-License-Identifier: Apache-2.0
#include "templates/template.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "outcome/causes.h"
#include "templates/compiled.h"
#include "templates/text.h"

namespace imprint::templates {

namespace json = encoding::json;

namespace {

constexpr std::size_t kProblemsInOneError = 3;
constexpr std::size_t kCertificateIdDigits = 64;
constexpr std::array<std::string_view, 7> kSubject = {
    "AWS::IoT::Certificate::Country",
    "AWS::IoT::Certificate::Organization",
    "AWS::IoT::Certificate::OrganizationalUnit",
    "AWS::IoT::Certificate::DistinguishedNameQualifier",
    "AWS::IoT::Certificate::StateName",
    "AWS::IoT::Certificate::CommonName",
    "AWS::IoT::Certificate::SerialNumber"};

bool iequals(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, {}, [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  });
}

Unexpected invalid(std::string where, std::string message) {
  return Unexpected(
      Error{Fault::invalid, std::move(message), std::move(where), "InvalidParameters"_cause});
}

/// A rule's error, with the place in the template and the parameters that led to it.
Unexpected blame(const Expression& expression, const Error& error) {
  const auto sources = expression.references();
  return invalid(expression.path,
                 sources.empty()
                     ? error.message
                     : fmt::format("{}; the value comes from parameter{} {}", error.message,
                                   sources.size() > 1 ? "s" : "", fmt::join(sources, ", ")));
}

Result<void> check_bounds(const Parameters& parameters) {
  if (parameters.size() > kMaxParameters)
    return invalid("$.Parameters",
                   fmt::format("the request has {} parameters; at most {} are allowed",
                               parameters.size(), kMaxParameters));
  for (const auto& [name, value] : parameters) {
    if (characters(name) > kMaxParameterNameCharacters)
      return invalid(
          "$.Parameters",
          fmt::format("the name of parameter {} has {} characters; at most {} are allowed",
                      quote(name), characters(name), kMaxParameterNameCharacters));
    if (characters(value) > kMaxParameterValueCharacters)
      return invalid(member_path("$.Parameters", name),
                     fmt::format("parameter {} has {} characters; at most {} are allowed",
                                 quote(name), characters(value), kMaxParameterValueCharacters));
  }
  return {};
}

template <class T>
Result<T> evaluate_name(const Expression& expression, Evaluator& evaluator) {
  TRY_ASSIGN(const std::string text, evaluator.text(expression));
  auto name = T::parse(text);
  if (!name) return blame(expression, name.error());
  return *std::move(name);
}

Result<std::vector<ThingGroupName>> evaluate_groups(const Expression& expression,
                                                    Evaluator& evaluator) {
  TRY_ASSIGN(const auto texts, evaluator.list(expression));
  std::vector<ThingGroupName> out;
  for (const std::string& text : texts) {
    auto name = ThingGroupName::parse(text);
    if (!name) return blame(expression, name.error());
    if (std::ranges::find(out, *name) == out.end()) out.push_back(*std::move(name));
  }
  if (out.size() > kMaxGroups)
    return invalid(expression.path, fmt::format("names {} groups; a thing may be in at most {}",
                                                out.size(), kMaxGroups));
  return out;
}

Result<ThingResource> evaluate_thing(const ThingSpec& spec, Evaluator& evaluator) {
  TRY_ASSIGN(ThingName name, evaluate_name<ThingName>(spec.name, evaluator));
  ThingResource out{.logical_name = spec.logical_name,
                    .name = std::move(name),
                    .attributes = std::nullopt,
                    .type = std::nullopt,
                    .groups = std::nullopt,
                    .billing_group = std::nullopt,
                    .attributes_override = spec.attributes_override,
                    .type_override = spec.type_override,
                    .groups_override = spec.groups_override};
  if (spec.type) {
    TRY_ASSIGN(out.type, evaluate_name<ThingTypeName>(*spec.type, evaluator));
  }
  if (spec.groups) {
    TRY_ASSIGN(out.groups, evaluate_groups(*spec.groups, evaluator));
  }
  if (spec.billing_group) {
    TRY_ASSIGN(out.billing_group, evaluate_name<BillingGroupName>(*spec.billing_group, evaluator));
  }
  if (!spec.attributes) return out;
  out.attributes.emplace();
  for (const auto& [attribute, expression] : *spec.attributes) {
    TRY_ASSIGN(std::string value, evaluator.text(expression));
    if (const auto checked = check_attribute_value(value); !checked)
      return blame(expression, checked.error());
    out.attributes->emplace(attribute, std::move(value));
  }
  return out;
}

Result<CertificateResource> evaluate_certificate(const CertificateSpec& spec,
                                                 Evaluator& evaluator) {
  CertificateResource out;
  out.logical_name = spec.logical_name;
  out.source = spec.source;
  out.status_override = spec.status_override;
  TRY_ASSIGN(out.value, evaluator.text(spec.value));
  if (spec.source == CertificateResource::Source::certificate_id) {
    if (const auto checked = check_certificate_id(out.value); !checked)
      return blame(spec.value, checked.error());
  }
  if (spec.ca_pem) {
    TRY_ASSIGN(out.ca_pem, evaluator.text(*spec.ca_pem));
  }
  if (spec.status) {
    TRY_ASSIGN(const std::string text, evaluator.text(*spec.status));
    const auto active = parse_status(text);
    if (!active) return blame(*spec.status, active.error());
    out.active = *active;
  }
  if (spec.principal_type) {
    TRY_ASSIGN(const std::string text, evaluator.text(*spec.principal_type));
    const auto exclusive = parse_principal_type(text);
    if (!exclusive) return blame(*spec.principal_type, exclusive.error());
    out.exclusive_thing = *exclusive;
  }
  return out;
}

Result<PolicyResource> evaluate_policy(const PolicySpec& spec, Evaluator& evaluator) {
  if (spec.name) {
    TRY_ASSIGN(PolicyName name, evaluate_name<PolicyName>(*spec.name, evaluator));
    return PolicyResource{spec.logical_name, std::move(name)};
  }
  TRY_ASSIGN(const json::value document,
             evaluate_document(spec.document, evaluator, Evaluator::Flow::policy_document));
  // A string is already the policy's text.
  std::string text =
      document.is_string() ? std::string(document.get_string()) : encoding::to_json(document);
  return PolicyResource{spec.logical_name, PolicyDocument{std::move(text)}};
}

}  // namespace

bool is_predefined(Use use, std::string_view name) {
  if (use == Use::register_thing || use == Use::bulk) return false;
  if (name == kCertificateIdParameter) return true;
  return use == Use::jitp && std::ranges::find(kSubject, name) != kSubject.end();
}

std::string_view to_string(Override value) {
  switch (value) {
    case Override::do_nothing:
      return "DO_NOTHING";
    case Override::replace:
      return "REPLACE";
    case Override::merge:
      return "MERGE";
    case Override::fail:
      return "FAIL";
  }
  return "DO_NOTHING";
}

Result<bool> parse_status(std::string_view text) {
  // AWS's own examples write "Active" where the enum is ACTIVE.
  if (iequals(text, "ACTIVE")) return true;
  if (iequals(text, "INACTIVE")) return false;
  return fail(Fault::invalid, "status {} is neither ACTIVE nor INACTIVE", quote(text));
}

Result<bool> parse_principal_type(std::string_view text) {
  if (text == "EXCLUSIVE_THING") return true;
  if (text == "NON_EXCLUSIVE_THING") return false;
  return fail(Fault::invalid, "{} is neither EXCLUSIVE_THING nor NON_EXCLUSIVE_THING", quote(text));
}

Result<void> check_certificate_id(std::string_view text) {
  const auto hex = [](char c) { return name_rules::is_digit(c) || (c >= 'a' && c <= 'f'); };
  if (text.size() == kCertificateIdDigits && std::ranges::all_of(text, hex)) return {};
  return fail(Fault::invalid, "{} is not a certificate id of {} lower-case hexadecimal digits",
              quote(text), kCertificateIdDigits);
}

Result<json::value> evaluate_document(const DocumentNode& node, Evaluator& evaluator,
                                      Evaluator::Flow flow) {
  if (const auto* plain = std::get_if<json::value>(&node.value)) return *plain;
  if (const auto* expression = std::get_if<Expression>(&node.value)) {
    TRY_ASSIGN(const Mapped found, evaluator.any(*expression, flow));
    if (const auto* text = std::get_if<std::string>(&found))
      return json::value(json::string(*text));
    json::array out;
    for (const auto& item : std::get<std::vector<std::string>>(found)) out.emplace_back(item);
    return json::value(std::move(out));
  }
  if (const auto* items = std::get_if<DocumentNode::Items>(&node.value)) {
    json::array out;
    for (const DocumentNode& item : *items) {
      TRY_ASSIGN(json::value value, evaluate_document(item, evaluator, flow));
      out.push_back(std::move(value));
    }
    return json::value(std::move(out));
  }
  json::object out;
  for (const auto& [name, member] : std::get<DocumentNode::Members>(node.value)) {
    TRY_ASSIGN(json::value value, evaluate_document(member, evaluator, flow));
    out.emplace(name, std::move(value));
  }
  return json::value(std::move(out));
}

Result<Template> Template::parse(std::string_view json, Use use) {
  Problems problems;
  Compiled compiled = compile(json, use, problems);
  if (problems.errors() == 0)
    return Template(std::make_shared<const Compiled>(std::move(compiled)));
  std::string message;
  std::string where;
  std::size_t shown = 0;
  for (const Problem& problem : problems.all()) {
    if (problem.severity != Severity::error) continue;
    if (shown == 0) {
      where = problem.path;
      message = fmt::format("{}; {}", problem.message, problem.remedy);
    } else {
      message += fmt::format(". {}", describe(problem));
    }
    if (++shown == kProblemsInOneError) break;
  }
  if (problems.errors() > shown) message += fmt::format(". And {} more", problems.errors() - shown);
  return Unexpected(
      Error{Fault::invalid, std::move(message), std::move(where), "InvalidRequest"_cause});
}

std::vector<NamedResource> Template::named_resources() const {
  std::vector<NamedResource> out;
  const auto add = [&](NamedResource::Kind kind, const Expression& expression) {
    if (expression.kind == Expression::Kind::literal)
      out.push_back({kind, expression.path, expression.text});
  };
  if (compiled_->thing) {
    if (compiled_->thing->type) add(NamedResource::Kind::thing_type, *compiled_->thing->type);
    if (compiled_->thing->groups) {
      for (const Expression& group : compiled_->thing->groups->parts)
        add(NamedResource::Kind::thing_group, group);
    }
  }
  for (const PolicySpec& policy : compiled_->policies) {
    if (policy.name) add(NamedResource::Kind::policy, *policy.name);
  }
  return out;
}

namespace {

/// Whether this part of a policy document's grammar depends on parameters.
bool has_references(const DocumentNode& node) {
  if (const auto* expression = std::get_if<Expression>(&node.value))
    return !expression->is_constant();
  if (const auto* items = std::get_if<DocumentNode::Items>(&node.value))
    return std::ranges::any_of(*items, has_references);
  if (const auto* members = std::get_if<DocumentNode::Members>(&node.value)) {
    return std::ranges::any_of(*members, [](const DocumentNode::Member& member) {
      const bool is_value =
          member.name == "Resource" || member.name == "NotResource" || member.name == "Condition";
      return !is_value && has_references(member.node);
    });
  }
  return false;
}

}  // namespace

std::vector<PolicyText> Template::policy_texts() const {
  constexpr std::string_view kSample = "Sample1";
  Parameters given;
  Predefined predefined;
  for (const auto& [name, fallback] : compiled_->parameters) {
    if (is_predefined(compiled_->use, name)) {
      predefined.values[name] = kSample;
    } else if (!fallback) {
      given[name] = kSample;
    }
  }
  predefined.values[std::string(kCertificateIdParameter)] = std::string(kCertificateIdDigits, '0');
  Evaluator evaluator(compiled_->use, compiled_->parameters, compiled_->mappings, given,
                      predefined);
  std::vector<PolicyText> out;
  for (const PolicySpec& policy : compiled_->policies) {
    if (policy.name) continue;
    // A template whose parameters decide more than text (such as a key of a map) may have no
    // sample.
    auto made = evaluate_policy(policy, evaluator);
    if (!made) continue;
    out.push_back({fmt::format("$.Resources.{}.Properties.PolicyDocument", policy.logical_name),
                   std::get<PolicyDocument>(made->policy).text, !has_references(policy.document)});
  }
  return out;
}

std::vector<std::string> Template::parameters_of_thing_name() const {
  return compiled_->thing ? compiled_->thing->name.sources() : std::vector<std::string>();
}

std::vector<Problem> Template::lint(std::string_view json, Use use) {
  Problems problems;
  const Compiled compiled = compile(json, use, problems);
  std::vector<Problem> all = problems.all();
  all.insert(all.end(), compiled.literal_problems.begin(), compiled.literal_problems.end());
  return all;
}

Result<Resources> Template::evaluate(const Parameters& parameters,
                                     const Predefined& predefined) const {
  TRY(check_bounds(parameters));
  const Compiled& spec = *compiled_;
  Evaluator evaluator(spec.use, spec.parameters, spec.mappings, parameters, predefined);
  // AWS: every certificate attribute that a just-in-time template declares must be present, whether
  // it is used or not.
  for (const auto& [name, fallback] : spec.parameters) {
    if (spec.use != Use::jitp || !is_predefined(spec.use, name)) continue;
    const Expression declared{.kind = Expression::Kind::reference,
                              .text = name,
                              .path = member_path("$.Parameters", name)};
    TRY(evaluator.text(declared));
  }
  Resources out;
  if (spec.thing) {
    TRY_ASSIGN(out.thing, evaluate_thing(*spec.thing, evaluator));
  }
  if (spec.certificate) {
    TRY_ASSIGN(out.certificate, evaluate_certificate(*spec.certificate, evaluator));
  }
  for (const PolicySpec& policy : spec.policies) {
    TRY_ASSIGN(PolicyResource one, evaluate_policy(policy, evaluator));
    out.policies.push_back(std::move(one));
  }
  for (const auto& [name, node] : spec.device_configuration) {
    TRY_ASSIGN(json::value value, evaluate_document(node, evaluator, Evaluator::Flow::plain));
    out.device_configuration.emplace(name, std::move(value));
  }
  return out;
}

Use Template::use() const { return compiled_->use; }
const std::vector<Problem>& Template::literal_problems() const {
  return compiled_->literal_problems;
}
const Declared& Template::parameters() const { return compiled_->parameters; }
bool Template::has_thing() const { return compiled_->thing.has_value(); }

}  // namespace imprint::templates
