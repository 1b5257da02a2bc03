// SPDX-License-Identifier: Apache-2.0
#include "provisioning/certificate_parameters.h"

#include <algorithm>
#include <array>

namespace imprint::provisioning {

namespace {

struct Row {
  x509::NameType type;
  std::string_view parameter;
  std::string_view name;
};

using enum x509::NameType;
constexpr std::array kRows = {
    Row{country, "AWS::IoT::Certificate::Country", "C"},
    Row{organization, "AWS::IoT::Certificate::Organization", "O"},
    Row{organizational_unit, "AWS::IoT::Certificate::OrganizationalUnit", "OU"},
    Row{dn_qualifier, "AWS::IoT::Certificate::DistinguishedNameQualifier", "dnQualifier"},
    Row{state, "AWS::IoT::Certificate::StateName", "ST"},
    Row{common_name, "AWS::IoT::Certificate::CommonName", "CN"},
    Row{serial_number, "AWS::IoT::Certificate::SerialNumber", "serialNumber"},
};

}  // namespace

templates::Predefined certificate_parameters(const x509::Certificate& certificate) {
  templates::Predefined out;
  out.values[std::string(templates::kCertificateIdParameter)] = certificate.id().hex();
  for (const Row& row : kRows) {
    const auto values = certificate.subject().values(row.type);
    if (!values.empty()) out.values[std::string(row.parameter)] = std::string(values.front());
  }
  return out;
}

std::vector<SubjectField> subject_fields(const templates::Template& parsed) {
  std::vector<SubjectField> out;
  for (const auto& [name, fallback] : parsed.parameters()) {
    const auto row = std::ranges::find(kRows, name, &Row::parameter);
    if (row != kRows.end()) out.push_back({name, row->name, !fallback.has_value()});
  }
  return out;
}

std::vector<templates::Problem> check_subject(const templates::Template& parsed,
                                              const x509::Certificate& certificate) {
  std::vector<templates::Problem> problems;
  const templates::Predefined given = certificate_parameters(certificate);
  for (const SubjectField& field : subject_fields(parsed)) {
    if (!field.is_needed || given.values.contains(field.parameter)) continue;
    problems.push_back(
        {templates::Severity::error, "$.Parameters." + field.parameter,
         fmt::format("the subject \"{}\" has no {}", certificate.subject().text(), field.name),
         fmt::format("make the certificates with {}, or give the parameter a Default",
                     field.name)});
  }
  if (!problems.empty()) return problems;
  const auto resources = parsed.evaluate({}, given);
  if (resources) return problems;
  problems.push_back({templates::Severity::error, resources.error().where,
                      fmt::format("with the subject \"{}\": {}", certificate.subject().text(),
                                  resources.error().message),
                      "make the certificates with another subject, or change the template"});
  return problems;
}

}  // namespace imprint::provisioning
