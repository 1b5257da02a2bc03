// SPDX-License-Identifier: Apache-2.0
// test/golden/registry/records: each kind of record with all of its members and with as few as
// possible, as stores and exports hold it. IMPRINT_UPDATE_GOLDEN=1 rewrites the file; a difference
// means a store that an earlier version cannot read, and events whose hashes no longer match.
#include "registry/codec.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

#include "registry/keys.h"

namespace imprint::registry {
namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(IMPRINT_TEST_DIR) / "golden" / "registry" / "records";

template <class N>
N name(std::string_view text) {
  return *N::parse(text);
}
Sha256 digest(std::uint8_t seed) {
  Sha256 out{};
  out.fill(seed);
  return out;
}
CertificateId id(std::uint8_t seed) { return CertificateId(digest(seed)); }
Timestamp at(std::int64_t value) { return from_milliseconds(value); }

Certificate full_certificate() {
  return {.id = id(1),
          .pem = "PEM",
          .status = CertificateStatus::pending_activation,
          .purpose = CertificatePurpose::claim,
          .serial = "0a",
          .common_name = "d \"1\" \xc3\xa9",
          .public_key = digest(2),
          .not_before = at(-3),
          .not_after = at(4),
          .generation_id = "generation",
          .requested_by = id(5),
          .ownership_round = 6,
          .ownership_expires = at(7),
          .registration = Registration{.template_name = name<TemplateName>("T"),
                                       .request_digest = digest(8),
                                       .thing = name<ThingName>("d-1"),
                                       .device_configuration = R"({"a":"b"})",
                                       .at = at(9)},
          .claim_budget = {.templates = {name<TemplateName>("T"), name<TemplateName>("U")},
                           .max_devices = 10,
                           .rate = Rate{11, Seconds(12)},
                           .from = at(13),
                           .until = at(14),
                           .networks = {*Network::parse("10.0.0.0/8"),
                                        *Network::parse("2001:db8::/32")},
                           .serials = SerialRange{"A-1", "A-9"},
                           .learning_devices = 15},
          .claim_networks = {*Network::parse("192.0.2.0/24")},
          .frozen = Freeze{at(16), "somebody said so", "AKIB"},
          .first_connected = at(17),
          .created = at(18),
          .modified = at(19),
          .version = 20,
          .ca_certificate = id(21),
          .mode = CertificateMode::sni_only,
          .replaces = {id(22), id(23)},
          .replaced_by = id(24),
          .issued_as = digest(25),
          .deactivated = at(26),
          .claim_name = "line 1",
          .requests = {"aa", "bb"}};
}

Certificate certificate_with_bare_parts() {
  Certificate out{.id = id(1), .pem = "PEM"};
  out.registration =
      Registration{.template_name = name<TemplateName>("T"), .device_configuration = ""};
  out.claim_budget.rate = Rate{};
  out.claim_budget.serials = SerialRange{};
  out.frozen = Freeze{};
  return out;
}

std::vector<Record> things_and_groups() {
  return {Thing{.name = name<ThingName>("d-1"),
                .id = "id",
                .type = name<ThingTypeName>("T"),
                .attributes = {{"b", "2"}, {"a", ""}},
                .created = at(1),
                .version = 2,
                .reprovision_until = at(3),
                .is_reserved = true},
          Thing{.name = name<ThingName>("d-1"), .id = ""},
          ThingType{name<ThingTypeName>("T"), "id", "text", {"b", "a"}, at(1), at(2), 3},
          ThingType{.name = name<ThingTypeName>("T"), .id = ""},
          ThingGroup{name<ThingGroupName>("g"),
                     "id",
                     name<ThingGroupName>("root"),
                     "text",
                     {{"a", "1"}},
                     at(1),
                     2,
                     "thingName:*"},
          ThingGroup{.name = name<ThingGroupName>("g"), .id = ""},
          GroupMembership{name<ThingName>("d-1"), name<ThingGroupName>("g"), at(1), 2},
          GroupMembership{name<ThingName>("d-1"), name<ThingGroupName>("g")},
          ThingPrincipal{name<ThingName>("d-1"), id(1), true, at(2), 3},
          ThingPrincipal{name<ThingName>("d-1"), id(1)}};
}

std::vector<Record> certificates() {
  return {full_certificate(),
          Certificate{.id = id(1), .pem = ""},
          certificate_with_bare_parts(),
          Tombstone{id(1), digest(2), digest(3), "0a", "d-1", at(4), 5},
          Tombstone{.certificate = id(1)},
          IssuanceIntent{"0a", digest(1), id(2), "profile", at(3), 4},
          IssuanceIntent{.serial = ""},
          CaCertificate{.id = id(1),
                        .pem = "PEM",
                        .is_active = true,
                        .auto_registration = true,
                        .mode = CertificateMode::sni_only,
                        .registration = RegistrationConfig{"{}", "arn", name<TemplateName>("T")},
                        .subject = digest(2),
                        .public_key = digest(3),
                        .not_before = at(4),
                        .not_after = at(5),
                        .generation_id = "generation",
                        .created = at(6),
                        .modified = at(7),
                        .version = 8},
          CaCertificate{.id = id(1), .pem = "", .registration = RegistrationConfig{}},
          CaCertificate{.id = id(1), .pem = ""}};
}

std::vector<Record> policies_and_templates() {
  return {Policy{name<PolicyName>("p"), 1, 2, "generation", at(3), at(4), 5},
          Policy{.name = name<PolicyName>("p")},
          PolicyVersion{name<PolicyName>("p"), 2, "{}", at(3), 4},
          PolicyVersion{.policy = name<PolicyName>("p"), .document = ""},
          PolicyAttachment{name<PolicyName>("p"), id(1), at(2), 3},
          PolicyAttachment{name<PolicyName>("p"), name<ThingGroupName>("g")},
          ProvisioningTemplate{.name = name<TemplateName>("T"),
                               .type = TemplateType::jitp,
                               .description = "text",
                               .enabled = true,
                               .role_arn = "arn",
                               .hook = ProvisioningHook{"2020-04-01", "hook"},
                               .default_version = 1,
                               .last_version = 2,
                               .created = at(3),
                               .modified = at(4),
                               .version = 5,
                               .settings = {{"b", "1"}, {"a", "2"}}},
          ProvisioningTemplate{.name = name<TemplateName>("T"), .hook = ProvisioningHook{}},
          ProvisioningTemplate{.name = name<TemplateName>("T")},
          ProvisioningTemplateVersion{name<TemplateName>("T"), 2, "{}", at(3), 4},
          ProvisioningTemplateVersion{.template_name = name<TemplateName>("T"), .body = ""}};
}

std::vector<Record> lists_and_work() {
  return {Counter{"c", -1, 2},
          Counter{.name = ""},
          RegistrationTask{.id = "id",
                           .template_body = "{}",
                           .bucket = "bucket",
                           .key = "key",
                           .role_arn = "arn",
                           .region = "eu-1",
                           .actor = "AKIB",
                           .status = TaskStatus::cancelling,
                           .message = "text",
                           .created = at(1),
                           .modified = at(2),
                           .version = 3},
          RegistrationTask{.id = ""},
          RegistrationProgress{"id", 1, 2, 3, 4, 5, {6, 7}, {8, 9}, at(10), 11},
          RegistrationProgress{.task = ""},
          ManufacturingList{name<ListName>("l"), "text", at(1), at(2), 3},
          ManufacturingList{.name = name<ListName>("l")},
          ListEntry{name<ListName>("l"),
                    "A-1",
                    name<TemplateName>("T"),
                    "line",
                    "eu-1",
                    {{"mac", "aa"}},
                    true,
                    at(1),
                    at(2),
                    3},
          ListEntry{.list = name<ListName>("l"), .serial = ""}};
}

std::vector<Record> administration() {
  return {AuditEvent{1, at(2), "connect", "denied", "AKIB", "0-1", "d-1", "cert", "client", "A-1",
                     R"({"a":1})", digest(3), outcome::FailureCategory::not_admitted},
          AuditEvent{},
          AuditEvent{.step = "s", .outcome = "ok", .detail = ""},
          AuditTrail{1, {2, digest(3)}, {4, digest(5)}, 6},
          AuditTrail{},
          Credential{"AKIB", "line 1", "sealed", "factory", "{}", CredentialStatus::revoked, "AKIC",
                     at(1), at(2), 3},
          Credential{.access_key_id = "", .name = ""},
          IndexingConfiguration{true, at(1), 2},
          IndexingConfiguration{.things = false},
          ResourceTags{"policy/p", {{"b", "1"}, {"a", "2"}}, at(1), 2},
          ResourceTags{.resource = ""},
          Setting{"s", "value", at(1), at(2), 3},
          Setting{.name = "", .value = ""},
          Alarm{.id = "id",
                .kind = "failure-ratio",
                .subject = "subject",
                .subject_kind = "claim",
                .because = "because",
                .next = "next",
                .commands = {"b", "a"},
                .serial_number = "A-1",
                .client = "client",
                .level = 1,
                .since = at(2),
                .seen = at(3),
                .resolved = at(4),
                .resolved_because = "over",
                .owed = {"webhook raised"},
                .version = 5},
          Alarm{.id = "", .kind = ""}};
}

std::vector<Record> jobs() {
  const auto job = name<JobId>("j");
  const JobPlan plan{.description = "text",
                     .document = R"({"a":1})",
                     .document_source = "https://s3/x",
                     .presigned_urls = PresignedUrls{"role", 60},
                     .rollout = {.maximum_per_minute = 5,
                                 .exponential = ExponentialRate{.base_per_minute = 1,
                                                                .increment_tenths = 15,
                                                                .notified_things = 2,
                                                                .succeeded_things = 3}},
                     .abort_criteria = {{JobFailure::timed_out, 1'025, 4}},
                     .timeout_minutes = 6,
                     .retries = {{JobFailure::all, 7}}};
  return {
      Job{.id = job,
          .plan = plan,
          .targets = {name<ThingName>("d-1"), name<ThingGroupName>("g")},
          .selection = TargetSelection::continuous,
          .template_arn = "arn",
          .schedule = {.start = at(1), .end = at(2), .end_behavior = JobEndBehavior::force_cancel},
          .document_parameters = {{"b", "1"}, {"a", "2"}},
          .status = JobStatus::canceled,
          .is_force_canceled = true,
          .reason_code = "reason",
          .comment = "comment",
          .created = at(3),
          .modified = at(4),
          .completed = at(5),
          .version = 6},
      Job{.id = job},
      JobProgress{job, 1, "d-1", true, 2},
      JobProgress{.job = job},
      JobTemplate{job, plan, "arn", at(1), 2},
      JobTemplate{.id = job},
      JobExecution{.thing = name<ThingName>("d-1"),
                   .job = job,
                   .number = 2,
                   .status = JobExecutionStatus::timed_out,
                   .details = {{"step", "3"}},
                   .is_force_canceled = true,
                   .retry = 1,
                   .is_retried = true,
                   .queued = at(1),
                   .started = at(2),
                   .in_progress_until = at(3),
                   .step_until = at(4),
                   .modified = at(5),
                   .version = 6},
      JobExecution{.thing = name<ThingName>("d-1"), .job = job}};
}

std::vector<Record> every_record() {
  std::vector<Record> all;
  for (const auto& some : {things_and_groups(), certificates(), policies_and_templates(),
                           lists_and_work(), administration(), jobs()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::string stored(const Record& record) { return encoding::to_json(to_json(record)); }

std::string read_golden() {
  std::ifstream in(kGolden);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(Codec, KeepsRecordsByteForByteAsEarlierVersionsDid) {
  std::string lines;
  for (const Record& record : every_record())
    lines += fmt::format("{}: {}\n", kind_name(key_of(record).kind), stored(record));
  if (std::getenv("IMPRINT_UPDATE_GOLDEN") != nullptr) std::ofstream(kGolden) << lines;
  EXPECT_EQ(lines, read_golden());
}

TEST(Codec, ReadsTheClaimsOfEarlierVersions) {
  encoding::json::object stored = to_json(Certificate{.id = id(1), .pem = "PEM"});
  stored["claim_template"] = "T";
  stored["claim_limit"] = 7;
  const auto read = from_json(Kind::certificate, stored);
  ASSERT_TRUE(read) << read.error().message;
  const auto& budget = std::get<Certificate>(*read).claim_budget;
  EXPECT_EQ(budget, (ClaimBudget{.templates = {*TemplateName::parse("T")}, .max_devices = 7}));
  for (const char* broken : {R"({"networks":["x"]})", R"({"templates":["a b"]})", R"({"rate":7})",
                             R"({"max_devices":"7"})", "[]"}) {
    stored["claim_budget"] = *encoding::parse_json(broken);
    EXPECT_FALSE(from_json(Kind::certificate, stored)) << broken;
  }
}

TEST(Codec, ReadsThingsOfEarlierVersions) {
  const auto read = from_json(
      Kind::thing, *encoding::parse_json(
                       R"({"name":"d-1","id":"id","billing_group":"b","created":1,"version":2})"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<Thing>(*read).version, 2);
}

TEST(Codec, RefusesBrokenRows) {
  for (const char* text :
       {"[]", R"({"name":"a b"})", R"({"name":1})", R"({"name":"a","version":"x"})"}) {
    EXPECT_FALSE(from_json(Kind::thing, *encoding::parse_json(text))) << text;
  }
}

}  // namespace
}  // namespace imprint::registry
