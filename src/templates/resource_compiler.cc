// SPDX-License-Identifier: Apache-2.0
#include "templates/resource_compiler.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/name.h"
#include "templates/text.h"

namespace imprint::templates {

namespace json = encoding::json;

namespace {

constexpr std::string_view kThing = "AWS::IoT::Thing";
constexpr std::string_view kCertificate = "AWS::IoT::Certificate";
constexpr std::string_view kPolicy = "AWS::IoT::Policy";

template <class N>
Result<void> check(std::string_view text) {
  const auto name = N::parse(text);
  if (!name) return tl::unexpected(name.error());
  return {};
}

Result<void> accept_any(std::string_view) { return {}; }

Result<void> check_status(std::string_view text) {
  const auto parsed = parse_status(text);
  if (!parsed) return tl::unexpected(parsed.error());
  return {};
}

Result<void> check_principal_type(std::string_view text) {
  const auto parsed = parse_principal_type(text);
  if (!parsed) return tl::unexpected(parsed.error());
  return {};
}

Result<void> check_policy_text(std::string_view text) {
  const auto parsed = encoding::parse_json(text);
  if (!parsed) return fail(Fault::invalid, "the policy text is {}", parsed.error().message);
  if (!parsed->is_object())
    return fail(Fault::invalid, "the policy text is a JSON {}, not an object",
                encoding::type_name(*parsed));
  return {};
}

}  // namespace

Expression ResourceCompiler::checked_text(const json::value& value, const std::string& path,
                                          Check check) {
  const std::size_t before = problems_.errors();
  Expression out = expressions_.text(value, path);
  if (problems_.errors() != before) return out;
  if (!out.is_constant()) {
    check_literals(out, path, check);
    return out;
  }
  const Parameters none;
  const Predefined nothing;
  const auto text = Evaluator(out_.use, out_.parameters, out_.mappings, none, nothing).text(out);
  if (!text) {
    problems_.error(text.error().where, text.error().message, "correct the function's arguments");
  } else if (const auto checked = check(*text); !checked) {
    problems_.error(path, checked.error().message, "correct the text");
  }
  return out;
}

void ResourceCompiler::check_literals(const Expression& expression, const std::string& path,
                                      Check check) {
  for (const std::string& text : literal_texts(expression, out_.mappings)) {
    if (text.empty()) continue;
    const auto checked = check(text);
    if (checked) continue;
    out_.literal_problems.push_back(
        {Severity::error, path,
         fmt::format("is invalid for every device, whatever the parameters are: {}",
                     checked.error().message),
         "correct the template's own text"});
    return;
  }
}

void ResourceCompiler::compile(const json::value& resources, const std::string& path) {
  if (!resources.is_object()) {
    problems_.error(path,
                    fmt::format("must be an object; found {}", encoding::type_name(resources)),
                    R"(write {"name": {"Type": "AWS::IoT::Thing", "Properties": {...}}})");
    return;
  }
  if (resources.get_object().empty())
    problems_.error(path, "declares no resource", "add at least a thing or a certificate");
  for (const auto& member : resources.get_object()) {
    const std::string_view name = text_of(member.key());
    resource(name, member.value(), member_path(path, name));
  }
}

void ResourceCompiler::resource(std::string_view logical_name, const json::value& value,
                                const std::string& path) {
  if (!value.is_object()) {
    problems_.error(path, fmt::format("must be an object; found {}", encoding::type_name(value)),
                    "give it Type and Properties");
    return;
  }
  const json::object& members = value.get_object();
  for (const auto& member : members) {
    const std::string_view name = text_of(member.key());
    if (name != "Type" && name != "Properties" && name != "OverrideSettings")
      problems_.error(member_path(path, name), "is not a member of a resource",
                      "use Type, Properties and OverrideSettings");
  }
  const auto object = [&](const char* name) -> const json::object* {
    const json::value* found = members.if_contains(name);
    if (found == nullptr) return nullptr;
    if (found->is_object()) return &found->get_object();
    problems_.error(member_path(path, name),
                    fmt::format("must be an object; found {}", encoding::type_name(*found)),
                    "write a JSON object");
    return nullptr;
  };
  const json::value* type = members.if_contains("Type");
  if (type == nullptr || !type->is_string()) {
    problems_.error(path, "has no Type",
                    "give it AWS::IoT::Thing, AWS::IoT::Certificate or AWS::IoT::Policy");
    return;
  }
  const json::object none;
  const json::object* given = object("Properties");
  if (given == nullptr && !members.contains("Properties"))
    problems_.error(path, "has no Properties", "add them");
  if (given == nullptr) return;
  const json::object* overrides = object("OverrideSettings");
  const std::string_view kind = text_of(type->get_string());
  if (kind == kThing) {
    thing({.logical_name = std::string(logical_name)}, *given, overrides, path);
  } else if (kind == kCertificate) {
    certificate({.logical_name = std::string(logical_name)}, *given, overrides, path);
  } else if (kind == kPolicy) {
    policy({.logical_name = std::string(logical_name), .path = path}, *given, overrides, path);
  } else {
    problems_.error(member_path(path, "Type"),
                    fmt::format("{} is not a resource of provisioning templates", quote(kind)),
                    "use AWS::IoT::Thing, AWS::IoT::Certificate or AWS::IoT::Policy");
  }
}

std::optional<Override> ResourceCompiler::override_value(const json::value& value, bool may_merge,
                                                         const std::string& path) {
  constexpr std::array<Override, 4> kAll = {Override::do_nothing, Override::replace,
                                            Override::merge, Override::fail};
  const std::string_view known =
      may_merge ? "use DO_NOTHING, REPLACE, MERGE or FAIL" : "use DO_NOTHING, REPLACE or FAIL";
  const std::string_view text = value.is_string() ? text_of(value.get_string()) : "";
  const auto found = std::ranges::find(kAll, text, [](Override o) { return to_string(o); });
  if (found == kAll.end()) {
    problems_.error(path,
                    value.is_string() ? fmt::format("{} is not an override setting", quote(text))
                                      : fmt::format("must be a plain string; found {}",
                                                    encoding::type_name(value)),
                    std::string(known));
    return std::nullopt;
  }
  if (*found == Override::merge && !may_merge) {
    problems_.error(path, "MERGE has a meaning for AttributePayload and ThingGroups only",
                    std::string(known));
    return std::nullopt;
  }
  return *found;
}

void ResourceCompiler::thing(ThingSpec spec, const Object& properties, const Object* overrides,
                             const std::string& path) {
  if (out_.thing) {
    problems_.error(
        path, fmt::format("is a second thing; {} is one already", quote(out_.thing->logical_name)),
        "keep one AWS::IoT::Thing");
  }
  const std::size_t errors_before = problems_.errors();
  const std::string place = member_path(path, "Properties");
  for (const auto& property : properties) {
    const std::string_view name = text_of(property.key());
    thing_property(spec, name, property.value(), member_path(place, name));
  }
  if (!properties.contains("ThingName"))
    problems_.error(place, "has no ThingName", "every AWS::IoT::Thing needs one");
  std::set<std::string_view> seen;
  for (const auto& setting : overrides != nullptr ? *overrides : Object()) {
    const std::string_view name = text_of(setting.key());
    const std::string where = member_path(member_path(path, "OverrideSettings"), name);
    // The AWS guide's prose writes the keys in capitals, its examples like the properties.
    Override* target = nullptr;
    if (name == "AttributePayload" || name == "ATTRIBUTE_PAYLOAD") {
      target = &spec.attributes_override;
    } else if (name == "ThingTypeName" || name == "THING_TYPE_NAME") {
      target = &spec.type_override;
    } else if (name == "ThingGroups" || name == "THING_GROUPS") {
      target = &spec.groups_override;
    } else {
      problems_.error(where, "is not an override setting of a thing",
                      "use AttributePayload, ThingTypeName and ThingGroups");
      continue;
    }
    const std::string_view canonical = target == &spec.attributes_override ? "AttributePayload"
                                       : target == &spec.type_override     ? "ThingTypeName"
                                                                           : "ThingGroups";
    if (!seen.insert(canonical).second)
      problems_.error(where, fmt::format("sets {} a second time", canonical), "keep one spelling");
    if (const auto value = override_value(setting.value(), target != &spec.type_override, where))
      *target = *value;
  }
  if (out_.use == Use::fleet && spec.name.is_constant() && problems_.errors() == errors_before)
    problems_.warning(spec.name.path, "is the same for every device",
                      "build it from a parameter such as SerialNumber");
  out_.thing = std::move(spec);
}

void ResourceCompiler::thing_property(ThingSpec& spec, std::string_view name,
                                      const json::value& value, const std::string& path) {
  if (name == "ThingName") {
    spec.name = checked_text(value, path, &check<ThingName>);
  } else if (name == "ThingTypeName") {
    spec.type = checked_text(value, path, &check<ThingTypeName>);
  } else if (name == "BillingGroup") {
    spec.billing_group = checked_text(value, path, &check<BillingGroupName>);
  } else if (name == "AttributePayload") {
    attributes(spec, value, path);
  } else if (name == "ThingGroups") {
    groups(spec, value, path);
  } else if (name == "PackageVersions") {
    problems_.error(path, "the software package catalogue is not supported", "remove the property");
  } else {
    problems_.error(path, "is not a property of AWS::IoT::Thing",
                    "use ThingName, AttributePayload, ThingTypeName, ThingGroups and BillingGroup");
  }
}

void ResourceCompiler::attributes(ThingSpec& spec, const json::value& value,
                                  const std::string& path) {
  if (!value.is_object() || looks_like_function(value)) {
    problems_.error(path, "must be an object of names and values",
                    R"(write {"firmwareVersion": {"Ref": "FirmwareVersion"}})");
    return;
  }
  const json::object& members = value.get_object();
  if (members.size() == 1 && members.contains("attributes") &&
      members.begin()->value().is_object() && !looks_like_function(members.begin()->value())) {
    problems_.error(path, "wraps the attributes in \"attributes\"",
                    "put names and values directly into AttributePayload");
    return;
  }
  if (members.size() > kMaxAttributes)
    problems_.error(
        path,
        fmt::format("has {} attributes; at most {} are allowed", members.size(), kMaxAttributes),
        "remove some");
  spec.attributes.emplace();
  for (const auto& member : members) {
    const std::string place = member_path(path, text_of(member.key()));
    const auto name = AttributeName::parse(text_of(member.key()));
    if (!name) {
      problems_.error(place, name.error().message, "rename the attribute");
      continue;
    }
    spec.attributes->emplace_back(*name,
                                  checked_text(member.value(), place, &check_attribute_value));
  }
}

void ResourceCompiler::groups(ThingSpec& spec, const json::value& value, const std::string& path) {
  if (!value.is_array()) {
    const std::size_t before = problems_.errors();
    spec.groups = expressions_.list(value, path);
    if (problems_.errors() == before) check_group_list(*spec.groups, path);
    return;
  }
  const json::array& items = value.get_array();
  Expression all{.kind = Expression::Kind::list, .shape = Expression::Shape::list, .path = path};
  for (std::size_t i = 0; i < items.size(); ++i)
    all.parts.push_back(checked_text(items[i], index_path(path, i), &check<ThingGroupName>));
  if (items.size() > kMaxGroups)
    problems_.error(
        path,
        fmt::format("names {} groups; a thing may be in at most {}", items.size(), kMaxGroups),
        "remove some");
  spec.groups = std::move(all);
}

void ResourceCompiler::check_group_list(const Expression& groups, const std::string& path) {
  if (!groups.is_constant()) return check_literals(groups, path, &check<ThingGroupName>);
  const Parameters none;
  const Predefined nothing;
  auto names = Evaluator(out_.use, out_.parameters, out_.mappings, none, nothing).list(groups);
  if (!names) {
    out_.literal_problems.push_back({Severity::error, names.error().where, names.error().message,
                                     "correct the function's arguments"});
    return;
  }
  Expression all{.kind = Expression::Kind::list, .path = groups.path};
  for (std::string& name : *names)
    all.parts.push_back({.text = std::move(name), .path = groups.path});
  check_literals(all, path, &check<ThingGroupName>);
}

void ResourceCompiler::certificate(CertificateSpec spec, const Object& properties,
                                   const Object* overrides, const std::string& path) {
  if (out_.certificate) {
    problems_.error(path,
                    fmt::format("is a second certificate; {} is one already",
                                quote(out_.certificate->logical_name)),
                    "keep one AWS::IoT::Certificate");
  }
  const std::string place = member_path(path, "Properties");
  for (const auto& property : properties) {
    const std::string_view name = text_of(property.key());
    const std::string where = member_path(place, name);
    if (name == "Status") {
      spec.status = checked_text(property.value(), where, &check_status);
    } else if (name == "ThingPrincipalType") {
      spec.principal_type = checked_text(property.value(), where, &check_principal_type);
    } else if (name != "CertificateSigningRequest" && name != "CertificateId" &&
               name != "CertificatePem" && name != "CACertificatePem") {
      problems_.error(where, "is not a property of AWS::IoT::Certificate",
                      "use CertificateId, CertificateSigningRequest, CertificatePem, "
                      "CACertificatePem, Status and ThingPrincipalType");
    }
  }
  certificate_source(spec, properties, place);
  for (const auto& setting : overrides != nullptr ? *overrides : Object()) {
    const std::string_view name = text_of(setting.key());
    const std::string where = member_path(member_path(path, "OverrideSettings"), name);
    if (name != "Status" && name != "STATUS") {
      problems_.error(where, "is not an override setting of a certificate", "use Status");
    } else if (spec.status_override) {
      problems_.error(where, "sets Status a second time", "keep one spelling");
    } else {
      spec.status_override = override_value(setting.value(), false, where);
    }
  }
  out_.certificate = std::move(spec);
}

void ResourceCompiler::certificate_source(CertificateSpec& spec, const Object& properties,
                                          const std::string& path) {
  using Source = CertificateResource::Source;
  struct Row {
    const char* name;
    Source source;
  };
  constexpr std::array<Row, 3> kSources = {{{"CertificateId", Source::certificate_id},
                                            {"CertificateSigningRequest", Source::signing_request},
                                            {"CertificatePem", Source::pem}}};
  const bool service_supplies = out_.use == Use::fleet || out_.use == Use::jitp;
  std::size_t found = 0;
  for (const Row& row : kSources) {
    const json::value* value = properties.if_contains(row.name);
    if (value == nullptr) continue;
    ++found;
    const std::string where = member_path(path, row.name);
    spec.source = row.source;
    spec.value = checked_text(
        *value, where, row.source == Source::certificate_id ? &check_certificate_id : &accept_any);
    // Anything else would give a device control over another device's certificate.
    if (service_supplies && (spec.value.kind != Expression::Kind::reference ||
                             spec.value.text != kCertificateIdParameter)) {
      problems_.error(where, "the certificate must be the one being provisioned",
                      R"(write "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"})");
    }
  }
  if (found != 1)
    problems_.error(path,
                    found == 0 ? "does not say where the certificate comes from"
                               : "names more than one source for the certificate",
                    service_supplies
                        ? R"(write "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"})"
                        : "give one of CertificateSigningRequest, CertificateId, CertificatePem");
  if (const json::value* ca = properties.if_contains("CACertificatePem")) {
    const std::string where = member_path(path, "CACertificatePem");
    spec.ca_pem = checked_text(*ca, where, &accept_any);
    if (!properties.contains("CertificatePem"))
      problems_.error(where, "has no effect without CertificatePem", "remove it");
  }
}

void ResourceCompiler::policy(PolicySpec spec, const Object& properties, const Object* overrides,
                              const std::string& path) {
  if (out_.policies.size() == kMaxPolicies)
    problems_.error(path,
                    fmt::format("is policy {}; a certificate may have at most {}", kMaxPolicies + 1,
                                kMaxPolicies),
                    "merge some policies");
  if (overrides != nullptr)
    problems_.error(member_path(path, "OverrideSettings"), "policies have no override settings",
                    "remove it");
  const std::string place = member_path(path, "Properties");
  expressions_.set_inside_policy(true);
  for (const auto& property : properties) {
    const std::string_view name = text_of(property.key());
    const std::string where = member_path(place, name);
    if (name == "PolicyName") {
      spec.name = checked_text(property.value(), where, &check<PolicyName>);
      if (out_.use == Use::fleet && !spec.name->sources().empty())
        problems_.warning(where, "lets the device choose its own policy",
                          "choose among named policies with Fn::FindInMap");
    } else if (name == "PolicyDocument") {
      policy_document(spec, property.value(), where);
    } else {
      problems_.error(where, "is not a property of AWS::IoT::Policy",
                      "use PolicyName or PolicyDocument");
    }
  }
  expressions_.set_inside_policy(false);
  const bool name = properties.contains("PolicyName");
  const bool document = properties.contains("PolicyDocument");
  if (name == document)
    problems_.error(
        place,
        name ? "has both PolicyName and PolicyDocument"
             : "has neither PolicyName nor PolicyDocument",
        "give PolicyName for a policy that exists, or PolicyDocument for one of its own");
  out_.policies.push_back(std::move(spec));
}

void ResourceCompiler::policy_document(PolicySpec& spec, const json::value& value,
                                       const std::string& path) {
  if (value.is_object() && !looks_like_function(value)) {
    if (out_.use != Use::fleet)
      problems_.error(path, "is a JSON object, which only fleet templates may contain",
                      "write the policy as a string with its quotes escaped");
    spec.document = document(value, path);
    return;
  }
  spec.document.value = checked_text(value, path, &check_policy_text);
}

DocumentNode ResourceCompiler::document(const json::value& value, const std::string& path) {
  DocumentNode out;
  if (value.is_string() || looks_like_function(value)) {
    out.value = expressions_.any(value, path);
  } else if (value.is_object()) {
    DocumentNode::Members members;
    for (const auto& member : value.get_object()) {
      const std::string_view name = text_of(member.key());
      members.push_back({std::string(name), document(member.value(), member_path(path, name))});
    }
    out.value = std::move(members);
  } else if (value.is_array()) {
    DocumentNode::Items items;
    for (std::size_t i = 0; i < value.get_array().size(); ++i)
      items.push_back(document(value.get_array()[i], index_path(path, i)));
    out.value = std::move(items);
  } else {
    out.value = value;
  }
  return out;
}

}  // namespace imprint::templates
