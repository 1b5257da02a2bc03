// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/name.h"
#include "base/result.h"
#include "encoding/json.h"
#include "templates/problem.h"

namespace imprint::templates {

/// Where a template is used decides what it may contain and which parameters the service supplies.
enum class Use : std::uint8_t {
  fleet,           ///< Stored, FLEET_PROVISIONING: RegisterThing over MQTT.
  jitp,            ///< Stored, JITP, or a CA's registrationConfig.templateBody.
  register_thing,  ///< templateBody of the RegisterThing REST call.
  bulk,            ///< templateBody of StartThingRegistrationTask.
};

inline constexpr std::size_t kMaxTemplateCharacters = 10240;
inline constexpr std::size_t kMaxParameterNameCharacters = 2048;
inline constexpr std::size_t kMaxParameterValueCharacters = 4096;
inline constexpr std::size_t kMaxParameters = 256;
/// The maximum nesting of functions and lists.
inline constexpr std::size_t kMaxFunctionDepth = 16;
inline constexpr std::size_t kMaxGroups = 10;
inline constexpr std::size_t kMaxPolicies = 10;
inline constexpr std::size_t kMaxAttributes = 50;
/// Bytes of text that one evaluation may produce, intermediate results included.
inline constexpr std::size_t kMaxResultBytes = std::size_t{128} * 1024;

/// The parameters that a device, an API caller or a hook supplies.
using Parameters = std::map<std::string, std::string, std::less<>>;

inline constexpr std::string_view kCertificateIdParameter = "AWS::IoT::Certificate::Id";

/// The parameters that only the service supplies, under their full names:
/// "AWS::IoT::Certificate::Id" and, for just-in-time provisioning, the certificate's subject
/// ("AWS::IoT::Certificate::CommonName" ...). Kept apart from Parameters, so that a device's value
/// can never replace one of these.
struct Predefined {
  Parameters values;
};

/// Whether the service supplies a parameter of that name for a use.
bool is_predefined(Use use, std::string_view name);

/// What to do with a property of a resource that already exists (AWS: OverrideSettings).
enum class Override : std::uint8_t { do_nothing, replace, merge, fail };
std::string_view to_string(Override value);

/// An absent property is one that the template does not mention.
struct ThingResource {
  std::string logical_name;
  ThingName name;
  std::optional<std::map<AttributeName, std::string>> attributes;
  std::optional<ThingTypeName> type;
  std::optional<std::vector<ThingGroupName>>
      groups;  ///< Without duplicates, in the template's order.
  std::optional<BillingGroupName> billing_group;
  Override attributes_override = Override::do_nothing;
  Override type_override = Override::do_nothing;
  Override groups_override = Override::do_nothing;
};

struct CertificateResource {
  enum class Source : std::uint8_t { signing_request, certificate_id, pem };
  std::string logical_name;
  Source source = Source::certificate_id;
  std::string
      value;  ///< CSR, certificate id (64 hexadecimal digits) or PEM, depending on `source`.
  std::optional<std::string> ca_pem;
  bool active = true;            ///< Status ACTIVE, else INACTIVE.
  bool exclusive_thing = false;  ///< ThingPrincipalType EXCLUSIVE_THING.
  std::optional<Override> status_override;
};

/// The document's text contains no device value that could act as a wildcard, a variable or JSON;
/// policy::Policy decides whether it is a valid policy.
struct PolicyDocument {
  std::string text;
};

struct PolicyResource {
  std::string logical_name;
  std::variant<PolicyName, PolicyDocument> policy;
};

/// The resources that a template yields for one set of parameters: every name in it is valid.
struct Resources {
  std::optional<ThingResource> thing;
  std::optional<CertificateResource> certificate;
  std::vector<PolicyResource> policies;  ///< In document order.
  encoding::json::object device_configuration;
};

/// An inline policy document of a template, with harmless samples in place of its parameters.
struct PolicyText {
  std::string path;
  std::string text;
  /// Parameters affect at most resources and conditions, so a text that is not a valid policy with
  /// samples is not valid for any device.
  bool is_certain = true;
};

/// A thing type, thing group or policy that a template names literally, for every device.
struct NamedResource {
  enum class Kind : std::uint8_t { thing_type, thing_group, policy };
  Kind kind;
  std::string path;
  std::string name;
};

struct Compiled;

/// A provisioning template, parsed, checked and compiled. Immutable, cheap to copy, shared between
/// threads. It is strict (AWS checks less and fails at provisioning time instead): undeclared
/// references, unknown functions, resource types, properties and members, wrong arity, MERGE where
/// it has no meaning, and values that no parameter could make valid are refused when the template
/// is made.
class Template {
 public:
  /// Fault::invalid, the cause InvalidRequest: the first few findings in one sentence, `where`
  /// being the path of the first one.
  static Result<Template> parse(std::string_view json, Use use);

  /// Every finding, warnings too, in document order.
  static std::vector<Problem> lint(std::string_view json, Use use);

  /// Pure. Errors: Fault::invalid, the cause InvalidParameters, `where` being the path in the
  /// template; the message names the parameters that the value came from. Parameters that the
  /// template does not declare are ignored.
  [[nodiscard]] Result<Resources> evaluate(const Parameters& parameters,
                                           const Predefined& predefined) const;

  [[nodiscard]] Use use() const;
  /// Declared parameters with their defaults.
  [[nodiscard]] const std::map<std::string, std::optional<std::string>, std::less<>>& parameters()
      const;
  [[nodiscard]] bool has_thing() const;
  /// Resources that must exist before the first device registers.
  [[nodiscard]] std::vector<NamedResource> named_resources() const;
  /// Texts of the template itself that make a name or an attribute invalid for every device:
  /// reasons to refuse a new template, but not one in use, which may serve devices that do not
  /// need them.
  [[nodiscard]] const std::vector<Problem>& literal_problems() const;
  /// The inline policies that yield a text with samples; templates know nothing about policies.
  [[nodiscard]] std::vector<PolicyText> policy_texts() const;
  /// Parameters whose text is part of the thing's name.
  [[nodiscard]] std::vector<std::string> parameters_of_thing_name() const;

 private:
  explicit Template(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace imprint::templates
