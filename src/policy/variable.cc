// SPDX-License-Identifier: Apache-2.0
#include "policy/variable.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "base/name.h"

namespace imprint::policy {

namespace {

using Key = Variable::Key;

constexpr std::size_t kMaxCertificateCharacters = 1024;
constexpr std::size_t kMaxValuesPerField = 5;
constexpr std::string_view kSubject = "iot:Certificate.Subject.";
constexpr std::string_view kIssuer = "iot:Certificate.Issuer.";
constexpr std::string_view kThingAttribute = "iot:Connection.Thing.Attributes[";

struct KeyRow {
  std::string_view name;
  Key key;
};
constexpr std::array<KeyRow, 14> kKeys = {{
    {"iot:ClientId", Key::client_id},
    {"aws:SourceIp", Key::source_ip},
    {"iot:DomainName", Key::domain_name},
    {"iot:CertificateId", Key::certificate_id},
    {"iot:Certificate.SerialNumber", Key::certificate_serial},
    {"iot:Certificate.AvailableKeys", Key::available_keys},
    {"iot:Connection.Thing.ThingName", Key::thing_name},
    {"iot:Connection.Thing.ThingTypeName", Key::thing_type_name},
    {"iot:Connection.Thing.IsAttached", Key::is_attached},
    {"iot:ConnectAttributes", Key::connect_attributes},
    {"iot:LastWillTopic", Key::last_will_topic},
    {"aws:CurrentTime", Key::current_time},
    {"aws:EpochTime", Key::epoch_time},
    {"aws:SecureTransport", Key::secure_transport},
}};

constexpr std::array<std::string_view, kCertificateFieldCount> kFields = {
    "DistinguishedNameQualifier",
    "Country",
    "Organization",
    "OrganizationalUnit",
    "State",
    "CommonName",
    "SerialNumber",
    "Title",
    "Surname",
    "GivenName",
    "Initials",
    "Pseudonym",
    "GenerationQualifier",
    "AlternativeName.RFC822Name",
    "AlternativeName.DNSName",
    "AlternativeName.DirectoryName",
    "AlternativeName.UniformResourceIdentifier",
    "AlternativeName.IPAddress",
};

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

Unexpected unknown(std::string_view name) {
  for (const KeyRow& row : kKeys) {
    if (same_but_for_case(row.name, name)) {
      return fail(Fault::invalid, "{} is spelled {}; names are case-sensitive", quote(name),
                  row.name);
    }
  }
  return fail(Fault::invalid,
              "{} is not a variable this server resolves; known are iot:ClientId, aws:SourceIp, "
              "iot:DomainName, iot:CertificateId, iot:Certificate.*, iot:Connection.Thing.*, "
              "iot:ConnectAttributes, "
              "iot:LastWillTopic, aws:CurrentTime, aws:EpochTime and aws:SecureTransport",
              quote(name));
}

/// Reads the part after "iot:Certificate.Subject." or "...Issuer.": a field, then ".List" or an
/// index.
Result<void> parse_field(std::string_view rest, Variable& out) {
  if (rest.ends_with(".List")) {
    out.list = true;
    rest.remove_suffix(5);
  } else if (rest.size() > 2 && rest[rest.size() - 2] == '.' && name_rules::is_digit(rest.back())) {
    out.index = static_cast<std::uint8_t>(rest.back() - '0');
    rest.remove_suffix(2);
    if (out.index >= kMaxValuesPerField) {
      return fail(Fault::invalid, "{} asks for value {}; an attribute has at most {}, from 0",
                  quote(out.name), out.index, kMaxValuesPerField);
    }
  }
  const auto found = std::ranges::find(kFields, rest);
  if (found == kFields.end()) {
    return fail(Fault::invalid,
                "{} does not name a certificate attribute such as CommonName, Organization or "
                "AlternativeName.DNSName",
                quote(out.name));
  }
  out.field = static_cast<CertificateField>(found - kFields.begin());
  return {};
}

std::string_view nth(std::span<const CertificateValue> all, CertificateField field,
                     std::size_t index) {
  for (const CertificateValue& one : all) {
    if (one.field == field && index-- == 0) return one.value;
  }
  return {};
}

std::span<const CertificateValue> values_of(const Variable& variable, const Context& context) {
  return variable.key == Key::subject ? context.subject : context.issuer;
}

/// The single value of a variable that is not a list, unfiltered.
Value raw_value(const Variable& variable, const Context& context) {
  switch (variable.key) {
    case Key::client_id:
      return {context.client_id};
    case Key::source_ip:
      return {context.source_ip};
    case Key::domain_name:
      return {context.domain_name};
    case Key::certificate_id:
      return {context.certificate_id};
    case Key::certificate_serial:
      return {context.certificate_serial};
    case Key::subject:
    case Key::issuer:
      return {nth(values_of(variable, context), variable.field, variable.index), true};
    case Key::thing_name:
      return {context.thing_name};
    case Key::thing_type_name:
      return {context.thing_type_name};
    case Key::thing_attribute: {
      const auto* attributes = *context.thing_attributes;
      if (attributes == nullptr) return {};
      const auto found = attributes->find(variable.attribute);
      if (found == attributes->end()) return {};
      return {found->second};
    }
    case Key::is_attached:
      return {context.is_attached ? "true" : "false"};
    case Key::last_will_topic:
      return {context.last_will_topic};
    case Key::secure_transport:
      return {"true"};  // only TLS connections reach the server
    case Key::available_keys:
    case Key::connect_attributes:
    case Key::current_time:
    case Key::epoch_time:
      return {};
  }
  return {};
}

/// Adds the full variable names of the certificate's fields, for iot:Certificate.AvailableKeys.
void append_available(std::span<const CertificateValue> all, std::span<const std::string> names,
                      std::vector<Value>& out) {
  std::bitset<kCertificateFieldCount> seen;
  for (const CertificateValue& one : all) seen.set(static_cast<std::size_t>(one.field));
  for (std::size_t i = 0; i < kCertificateFieldCount; ++i) {
    if (seen[i]) out.push_back({names[i]});
  }
}

std::vector<std::string> prefixed(std::string_view prefix) {
  std::vector<std::string> out;
  out.reserve(kFields.size());
  for (const std::string_view field : kFields) out.push_back(std::string(prefix).append(field));
  return out;
}

}  // namespace

Result<Variable> Variable::parse(std::string_view name) {
  Variable out;
  out.name = name;
  for (const KeyRow& row : kKeys) {
    if (row.name == name) {
      out.key = row.key;
      return out;
    }
  }
  if (name.starts_with(kSubject)) {
    out.key = Key::subject;
    TRY(parse_field(name.substr(kSubject.size()), out));
    return out;
  }
  if (name.starts_with(kIssuer)) {
    out.key = Key::issuer;
    TRY(parse_field(name.substr(kIssuer.size()), out));
    return out;
  }
  if (name.starts_with(kThingAttribute) && name.ends_with(']')) {
    out.key = Key::thing_attribute;
    std::string_view attribute = name.substr(kThingAttribute.size());
    attribute.remove_suffix(1);
    TRY_ASSIGN(const AttributeName checked, AttributeName::parse(attribute));
    out.attribute = checked.str();
    return out;
  }
  return unknown(name);
}

Value substitution(const Variable& variable, const Context& context, Reading reading) {
  const Value value = raw_value(variable, context);
  if (reading == Reading::deny) return value;
  // AWS leaves out long certificate values and values with wildcards. '#' and '+' are wildcards too
  // where the result is a topic filter: a client that calls itself "+" must not be able to read
  // every level. (In a certificate value a backslash precedes '+', so it fills no level.)
  const std::string_view wildcards = value.escaped ? "*?#" : "*?#+";
  if (value.text.find_first_of(wildcards) != std::string_view::npos) return {};
  if (value.escaped && value.text.size() > kMaxCertificateCharacters) return {};
  if (reading == Reading::allow_client) return value;
  // A client that calls itself "$share/g/others" must not reach the topics below others/.
  const bool is_path =
      variable.key == Key::client_id && value.text.find('/') != std::string_view::npos;
  if (is_path || value.text.starts_with('$')) return {};
  return value;
}

std::vector<Value> values(const Variable& variable, const Context& context) {
  std::vector<Value> out;
  if (variable.key == Key::available_keys) {
    static const std::vector<std::string> subject_names = prefixed(kSubject);
    static const std::vector<std::string> issuer_names = prefixed(kIssuer);
    append_available(context.subject, subject_names, out);
    append_available(context.issuer, issuer_names, out);
  } else if (variable.key == Key::connect_attributes) {
    if (context.persistent_connect) out.push_back({"PersistentConnect"});
    if (context.last_will) out.push_back({"LastWill"});
  } else if (variable.list) {
    for (std::size_t i = 0; i < kMaxValuesPerField; ++i) {
      const auto text = nth(values_of(variable, context), variable.field, i);
      if (text.empty()) break;
      out.push_back({text, true});
    }
  } else if (const Value value = raw_value(variable, context); !value.text.empty()) {
    out.push_back(value);
  }
  return out;
}

std::string_view spell(Value value, std::string& storage) {
  if (!value.escaped || std::ranges::none_of(value.text, needs_escape)) return value.text;
  storage.clear();
  for (const char c : value.text) {
    if (needs_escape(c)) storage += '\\';
    storage += c;
  }
  return storage;
}

}  // namespace imprint::policy
