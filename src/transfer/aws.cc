// SPDX-License-Identifier: Apache-2.0
#include "transfer/aws.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "deployment/config.h"
#include "encoding/text.h"
#include "templates/template.h"
#include "transfer/facts.h"
#include "transfer/line_file.h"

namespace imprint::transfer {

namespace {

namespace json = encoding::json;
namespace query = registry::query;
using registry::CertificateStatus;
using registry::Record;

constexpr std::size_t kMaxPemBytes = 64 * 1024;
/// Each shape needs a template, an NDJSON file and a registration task of its own.
constexpr std::size_t kMaxShapes = 1000;

constexpr std::string_view kScript = R"sh(#!/bin/sh
# Registers what this folder holds with AWS IoT. Needs the AWS CLI with credentials and a region, an S3
# bucket, and a role that AWS IoT may use to read it and to register things:
#   ./register.sh BUCKET arn:aws:iam::ACCOUNT:role/ROLE
set -eu
cd "$(dirname "$0")"
bucket=${1:?name an S3 bucket} role=${2:?name the ARN of the role for bulk registration}
account=$(aws sts get-caller-identity --query Account --output text)
region=$(aws configure get region || true); region=${AWS_REGION:-${region:-us-east-1}}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
# The CA that signed the devices' certificates; SNI_ONLY asks for no proof of its key.
aws iot register-ca-certificate --ca-certificate file://issuing-ca.pem --set-as-active --certificate-mode SNI_ONLY
# calls/NNNN.OPERATION.json: the input of one call each, in order.
for call in calls/*.json; do
  operation=${call#calls/*.}; operation=${operation%.json}
  sed "s/:iot:[a-z0-9*-]*:ACCOUNT_OF_IMPRINT:/:iot:$region:$account:/g; s/:ACCOUNT_OF_IMPRINT:/:$account:/g" "$call" > "$work/call.json"
  echo "$call"
  aws iot "$operation" --cli-input-json "file://$work/call.json"
done
# One task at a time is AWS's limit.
for lines in bulk/*.ndjson; do
  [ -e "$lines" ] || continue
  name=${lines%.ndjson}; name=${name#bulk/}
  aws s3 cp "$lines" "s3://$bucket/imprint/$name.ndjson"
  task=$(aws iot start-thing-registration-task --template-body "file://bulk/$name.template.json" \
           --input-file-bucket "$bucket" --input-file-key "imprint/$name.ndjson" --role-arn "$role" \
           --query taskId --output text)
  while status=$(aws iot describe-thing-registration-task --task-id "$task" --query status --output text)
        [ "$status" = InProgress ]; do sleep 5; done
  echo "$lines: $status (task $task)"
done
)sh";

/// The numbered inputs of calls that must precede the things.
class Calls {
 public:
  explicit Calls(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<void> add(std::string_view operation, const json::object& input) {
    const auto path = folder_ / fmt::format("{:04}.{}.json", ++count_, operation);
    return write_file_durably(path, 0644, encoding::to_readable_json(input));
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::filesystem::path folder_;
  std::size_t count_ = 0;
};

json::object attribute_payload(const registry::Attributes& attributes) {
  json::object map;
  for (const auto& [name, value] : attributes) map[name] = value;
  return json::object{{"attributes", std::move(map)}};
}

Result<void> add_types(registry::Store& store, Calls& calls) {
  return for_each_record(store, query::ThingTypes{}, [&](const Record& record) -> Result<void> {
    const auto& type = std::get<registry::ThingType>(record);
    json::array searchable;
    for (const std::string& name : type.searchable_attributes) searchable.emplace_back(name);
    json::object properties;
    if (!type.description.empty()) properties["thingTypeDescription"] = type.description;
    if (!searchable.empty()) properties["searchableAttributes"] = std::move(searchable);
    return calls.add("create-thing-type", {{"thingTypeName", type.name.str()},
                                           {"thingTypeProperties", std::move(properties)}});
  });
}

/// Parents come before their children.
Result<void> add_groups(registry::Store& store, Calls& calls) {
  std::multimap<std::size_t, registry::ThingGroup> by_depth;
  TRY(for_each_record(store, query::ThingGroups{}, [&](const Record& record) -> Result<void> {
    const auto& group = std::get<registry::ThingGroup>(record);
    TRY_ASSIGN(const auto line, with_ancestors(store, group.name));
    by_depth.emplace(line.size(), group);
    return {};
  }));
  for (const auto& [depth, group] : by_depth) {
    json::object input{{"thingGroupName", group.name.str()}};
    if (group.parent) input["parentGroupName"] = group.parent->str();
    json::object properties;
    if (!group.description.empty()) properties["thingGroupDescription"] = group.description;
    if (!group.attributes.empty())
      properties["attributePayload"] = attribute_payload(group.attributes);
    if (!properties.empty()) input["thingGroupProperties"] = std::move(properties);
    if (group.is_dynamic()) input["queryString"] = group.query;
    TRY(calls.add(group.is_dynamic() ? "create-dynamic-thing-group" : "create-thing-group", input));
  }
  return {};
}

/// Replaces this server's account in ARNs by a marker, so that the script can insert the reader's.
std::string mark_account(std::string document, const std::string& account) {
  const std::string from = ":" + account + ":";
  for (auto at = document.find(from); at != std::string::npos; at = document.find(from, at + 1))
    document.replace(at, from.size(), ":ACCOUNT_OF_IMPRINT:");
  return document;
}

Result<void> add_policies(registry::Store& store, const std::string& account, Calls& calls) {
  return for_each_record(store, query::Policies{}, [&](const Record& record) -> Result<void> {
    const auto& policy = std::get<registry::Policy>(record);
    TRY_ASSIGN(const std::string document, default_document(store, policy));
    return calls.add("create-policy", {{"policyName", policy.name.str()},
                                       {"policyDocument", mark_account(document, account)}});
  });
}

Result<void> add_group_policies(registry::Store& store, Calls& calls, Exported& out) {
  return for_each_record(store, query::ThingGroups{}, [&](const Record& record) -> Result<void> {
    const auto& group = std::get<registry::ThingGroup>(record).name;
    TRY_ASSIGN(const auto policies, policies_of(store, registry::PolicyTarget(group)));
    for (const PolicyName& policy : policies) {
      TRY(calls.add("attach-policy",
                    {{"policyName", policy.str()},
                     {"target", fmt::format("arn:aws:iot:*:ACCOUNT_OF_IMPRINT:thinggroup/{}",
                                            group.str())}}));
      ++out.counts["policies of groups"];
    }
    return {};
  });
}

/// Things of one shape differ only in the values of the template's parameters.
json::object make_template(const ThingFacts& facts, const ThingFacts::Principal* principal) {
  json::object parameters{{"ThingName", json::object{{"Type", "String"}}}};
  json::object properties{{"ThingName", json::object{{"Ref", "ThingName"}}}};
  if (facts.thing.type) properties["ThingTypeName"] = facts.thing.type->str();
  json::object payload;
  std::size_t number = 0;
  for (const auto& [name, value] : facts.thing.attributes) {
    const std::string parameter = fmt::format("Attribute{}", ++number);
    parameters[parameter] = json::object{{"Type", "String"}};
    payload[name] = json::object{{"Ref", parameter}};
  }
  if (!payload.empty()) properties["AttributePayload"] = std::move(payload);
  json::array groups;
  for (const ThingGroupName& group : facts.groups) groups.emplace_back(group.str());
  if (!groups.empty()) properties["ThingGroups"] = std::move(groups);
  json::object resources{
      {"thing", json::object{{"Type", "AWS::IoT::Thing"}, {"Properties", std::move(properties)}}}};
  if (principal != nullptr) {
    parameters["CertificatePem"] = json::object{{"Type", "String"}};
    const bool active = principal->certificate.status == CertificateStatus::active;
    resources["certificate"] = json::object{
        {"Type", "AWS::IoT::Certificate"},
        {"Properties",
         json::object{{"CertificatePem", json::object{{"Ref", "CertificatePem"}}},
                      {"Status", active ? "ACTIVE" : "INACTIVE"},
                      {"ThingPrincipalType",
                       principal->exclusive ? "EXCLUSIVE_THING" : "NON_EXCLUSIVE_THING"}}}};
    number = 0;
    for (const PolicyName& policy : principal->policies) {
      resources[fmt::format("policy{}", ++number)] = json::object{
          {"Type", "AWS::IoT::Policy"}, {"Properties", json::object{{"PolicyName", policy.str()}}}};
    }
  }
  return json::object{{"Parameters", std::move(parameters)}, {"Resources", std::move(resources)}};
}

std::string make_line(const ThingFacts& facts, const ThingFacts::Principal* principal) {
  json::object line{{"ThingName", facts.thing.name.str()}};
  std::size_t number = 0;
  for (const auto& [name, value] : facts.thing.attributes)
    line[fmt::format("Attribute{}", ++number)] = value;
  if (principal != nullptr) line["CertificatePem"] = principal->certificate.pem;
  return encoding::to_json(line);
}

/// The bulk registrations: one template and one file of lines for each shape.
class Bulk {
 public:
  Bulk(std::filesystem::path folder, Exported& out) : folder_(std::move(folder)), out_(out) {}

  Result<void> add(const ThingFacts& facts) {
    bool any = false;
    for (const ThingFacts::Principal& principal : facts.principals) {
      if (principal.certificate.status != CertificateStatus::active &&
          principal.certificate.status != CertificateStatus::inactive) {
        ++left_out_;
        continue;
      }
      any = true;
      TRY(add_line(facts, &principal));
    }
    if (!any) TRY(add_line(facts, nullptr));
    return {};
  }

  Result<void> finish() {
    for (auto& [text, file] : files_) TRY(file.close());
    if (left_out_ > 0) {
      out_.notes.push_back(fmt::format(
          "{} certificates that are neither ACTIVE nor INACTIVE are left out, but their things are "
          "included",
          left_out_));
    }
    return {};
  }

 private:
  Result<void> add_line(const ThingFacts& facts, const ThingFacts::Principal* principal) {
    const json::object made = make_template(facts, principal);
    std::string text = encoding::to_json(made);
    auto file = files_.find(text);
    if (file == files_.end()) {
      if (const auto sound = templates::Template::parse(text, templates::Use::bulk); !sound) {
        out_.notes.push_back(fmt::format("thing {} is left out: {}", facts.thing.name.str(),
                                         describe(sound.error())));
        return {};
      }
      if (files_.size() == kMaxShapes) {
        return fail(Fault::exhausted,
                    "the things have more than {} shapes (type, groups, policies, attribute "
                    "names), each of which needs its own registration task",
                    kMaxShapes);
      }
      const std::string name = fmt::format("{:04}", files_.size() + 1);
      TRY(write_file_durably(folder_ / (name + ".template.json"), 0644,
                             encoding::to_readable_json(made)));
      TRY_ASSIGN(LineFile lines, LineFile::create(folder_ / (name + ".ndjson")));
      file = files_.emplace(std::move(text), std::move(lines)).first;
      ++out_.counts["registration templates"];
    }
    ++out_.counts["registration lines"];
    return file->second.add(make_line(facts, principal));
  }

  std::filesystem::path folder_;
  Exported& out_;
  std::map<std::string, LineFile> files_;  ///< by template
  std::size_t left_out_ = 0;
};

/// Certificates without a thing have no line, because AWS's bulk registration registers things.
Result<void> note_certificates_without_thing(registry::Store& store, Exported& out) {
  std::size_t alone = 0;
  TRY(for_each_record(store, query::Certificates{}, [&](const Record& record) -> Result<void> {
    const auto& certificate = std::get<registry::Certificate>(record);
    if (certificate.status != CertificateStatus::active) return {};
    TRY_ASSIGN(
        const registry::Page things,
        runtime::run_blocking(store.list(query::ThingsOfPrincipal{certificate.id}, {{}, 1})));
    if (things.records.empty()) ++alone;
    return {};
  }));
  if (alone > 0) {
    out.notes.push_back(fmt::format(
        "{} active certificates belong to no thing (claims among them) and are not in bulk/; "
        "register them with aws iot register-certificate-without-ca, from certificates.ndjson of "
        "imprint export",
        alone));
  }
  out.notes.emplace_back(
      "provisioning templates are not exported: on AWS each needs a role, and a Lambda function "
      "where it has a hook; their bodies are in templates/ of imprint export");
  return {};
}

}  // namespace

Result<Exported> export_for_aws(registry::Store& store, const deployment::Layout& layout,
                                const std::filesystem::path& folder) {
  TRY_ASSIGN(const deployment::Config config, deployment::Config::load(layout.config()));
  TRY_ASSIGN(const std::string issuing, read_file(layout.issuing_certificate(), kMaxPemBytes));
  std::filesystem::create_directory(folder / "calls");
  std::filesystem::create_directory(folder / "bulk");
  Exported out;
  Calls calls(folder / "calls");
  TRY(add_types(store, calls));
  TRY(add_groups(store, calls));
  TRY(add_policies(store, config.account_id, calls));
  TRY(add_group_policies(store, calls, out));
  out.counts["calls"] = calls.count();
  Bulk bulk(folder / "bulk", out);
  TRY(for_each_thing(store, [&](const ThingFacts& facts) { return bulk.add(facts); }));
  TRY(bulk.finish());
  TRY(note_certificates_without_thing(store, out));
  TRY(write_file_durably(folder / "issuing-ca.pem", 0644, issuing));
  TRY(write_file_durably(folder / "register.sh", 0755, kScript));
  return out;
}

}  // namespace imprint::transfer
