// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "base/name.h"
#include "base/network.h"
#include "outcome/failure_category.h"
#include "registry/job_records.h"

/// The records of the registry. They are values; `version` starts at 1 and grows by one with each
/// change, so a writer can name the version it saw. A member is stored only if fields.h lists it.
namespace imprint::registry {

using Attributes = std::map<std::string, std::string, std::less<>>;

struct Thing {
  ThingName name;
  std::string id;  ///< UUID
  std::optional<ThingTypeName> type = {};
  Attributes attributes = {};
  Timestamp created = {};
  std::int64_t version = 1;
  /// Until then, an operator permits one more registration with another key.
  std::optional<Timestamp> reprovision_until = {};
  /// The name was reserved by a caller who may not set the thing's properties. The first template
  /// that registers a device under it sets them, as for a new thing.
  bool is_reserved = false;
};

struct ThingType {
  ThingTypeName name;
  std::string id;
  std::string description = {};
  std::vector<std::string> searchable_attributes = {};
  std::optional<Timestamp> deprecated = {};
  Timestamp created = {};
  std::int64_t version = 1;
};

struct ThingGroup {
  ThingGroupName name;
  std::string id;
  std::optional<ThingGroupName> parent = {};
  std::string description = {};
  Attributes attributes = {};
  Timestamp created = {};
  std::int64_t version = 1;
  std::string query = {};  ///< for a dynamic group: the search that selects its members

  [[nodiscard]] bool is_dynamic() const { return !query.empty(); }
};

struct GroupMembership {
  ThingName thing;
  ThingGroupName group;
  Timestamp created = {};
  std::int64_t version = 1;
};

/// AWS IoT API, CertificateStatus.
enum class CertificateStatus : std::uint8_t {
  active,
  inactive,
  revoked,
  pending_transfer,
  register_inactive,
  pending_activation,
};

std::string_view to_string(CertificateStatus status);  ///< as AWS writes it: "PENDING_ACTIVATION"
Result<CertificateStatus> parse_certificate_status(std::string_view text);

/// The use of a certificate beyond its policies.
enum class CertificatePurpose : std::uint8_t {
  identity,  ///< a device, or an ordinary client
  claim,     ///< shared by devices that have no identity yet; made by `imprint claim create`
  provisioning_claim,  ///< made by CreateProvisioningClaim: short-lived, not listed
};

/// AWS IoT API, CertificateMode. DEFAULT: the CA was registered with proof of possession of its
/// key. SNI_ONLY: without such a proof; it may be registered in several accounts at once.
enum class CertificateMode : std::uint8_t { default_mode, sni_only };

std::string_view to_string(CertificateMode mode);  ///< "DEFAULT", "SNI_ONLY"

/// The answer of RegisterThing, kept so that a repeat of the same request gets the same answer.
struct Registration {
  TemplateName template_name;
  Sha256 request_digest{};  ///< of template and parameters
  std::optional<ThingName> thing = {};
  std::string device_configuration = "{}";  ///< JSON object
  Timestamp at = {};
};

/// At most `most` within any period of the length `per`.
struct Rate {
  std::int64_t most = 1;
  Seconds per{60};

  friend bool operator==(const Rate&, const Rate&) = default;
};

/// Both bounds are included; provisioning/claim_budget.h defines which serial numbers lie between.
struct SerialRange {
  std::string first;
  std::string last;

  friend bool operator==(const SerialRange&, const SerialRange&) = default;
};

/// Limits on the use of a claim, in addition to its policies. An absent limit restricts nothing.
/// The number of devices provisioned with it is a Counter, so that devices need not wait for each
/// other.
struct ClaimBudget {
  std::vector<TemplateName> templates = {};
  std::optional<std::int64_t> max_devices = {};
  std::optional<Rate> rate = {};  ///< of devices
  std::optional<Timestamp> from = {};
  std::optional<Timestamp> until = {};
  std::vector<Network> networks = {};
  std::optional<SerialRange> serials = {};
  /// It learns the networks it is used from until this many devices have been provisioned with it.
  std::optional<std::int64_t> learning_devices = {};

  friend bool operator==(const ClaimBudget&, const ClaimBudget&) = default;
};

/// Why a claim was taken out of service, until an operator decides about it. Meanwhile its status
/// is INACTIVE, as AWS's clients see it; setting the status is the decision.
struct Freeze {
  Timestamp at = {};
  std::string because;
  std::string by = {};  ///< access key id; empty: the server

  friend bool operator==(const Freeze&, const Freeze&) = default;
};

struct Certificate {
  CertificateId id;
  std::string pem;
  CertificateStatus status = CertificateStatus::inactive;
  CertificatePurpose purpose = CertificatePurpose::identity;
  std::string serial = {};       ///< RFC 5280 serial, lower-case hex
  std::string common_name = {};  ///< of the subject
  Sha256 public_key{};           ///< SHA-256 of the SubjectPublicKeyInfo
  Timestamp not_before = {};
  Timestamp not_after = {};
  std::string generation_id = {};
  /// The certificate that requested this one (fleet provisioning), if any.
  std::optional<CertificateId> requested_by = {};
  /// Ownership: the open round of create/RegisterThing, and its deadline.
  std::int64_t ownership_round = 0;
  std::optional<Timestamp> ownership_expires = {};
  std::optional<Registration> registration = {};
  ClaimBudget claim_budget = {};             ///< of claims
  std::vector<Network> claim_networks = {};  ///< learned
  std::optional<Freeze> frozen = {};
  std::optional<Timestamp> first_connected = {};
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;  ///< AWS's customerVersion
  /// The registered CA that signed it, if any; the CA may have been deleted since.
  std::optional<CertificateId> ca_certificate = {};
  CertificateMode mode = CertificateMode::default_mode;
  /// Other ACTIVE certificates of the same thing: they are retired when this one first connects.
  std::vector<CertificateId> replaces = {};
  std::optional<CertificateId> replaced_by = {};  ///< the one that retired it
  /// SHA-256 of issuer and serial number, which all encodings of one signed certificate share.
  std::optional<Sha256> issued_as = {};
  /// When it was taken out of service; absent if it was replaced or was never in service.
  std::optional<Timestamp> deactivated = {};
  std::string claim_name = {};  ///< the claim's display name
  /// SHA-256, in hexadecimal, of the CSRs that it was requested with: a sender who repeats one has
  /// seen it and need not hold the key.
  std::vector<std::string> requests = {};
};

/// The remains of a revoked certificate that was deleted: its key, and its issuer and serial
/// number, stay rejected until an operator lifts the tombstone.
struct Tombstone {
  CertificateId certificate;
  Sha256 public_key{};
  std::optional<Sha256> issued_as = {};
  std::string serial = {};
  std::string common_name = {};
  Timestamp created = {};  ///< when the certificate was deleted
  std::int64_t version = 1;
};

/// Written before signing and removed when the certificate is stored: after a power cut, this shows
/// what may have been signed but never delivered.
struct IssuanceIntent {
  std::string serial;
  Sha256 public_key{};
  std::optional<CertificateId> requested_by = {};
  std::string profile = {};
  Timestamp created = {};
  std::int64_t version = 1;
};

struct Policy {
  PolicyName name;
  std::int64_t default_version = 1;
  std::int64_t last_version = 1;  ///< version ids are never reused
  std::string generation_id = {};
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

struct PolicyVersion {
  PolicyName policy;
  std::int64_t number = 1;
  std::string document;
  Timestamp created = {};
  std::int64_t version = 1;
};

/// A policy attaches to a certificate or a thing group, never to a thing.
using PolicyTarget = std::variant<CertificateId, ThingGroupName>;

/// A target as written in keys, rows and lists: "cert/<id>" or "thinggroup/<name>".
std::string to_string(const PolicyTarget& target);
Result<PolicyTarget> parse_policy_target(std::string_view text);

struct PolicyAttachment {
  PolicyName policy;
  PolicyTarget target;
  Timestamp created = {};
  std::int64_t version = 1;
};

struct ThingPrincipal {
  ThingName thing;
  CertificateId certificate;
  bool exclusive = false;
  Timestamp created = {};
  std::int64_t version = 1;
};

enum class TemplateType : std::uint8_t { fleet_provisioning, jitp };

std::string_view to_string(TemplateType type);  ///< "FLEET_PROVISIONING", "JITP"

struct ProvisioningHook {
  std::string payload_version;
  std::string target_arn;
};

/// Settings that AWS has no field for, by key, as the operator wrote them; an absent one has the
/// deployment's default. provisioning/template_settings.h defines the keys.
using TemplateSettings = std::map<std::string, std::string, std::less<>>;

struct ProvisioningTemplate {
  TemplateName name;
  TemplateType type = TemplateType::fleet_provisioning;
  std::string description = {};
  bool enabled = false;
  std::string role_arn = {};
  std::optional<ProvisioningHook> hook = {};
  std::int64_t default_version = 1;
  std::int64_t last_version = 1;
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
  TemplateSettings settings = {};
};

struct ProvisioningTemplateVersion {
  TemplateName template_name;
  std::int64_t number = 1;
  std::string body;
  Timestamp created = {};
  std::int64_t version = 1;
};

/// Counts the dynamic thing groups, which have their own limit.
inline constexpr std::string_view kDynamicGroupsCounter = "dynamic-thing-groups";
inline constexpr std::int64_t kMaxDynamicGroups = 100;  ///< AWS IoT quota

/// A number that several writers increment, with a bound enforced by the store: devices per claim.
struct Counter {
  std::string name;
  std::int64_t value = 0;
  std::int64_t version = 1;
};

/// AWS IoT API, Status of a thing registration task.
enum class TaskStatus : std::uint8_t { in_progress, completed, failed, cancelled, cancelling };

std::string_view to_string(TaskStatus status);  ///< as AWS writes it: "InProgress"
Result<TaskStatus> parse_task_status(std::string_view text);

/// A bulk registration: the request and its state.
struct RegistrationTask {
  std::string id;  ///< UUID
  std::string template_body = {};
  std::string bucket = {};
  std::string key = {};
  std::string role_arn = {};
  std::string region = {};  ///< from the call that started it; used in the reports' ARNs
  std::string actor = {};   ///< its access key, for the audit trail
  TaskStatus status = TaskStatus::in_progress;
  std::string message = {};  ///< why it failed
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// Where a report continues: reports are stored in parts of bounded size.
struct ReportPlace {
  std::int64_t part = 0;
  std::int64_t bytes = 0;

  friend bool operator==(const ReportPlace&, const ReportPlace&) = default;
};

/// The progress of a task. Written together with the changes of each line, so that no line is
/// processed twice.
struct RegistrationProgress {
  std::string task;
  std::int64_t input_bytes = 0;
  std::int64_t done_bytes = 0;  ///< offset of the next line in the input
  std::int64_t done_lines = 0;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  ReportPlace results = {};
  ReportPlace errors = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// Whether things may be searched. There is at most one record; without one they may.
struct IndexingConfiguration {
  bool things = true;
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// One step with its outcome: who, what, when, why. Append only; the store sets `sequence` and
/// `hash` (audit_chain.h). `imprint explain` searches by the named ids; `detail` is a JSON object.
struct AuditEvent {
  std::int64_t sequence = 0;
  Timestamp time = {};
  std::string step = {};     ///< trail/steps.h, or an operation: "update_certificate"
  std::string outcome = {};  ///< trail::Outcome
  std::string actor = {};
  std::string correlation = {};
  std::string thing = {};
  std::string certificate = {};
  std::string client = {};
  std::string serial_number = {};
  std::string detail = "{}";
  std::optional<Sha256> hash = {};  ///< absent until stored, and for events older than the chain
  /// Why a device was refused, if this event is a refusal. `detail` has it for readers; this member
  /// is for searching, and the hash does not cover it. Absent from events of earlier versions.
  std::optional<outcome::FailureCategory> refused_for = {};

  friend bool operator==(const AuditEvent&, const AuditEvent&) = default;
};

/// A place in the audit trail: an event, and the hash that the next event builds on.
struct ChainPlace {
  std::int64_t sequence = 0;
  Sha256 hash{};

  friend bool operator==(const ChainPlace&, const ChainPlace&) = default;
};

/// Where the audit trail of a store begins and ends. There is one record; the store itself writes
/// it with each commit that appends or removes events.
struct AuditTrail {
  std::int64_t unchained = 0;  ///< the last event older than the chain; 0: none
  ChainPlace forgotten = {};   ///< the newest event that was removed
  ChainPlace head = {};        ///< the newest event
  std::int64_t archived = 0;   ///< the newest event that was archived before its removal

  /// The place before the oldest chained event that the store still has.
  [[nodiscard]] ChainPlace beginning() const {
    return forgotten.sequence >= unchained ? forgotten : ChainPlace{unchained, {}};
  }
  friend bool operator==(const AuditTrail&, const AuditTrail&) = default;
};

enum class CredentialStatus : std::uint8_t { active, revoked };

std::string_view to_string(CredentialStatus status);  ///< "active", "revoked"

/// An operator's access key for the REST API. Its secret is encrypted (access/vault.h). Its rights
/// are a role by name, or its own policy document.
struct Credential {
  std::string access_key_id;
  std::string name;  ///< display name of its owner
  std::string sealed_secret = {};
  std::string role = {};
  std::string document = {};
  CredentialStatus status = CredentialStatus::active;
  std::string created_by = {};  ///< access key id
  Timestamp created = {};
  std::optional<Timestamp> revoked = {};
  std::int64_t version = 1;
};

/// How devices of a CA are provisioned when they first connect: the text of a template, or the name
/// of a stored one (AWS IoT API, RegistrationConfig).
struct RegistrationConfig {
  std::string template_body = {};
  std::string role_arn = {};
  std::optional<TemplateName> template_name = {};
};

/// An operator's own CA, whose device certificates may be registered.
struct CaCertificate {
  CertificateId id;
  std::string pem;
  bool is_active = false;
  /// Registers unknown certificates signed by this CA when they first connect.
  bool auto_registration = false;
  CertificateMode mode = CertificateMode::default_mode;
  std::optional<RegistrationConfig> registration = {};
  Sha256 subject{};     ///< SHA-256 of the DER Name, which its certificates carry as issuer
  Sha256 public_key{};  ///< SHA-256 of the SubjectPublicKeyInfo
  Timestamp not_before = {};
  Timestamp not_after = {};
  std::string generation_id = {};
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;  ///< AWS's customerVersion
};

/// The tags of one resource; a resource without tags has no record.
struct ResourceTags {
  std::string resource;  ///< the last part of its ARN: "policy/x"
  Attributes tags = {};
  Timestamp created = {};
  std::int64_t version = 1;
};

/// One value per account: the registration code, or the event configurations.
struct Setting {
  std::string name;
  std::string value;
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// The units that the factory reports as made; a template that names the list admits no others.
struct ManufacturingList {
  ListName name;
  std::string description = {};
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// One unit of a list. manufacturing/entry.h defines what its texts may contain.
struct ListEntry {
  ListName list;
  std::string serial;
  std::optional<TemplateName> template_name = {};  ///< the only one it may use; absent: any
  std::string product_line = {};
  std::string region = {};
  Attributes extra = {};    ///< further columns
  bool is_blocked = false;  ///< scrapped or stolen: known but refused
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// Something that needs an operator's attention; it is kept for a while after it is over
/// (alarms/kind.h defines the kinds).
struct Alarm {
  std::string id;                 ///< UUID
  std::string kind;               ///< "failure-ratio"
  std::string subject = {};       ///< what it is about, for kinds that can concern several things
  std::string subject_kind = {};  ///< "claim", "thing", "certificate", "ca", ...
  std::string because = {};       ///< the observation, with numbers
  std::string next = {};          ///< what to check next
  std::vector<std::string> commands = {};  ///< to run; DIR stands for the deployment directory
  std::string serial_number = {};          ///< of an example device
  std::string client = {};  ///< client id of the example device if it has no serial number
  std::int64_t level = 0;   ///< severity; notified again when it grows
  Timestamp since = {};
  Timestamp seen = {};  ///< when its cause was last observed
  std::optional<Timestamp> resolved = {};
  std::string resolved_because = {};
  /// Notifications still to be sent: "webhook raised".
  std::vector<std::string> owed = {};
  std::int64_t version = 1;
};

/// Copied, moved and destroyed in records.cc, so that the code for all alternatives is not
/// generated in every file that holds a record.
struct Record
    : std::variant<Thing, ThingType, ThingGroup, GroupMembership, Certificate, IssuanceIntent,
                   Policy, PolicyVersion, PolicyAttachment, ThingPrincipal, ProvisioningTemplate,
                   ProvisioningTemplateVersion, Counter, AuditEvent, Credential, RegistrationTask,
                   RegistrationProgress, IndexingConfiguration, CaCertificate, ResourceTags,
                   Setting, ManufacturingList, ListEntry, AuditTrail, Alarm, Tombstone, Job,
                   JobProgress, JobTemplate, JobExecution> {
  using variant::variant;
  Record(const Record& other);
  Record(Record&& other) noexcept;
  Record& operator=(const Record& other);
  Record& operator=(Record&& other) noexcept;
  ~Record();
};

/// One enumerator for each alternative of Record, in the same order.
enum class Kind : std::uint8_t {
  thing,
  thing_type,
  thing_group,
  group_membership,
  certificate,
  issuance_intent,
  policy,
  policy_version,
  policy_attachment,
  thing_principal,
  provisioning_template,
  provisioning_template_version,
  counter,
  audit_event,
  credential,
  registration_task,
  registration_progress,
  indexing_configuration,
  ca_certificate,
  resource_tags,
  setting,
  manufacturing_list,
  list_entry,
  audit_trail,
  alarm,
  tombstone,
  job,
  job_progress,
  job_template,
  job_execution,
};
inline constexpr std::size_t kKinds = std::variant_size_v<Record::variant>;

std::string_view kind_name(Kind kind);  ///< "thing", "policy version", ..., for messages

}  // namespace imprint::registry
