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

/// What the registry remembers. Records are values; `version` starts at 1 and grows by one with
/// each change, so that a writer can name the version it saw. A member is kept by its line in
/// fields.h.
namespace imprint::registry {

using Attributes = std::map<std::string, std::string, std::less<>>;

struct Thing {
  ThingName name;
  std::string id;  ///< UUID
  std::optional<ThingTypeName> type = {};
  Attributes attributes = {};
  Timestamp created = {};
  std::int64_t version = 1;
  /// Until then an operator lets it be registered again with another key, once.
  std::optional<Timestamp> reprovision_until = {};
  /// Its name was taken by somebody who may not say what it is: the first template that a device
  /// registers it through does, as for a thing that is not there yet.
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
  std::string query = {};  ///< of a dynamic group: the search that its members are found by

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

/// What a certificate may be used for beyond its policies.
enum class CertificatePurpose : std::uint8_t {
  identity,  ///< a device, or an ordinary client
  claim,     ///< shared by devices that wait for their identity; made by `imprint claim create`
  provisioning_claim,  ///< made by CreateProvisioningClaim: short-lived, not listed
};

/// AWS IoT API, CertificateMode: whether a certificate came under a CA that proved its key, or may
/// be known to several accounts at once.
enum class CertificateMode : std::uint8_t { default_mode, sni_only };

std::string_view to_string(CertificateMode mode);  ///< "DEFAULT", "SNI_ONLY"

/// What RegisterThing answered, kept so that the same repeat gets the same answer.
struct Registration {
  TemplateName template_name;
  Sha256 request_digest{};  ///< of template and parameters
  std::optional<ThingName> thing = {};
  std::string device_configuration = "{}";  ///< JSON object
  Timestamp at = {};
};

/// So many times in any stretch of this length.
struct Rate {
  std::int64_t most = 1;
  Seconds per{60};

  friend bool operator==(const Rate&, const Rate&) = default;
};

/// From the first to the last; provisioning/claim_budget.h says which serial numbers lie between.
struct SerialRange {
  std::string first;
  std::string last;

  friend bool operator==(const SerialRange&, const SerialRange&) = default;
};

/// What a claim may be used for, beyond what its policies allow. A rule that is not given binds
/// nothing. How many devices came of it is a Counter, so that they need not wait for each other.
struct ClaimBudget {
  std::vector<TemplateName> templates = {};
  std::optional<std::int64_t> max_devices = {};
  std::optional<Rate> rate = {};  ///< of devices
  std::optional<Timestamp> from = {};
  std::optional<Timestamp> until = {};
  std::vector<Network> networks = {};
  std::optional<SerialRange> serials = {};
  /// While fewer devices than this came of it, it learns which networks it is used from.
  std::optional<std::int64_t> learning_devices = {};

  friend bool operator==(const ClaimBudget&, const ClaimBudget&) = default;
};

/// Why a claim was taken out of service, until somebody decides about it. Its status is INACTIVE
/// meanwhile, as AWS's clients see it; whoever sets the status has decided.
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
  /// The certificate that asked for this one (fleet provisioning), if any.
  std::optional<CertificateId> requested_by = {};
  /// Ownership: which round of create/RegisterThing is open, and until when.
  std::int64_t ownership_round = 0;
  std::optional<Timestamp> ownership_expires = {};
  std::optional<Registration> registration = {};
  ClaimBudget claim_budget = {};             ///< of claims
  std::vector<Network> claim_networks = {};  ///< those it has learned
  std::optional<Freeze> frozen = {};
  std::optional<Timestamp> first_connected = {};
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;  ///< AWS's customerVersion
  /// The registered CA that signed it, if it came under one; the CA may be gone since.
  std::optional<CertificateId> ca_certificate = {};
  CertificateMode mode = CertificateMode::default_mode;
  /// Of the same thing, still ACTIVE: they are retired when this one first connects.
  std::vector<CertificateId> replaces = {};
  std::optional<CertificateId> replaced_by = {};  ///< which one retired it
  /// SHA-256 of issuer and serial number: what all encodings of one signed certificate share.
  std::optional<Sha256> issued_as = {};
  /// When somebody took it out of service; absent where it was replaced, or never in service.
  std::optional<Timestamp> deactivated = {};
  std::string claim_name = {};  ///< of a claim, for people
  /// SHA-256, in hexadecimal, of the signing requests that it was asked for with: who sends one of
  /// them again has seen it, and need not have the key.
  std::vector<std::string> requests = {};
};

/// What is left of a revoked certificate that was deleted: its key, and its issuer and serial
/// number, stay out until an operator lifts it.
struct Tombstone {
  CertificateId certificate;
  Sha256 public_key{};
  std::optional<Sha256> issued_as = {};
  std::string serial = {};
  std::string common_name = {};
  Timestamp created = {};  ///< when the certificate was deleted
  std::int64_t version = 1;
};

/// Written before the signature, removed with the certificate's arrival: after a power cut, what
/// may have been signed and never handed out is known.
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
  std::int64_t last_version = 1;  ///< version ids are never used twice
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

/// A policy attaches to a certificate or to a thing group, never to a thing.
using PolicyTarget = std::variant<CertificateId, ThingGroupName>;

/// How a target is written in keys, rows and lists: "cert/<id>" or "thinggroup/<name>".
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

/// What AWS has no field for, by key and as the operator wrote it; what is absent is as the
/// deployment has it. provisioning/template_settings.h knows the keys.
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

/// How many dynamic thing groups there are: they have a limit of their own.
inline constexpr std::string_view kDynamicGroupsCounter = "dynamic-thing-groups";
inline constexpr std::int64_t kMaxDynamicGroups = 100;  ///< AWS IoT quota

/// A number that several writers add to, with a bound kept by the store: devices per claim.
struct Counter {
  std::string name;
  std::int64_t value = 0;
  std::int64_t version = 1;
};

/// AWS IoT API, Status of a thing registration task.
enum class TaskStatus : std::uint8_t { in_progress, completed, failed, cancelled, cancelling };

std::string_view to_string(TaskStatus status);  ///< as AWS writes it: "InProgress"
Result<TaskStatus> parse_task_status(std::string_view text);

/// A bulk registration: what was asked for, and how it stands.
struct RegistrationTask {
  std::string id;  ///< UUID
  std::string template_body = {};
  std::string bucket = {};
  std::string key = {};
  std::string role_arn = {};
  std::string region = {};  ///< of the call that started it; the reports' ARNs name it
  std::string actor = {};   ///< its access key, for the audit trail
  TaskStatus status = TaskStatus::in_progress;
  std::string message = {};  ///< why it failed
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// Where a report goes on: reports are kept in parts of bounded size.
struct ReportPlace {
  std::int64_t part = 0;
  std::int64_t bytes = 0;

  friend bool operator==(const ReportPlace&, const ReportPlace&) = default;
};

/// How far a task has come. Written with the changes of each line, so that no line is done twice.
struct RegistrationProgress {
  std::string task;
  std::int64_t input_bytes = 0;
  std::int64_t done_bytes = 0;  ///< of the input: where the next line begins
  std::int64_t done_lines = 0;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  ReportPlace results = {};
  ReportPlace errors = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// Whether things may be searched for. There is one record; absent, they may.
struct IndexingConfiguration {
  bool things = true;
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// One step somebody took, with its outcome: who, what, when, why. Append only; `sequence` and
/// `hash` are the store's (audit_chain.h). The named ids are what `imprint explain` searches by;
/// `detail` is a JSON object.
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
  std::optional<Sha256> hash = {};  ///< absent before it is stored, and before there was a chain
  /// Why a device was refused, if this event is a refusal. `detail` has it for readers; this member
  /// is for searching, and the hash does not cover it. Absent from events of earlier versions.
  std::optional<outcome::FailureCategory> refused_for = {};

  friend bool operator==(const AuditEvent&, const AuditEvent&) = default;
};

/// A place in the audit trail: an event, and the hash with which the next one goes on.
struct ChainPlace {
  std::int64_t sequence = 0;
  Sha256 hash{};

  friend bool operator==(const ChainPlace&, const ChainPlace&) = default;
};

/// Where the audit trail of a store begins and ends. There is one record, which the store writes
/// itself with each commit that appends or forgets events.
struct AuditTrail {
  std::int64_t unchained = 0;  ///< the last event from before there was a chain; 0: none
  ChainPlace forgotten = {};   ///< the newest that the store has forgotten
  ChainPlace head = {};        ///< the newest of all
  std::int64_t archived = 0;  ///< the newest of those that were archived before they were forgotten

  /// What the oldest event that the store still has, and that the chain holds, follows.
  [[nodiscard]] ChainPlace beginning() const {
    return forgotten.sequence >= unchained ? forgotten : ChainPlace{unchained, {}};
  }
  friend bool operator==(const AuditTrail&, const AuditTrail&) = default;
};

enum class CredentialStatus : std::uint8_t { active, revoked };

std::string_view to_string(CredentialStatus status);  ///< "active", "revoked"

/// An operator's access key for the REST API. Its secret is encrypted (access/vault.h). What it may
/// do is a role by name, or a policy document of its own.
struct Credential {
  std::string access_key_id;
  std::string name;  ///< whose it is, for people
  std::string sealed_secret = {};
  std::string role = {};
  std::string document = {};
  CredentialStatus status = CredentialStatus::active;
  std::string created_by = {};  ///< access key id
  Timestamp created = {};
  std::optional<Timestamp> revoked = {};
  std::int64_t version = 1;
};

/// What the devices of a CA are provisioned with when they first connect: the text of a template,
/// or the name of a stored one (AWS IoT API, RegistrationConfig).
struct RegistrationConfig {
  std::string template_body = {};
  std::string role_arn = {};
  std::optional<TemplateName> template_name = {};
};

/// A CA of the operator's own, whose device certificates may be registered.
struct CaCertificate {
  CertificateId id;
  std::string pem;
  bool is_active = false;
  /// Unknown certificates that it signed are registered when they first connect.
  bool auto_registration = false;
  CertificateMode mode = CertificateMode::default_mode;
  std::optional<RegistrationConfig> registration = {};
  Sha256 subject{};     ///< SHA-256 of the DER Name: what its certificates name as their issuer
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
  std::string resource;  ///< as its ARN ends: "policy/x"
  Attributes tags = {};
  Timestamp created = {};
  std::int64_t version = 1;
};

/// Something that an account has one of: its registration code, the events it wants.
struct Setting {
  std::string name;
  std::string value;
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// The units that were made, as the factory reports them; a template that names the list lets
/// nobody else in.
struct ManufacturingList {
  ListName name;
  std::string description = {};
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// One unit of a list. manufacturing/entry.h says what its texts may hold.
struct ListEntry {
  ListName list;
  std::string serial;
  std::optional<TemplateName> template_name = {};  ///< the only one it may use; absent: any
  std::string product_line = {};
  std::string region = {};
  Attributes extra = {};    ///< further columns
  bool is_blocked = false;  ///< scrapped, stolen: known and not let in
  Timestamp created = {};
  Timestamp modified = {};
  std::int64_t version = 1;
};

/// Something that an operator has to look at; for a while after it is over, that too
/// (alarms/kind.h knows the kinds).
struct Alarm {
  std::string id;                          ///< UUID
  std::string kind;                        ///< "failure-ratio"
  std::string subject = {};                ///< what it is about, where a kind can be about several
  std::string subject_kind = {};           ///< "claim", "thing", "certificate", "ca", ...
  std::string because = {};                ///< what was seen, with numbers
  std::string next = {};                   ///< what to look at
  std::vector<std::string> commands = {};  ///< to be typed; DIR stands for the deployment directory
  std::string serial_number = {};          ///< of a device that shows it
  std::string client = {};                 ///< the same, when it has no serial number
  std::int64_t level = 0;                  ///< how bad; told again when it grows
  Timestamp since = {};
  Timestamp seen = {};  ///< when its cause was last there
  std::optional<Timestamp> resolved = {};
  std::string resolved_because = {};
  /// Who has still to be told of what: "webhook raised".
  std::vector<std::string> owed = {};
  std::int64_t version = 1;
};

/// Copied, moved and destroyed in records.cc: code for all alternatives, which every file that has
/// a record would hold otherwise.
struct Record
    : std::variant<Thing, ThingType, ThingGroup, GroupMembership, Certificate, IssuanceIntent,
                   Policy, PolicyVersion, PolicyAttachment, ThingPrincipal, ProvisioningTemplate,
                   ProvisioningTemplateVersion, Counter, AuditEvent, Credential, RegistrationTask,
                   RegistrationProgress, IndexingConfiguration, CaCertificate, ResourceTags,
                   Setting, ManufacturingList, ListEntry, AuditTrail, Alarm, Tombstone> {
  using variant::variant;
  Record(const Record& other);
  Record(Record&& other) noexcept;
  Record& operator=(const Record& other);
  Record& operator=(Record&& other) noexcept;
  ~Record();
};

/// One value for each alternative of Record, in its order.
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
};
inline constexpr std::size_t kKinds = std::variant_size_v<Record::variant>;

std::string_view kind_name(Kind kind);  ///< "thing", "policy version", ...: for people

}  // namespace imprint::registry
