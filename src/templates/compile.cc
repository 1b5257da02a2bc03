// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/name.h"
#include "templates/compiled.h"
#include "templates/resource_compiler.h"
#include "templates/text.h"

namespace imprint::templates {

namespace json = encoding::json;

namespace {

// Sixteen nested functions take three JSON levels each; the rest is for the structure around them.
constexpr std::size_t kMaxJsonDepth = 64;
constexpr std::string_view kCertificatePrefix = "AWS::IoT::Certificate::";

class TemplateCompiler {
 public:
  TemplateCompiler(Use use, Problems& problems) : problems_(problems) { out_.use = use; }

  Compiled run(const json::value& value) {
    if (!value.is_object()) {
      problems_.error("$", fmt::format("must be an object; found {}", encoding::type_name(value)),
                      "write {\"Parameters\": {...}, \"Resources\": {...}}");
      return std::move(out_);
    }
    const json::object& sections = value.get_object();
    for (const auto& section : sections) {
      const std::string_view name = text_of(section.key());
      if (name != "Parameters" && name != "Mappings" && name != "Resources" &&
          name != "DeviceConfiguration")
        problems_.error(member_path("$", name), "is not a section of a provisioning template",
                        "use Parameters, Mappings, Resources and DeviceConfiguration");
    }
    if (const auto* found = sections.if_contains("Parameters")) parameters(*found);
    if (const auto* found = sections.if_contains("Mappings")) mappings(*found);
    ExpressionCompiler expressions(out_.use, out_.parameters, out_.mappings, problems_);
    ResourceCompiler resources(out_, problems_, expressions);
    if (const auto* found = sections.if_contains("Resources")) {
      resources.compile(*found, "$.Resources");
    } else {
      problems_.error("$", "has no Resources", "add at least a thing or a certificate");
    }
    if (const auto* found = sections.if_contains("DeviceConfiguration"))
      device_configuration(*found, expressions);
    check_consistency(expressions);
    return std::move(out_);
  }

 private:
  /// The members of a section, which must be an object; empty if it is not one.
  json::object members(const json::value& value, const std::string& path) {
    if (value.is_object()) return value.get_object();
    problems_.error(path, fmt::format("must be an object; found {}", encoding::type_name(value)),
                    "write a JSON object");
    return {};
  }

  void parameters(const json::value& value) {
    for (const auto& member : members(value, "$.Parameters")) {
      const std::string_view name = text_of(member.key());
      const std::string path = member_path("$.Parameters", name);
      if (name.empty() || characters(name) > kMaxParameterNameCharacters)
        problems_.error(path, fmt::format("its name has {} characters", characters(name)),
                        fmt::format("use 1 to {}", kMaxParameterNameCharacters));
      check_reserved(name, path);
      out_.parameters.emplace(name, parameter(member.value(), path));
    }
    if (out_.parameters.size() > kMaxParameters)
      problems_.error("$.Parameters", fmt::format("declares {} parameters", out_.parameters.size()),
                      fmt::format("use at most {}", kMaxParameters));
  }

  /// A certificate's subject is known only in just-in-time provisioning.
  void check_reserved(std::string_view name, const std::string& path) {
    const bool known = is_predefined(Use::jitp, name);
    if (name.starts_with(kCertificatePrefix) && !known) {
      problems_.error(path, "is not an attribute that the service reads from a certificate",
                      "use Id, Country, Organization, OrganizationalUnit, "
                      "DistinguishedNameQualifier, StateName, CommonName or SerialNumber");
    } else if (out_.use == Use::fleet && known && !is_predefined(Use::fleet, name)) {
      problems_.error(path, "is supplied in just-in-time provisioning only",
                      "declare a parameter of your own and let the device send it");
    }
  }

  std::optional<std::string> parameter(const json::value& value, const std::string& path) {
    std::optional<std::string> out;
    const json::object fields = members(value, path);
    for (const auto& field : fields) {
      const std::string_view name = text_of(field.key());
      const std::string place = member_path(path, name);
      const bool text = field.value().is_string();
      if (name == "Type") {
        if (!text || field.value().get_string() != "String")
          problems_.error(place, fmt::format("is {}", encoding::to_json(field.value())),
                          "write \"String\", the only type there is");
      } else if (name == "Default") {
        if (!text) {
          problems_.error(
              place, fmt::format("must be a string; found {}", encoding::type_name(field.value())),
              "write it in quotes");
          continue;
        }
        out = text_of(field.value().get_string());
        if (characters(*out) > kMaxParameterValueCharacters)
          problems_.error(place, fmt::format("has {} characters", characters(*out)),
                          fmt::format("use at most {}", kMaxParameterValueCharacters));
      } else {
        problems_.error(place, "is not a member of a parameter", "use Type and Default");
      }
    }
    if (value.is_object() && !fields.contains("Type"))
      problems_.error(path, "has no Type", "write \"Type\": \"String\"");
    return out;
  }

  void mappings(const json::value& value) {
    for (const auto& map : members(value, "$.Mappings")) {
      const std::string map_path = member_path("$.Mappings", text_of(map.key()));
      Mapping& mapping = out_.mappings[std::string(text_of(map.key()))];
      for (const auto& top : members(map.value(), map_path)) {
        const std::string top_path = member_path(map_path, text_of(top.key()));
        SecondLevel& level = mapping[std::string(text_of(top.key()))];
        for (const auto& second : members(top.value(), top_path))
          level.emplace(text_of(second.key()),
                        mapped(second.value(), member_path(top_path, text_of(second.key()))));
      }
    }
  }

  Mapped mapped(const json::value& value, const std::string& path) {
    if (value.is_string()) return std::string(text_of(value.get_string()));
    const auto all_strings = [](const json::array& items) {
      return std::ranges::all_of(items, [](const json::value& item) { return item.is_string(); });
    };
    if (value.is_array() && all_strings(value.get_array())) {
      std::vector<std::string> out;
      for (const json::value& item : value.get_array())
        out.emplace_back(text_of(item.get_string()));
      return out;
    }
    problems_.error(path,
                    looks_like_function(value)
                        ? "holds a function, which Mappings may not"
                        : fmt::format("must be a string or a list of strings; found {}",
                                      encoding::type_name(value)),
                    "write the value itself");
    return std::string();
  }

  void device_configuration(const json::value& value, ExpressionCompiler& expressions) {
    const std::string path = "$.DeviceConfiguration";
    if (out_.use != Use::fleet)
      problems_.warning(path, "reaches devices in fleet provisioning only", "remove it");
    if (looks_like_function(value)) {
      problems_.error(path, "is a function", "use functions in its values");
      return;
    }
    for (const auto& member : members(value, path)) {
      const std::string_view name = text_of(member.key());
      const std::string place = member_path(path, name);
      const json::value& given = member.value();
      DocumentNode node;
      if (given.is_number() || given.is_bool()) {
        node.value = given;
        problems_.warning(place,
                          fmt::format("is a {}; AWS SDKs read deviceConfiguration as strings",
                                      encoding::type_name(given)),
                          "write it in quotes");
      } else if (given.is_object() && !looks_like_function(given)) {
        problems_.error(place, "is a nested object, which DeviceConfiguration may not hold",
                        "use one level of names and values");
      } else {
        Expression expression = expressions.any(given, place);
        if (expression.shape == Expression::Shape::list)
          problems_.warning(place, "is a list; AWS SDKs read deviceConfiguration as strings",
                            "join it with Fn::Join");
        node.value = std::move(expression);
      }
      out_.device_configuration.push_back({std::string(name), std::move(node)});
    }
  }

  void check_consistency(const ExpressionCompiler& expressions) {
    for (const auto& [name, fallback] : out_.parameters) {
      const std::string path = member_path("$.Parameters", name);
      if (!expressions.used().contains(name)) {
        problems_.warning(path, "is declared and never used", "remove it, or refer to it");
      } else if (out_.use == Use::jitp && !fallback && !is_predefined(Use::jitp, name)) {
        problems_.error(
            path, "cannot get a value: devices send no parameters in just-in-time provisioning",
            "give it a Default, or use an AWS::IoT::Certificate:: parameter");
      }
    }
    for (const std::string& name :
         out_.thing ? out_.thing->name.sources() : std::vector<std::string>()) {
      const auto it = out_.parameters.find(name);
      if (it == out_.parameters.end() || !it->second || !it->second->empty()) continue;
      problems_.warning(member_path("$.Parameters", name) + ".Default",
                        "is empty and part of the thing's name: devices that do not send the "
                        "parameter may become one thing",
                        "remove the Default, so that a device without the parameter is refused");
    }
    for (const std::string& name : expressions.used_in_policies()) {
      const auto it = out_.parameters.find(name);
      if (it == out_.parameters.end() || !it->second) continue;
      if (it->second->find_first_of("*?#+") != std::string::npos ||
          it->second->find("${") != std::string::npos)
        problems_.warning(member_path("$.Parameters", name) + ".Default",
                          "brings a wildcard or variable into a policy, for every device that does "
                          "not send the parameter",
                          "write the wildcard in the policy document, where its reach can be seen");
    }
    check_unused_mappings(expressions);
    for (const std::string& name : expressions.used()) {
      if (is_predefined(out_.use, name) && !out_.parameters.contains(name))
        problems_.warning("$.Parameters", fmt::format("does not declare {}", quote(name)),
                          "declare it with \"Type\": \"String\", as AWS documents");
    }
    const bool provisions = out_.use == Use::fleet || out_.use == Use::jitp;
    if (provisions && !out_.certificate)
      problems_.warning("$.Resources", "has no certificate: the device's stays inactive",
                        "add an AWS::IoT::Certificate");
    if (out_.use == Use::fleet && !out_.thing)
      problems_.warning("$.Resources", "has no thing: the reply holds no thingName",
                        "add an AWS::IoT::Thing; some AWS clients need the name");
    if (!out_.policies.empty() && !out_.certificate)
      problems_.warning("$.Resources", "has policies and no certificate to attach them to",
                        "add an AWS::IoT::Certificate");
  }

  void check_unused_mappings(const ExpressionCompiler& expressions) {
    for (const auto& [map, tops] : out_.mappings) {
      const std::string path = member_path("$.Mappings", map);
      if (!expressions.reaches(map)) {
        problems_.warning(path, "is declared and never used", "remove it, or use Fn::FindInMap");
        continue;
      }
      for (const auto& [top, seconds] : tops) {
        const std::string place = member_path(path, top);
        if (!expressions.reaches(map, top)) {
          problems_.warning(place, "is a key that no Fn::FindInMap looks up", "remove it");
          continue;
        }
        for (const auto& [second, value] : seconds) {
          if (!expressions.reaches(map, top, second))
            problems_.warning(member_path(place, second), "is a key that no Fn::FindInMap looks up",
                              "remove it");
        }
      }
    }
  }

  Problems& problems_;
  Compiled out_;
};

}  // namespace

Compiled compile(std::string_view text, Use use, Problems& problems) {
  if (characters(text) > kMaxTemplateCharacters) {
    problems.error("$", fmt::format("has {} characters", characters(text)),
                   fmt::format("use at most {}", kMaxTemplateCharacters));
    return {};
  }
  const auto value = encoding::parse_json(text, {4 * kMaxTemplateCharacters, kMaxJsonDepth});
  if (!value) {
    problems.error("$", value.error().message, "correct the JSON");
    return {};
  }
  return TemplateCompiler(use, problems).run(*value);
}

}  // namespace imprint::templates
