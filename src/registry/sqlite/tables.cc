// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/tables.h"

#include <array>

#include "encoding/text.h"
#include "registry/refusal.h"

namespace imprint::registry {

namespace {

SqlValue milliseconds(const std::optional<Timestamp>& time) {
  if (!time) return nullptr;
  return to_milliseconds(*time);
}

template <class N>
SqlValue name_or_null(const std::optional<N>& name) {
  if (!name) return nullptr;
  return name->str();
}

SqlValue hex_or_null(const std::optional<CertificateId>& id) {
  if (!id) return nullptr;
  return id->hex();
}

SqlValue hex_or_null(const std::optional<Sha256>& digest) {
  if (!digest) return nullptr;
  return encoding::to_hex(*digest);
}

std::vector<SqlValue> no_columns(const Record&) { return {}; }

std::vector<SqlValue> thing_columns(const Record& record) {
  return {name_or_null(std::get<Thing>(record).type)};
}

std::vector<SqlValue> group_columns(const Record& record) {
  return {name_or_null(std::get<ThingGroup>(record).parent)};
}

std::vector<SqlValue> certificate_columns(const Record& record) {
  const auto& c = std::get<Certificate>(record);
  // What the sweep looks for, and nothing once a certificate has become somebody's own.
  std::optional<Timestamp> sweep;
  if (c.purpose == CertificatePurpose::provisioning_claim) sweep = c.not_after;
  if (c.status == CertificateStatus::pending_activation) sweep = c.ownership_expires;
  return {to_milliseconds(c.created),           std::string(to_string(c.status)),
          static_cast<std::int64_t>(c.purpose), hex_or_null(c.requested_by),
          encoding::to_hex(c.public_key),       milliseconds(sweep),
          hex_or_null(c.ca_certificate)};
}

std::vector<SqlValue> intent_columns(const Record& record) {
  return {to_milliseconds(std::get<IssuanceIntent>(record).created)};
}

std::vector<SqlValue> alarm_columns(const Record& record) {
  return {to_milliseconds(std::get<Alarm>(record).since)};
}

std::vector<SqlValue> tombstone_columns(const Record& record) {
  const auto& tombstone = std::get<Tombstone>(record);
  return {encoding::to_hex(tombstone.public_key), hex_or_null(tombstone.issued_as)};
}

std::vector<SqlValue> policy_columns(const Record& record) {
  return {to_milliseconds(std::get<Policy>(record).created)};
}

std::vector<SqlValue> ca_columns(const Record& record) {
  const auto& ca = std::get<CaCertificate>(record);
  std::optional<TemplateName> template_name;
  if (ca.registration) template_name = ca.registration->template_name;
  return {to_milliseconds(ca.created), encoding::to_hex(ca.subject), name_or_null(template_name)};
}

std::vector<SqlValue> audit_columns(const Record& record) {
  const auto& e = std::get<AuditEvent>(record);
  const auto text = [](const std::string& s) -> SqlValue {
    return s.empty() ? SqlValue(nullptr) : SqlValue(s);
  };
  return {e.sequence,
          text(e.thing),
          text(e.certificate),
          text(e.client),
          text(e.serial_number),
          text(e.correlation),
          text(refusal_category(e))};
}

std::vector<SqlValue> task_columns(const Record& record) {
  const auto& task = std::get<RegistrationTask>(record);
  return {to_milliseconds(task.created), std::string(to_string(task.status))};
}

constexpr std::string_view kFirstSchema = R"sql(
CREATE TABLE things (name TEXT PRIMARY KEY, version INTEGER NOT NULL, type TEXT, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX things_by_type ON things (type, name) WHERE type IS NOT NULL;
CREATE TABLE thing_types (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE thing_groups (name TEXT PRIMARY KEY, version INTEGER NOT NULL, parent TEXT, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX thing_groups_by_parent ON thing_groups (parent, name) WHERE parent IS NOT NULL;
CREATE TABLE group_memberships (thing TEXT, grp TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (thing, grp)) WITHOUT ROWID;
CREATE INDEX group_memberships_by_group ON group_memberships (grp, thing);
CREATE TABLE certificates (id TEXT PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, status TEXT NOT NULL, purpose INTEGER NOT NULL, requested_by TEXT, public_key TEXT NOT NULL, sweep INTEGER, body TEXT NOT NULL);
CREATE INDEX certificates_by_created ON certificates (created, id);
CREATE INDEX certificates_by_public_key ON certificates (public_key);
CREATE INDEX certificates_by_sweep ON certificates (sweep) WHERE sweep IS NOT NULL;
CREATE TABLE issuance_intents (serial TEXT PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE policies (name TEXT PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE policy_versions (policy TEXT, number TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (policy, number)) WITHOUT ROWID;
CREATE TABLE policy_attachments (policy TEXT, target TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (policy, target)) WITHOUT ROWID;
CREATE INDEX policy_attachments_by_target ON policy_attachments (target, policy);
CREATE TABLE thing_principals (thing TEXT, certificate TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (thing, certificate)) WITHOUT ROWID;
CREATE INDEX thing_principals_by_certificate ON thing_principals (certificate, thing);
CREATE TABLE provisioning_templates (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE provisioning_template_versions (template TEXT, number TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (template, number)) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE audit_events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, thing TEXT, certificate TEXT, client TEXT, serial_number TEXT, body TEXT NOT NULL);
CREATE INDEX audit_events_by_thing ON audit_events (thing) WHERE thing IS NOT NULL;
CREATE INDEX audit_events_by_certificate ON audit_events (certificate) WHERE certificate IS NOT NULL;
CREATE INDEX audit_events_by_client ON audit_events (client) WHERE client IS NOT NULL;
CREATE INDEX audit_events_by_serial_number ON audit_events (serial_number) WHERE serial_number IS NOT NULL;
)sql";

constexpr std::string_view kCorrelations = R"sql(
ALTER TABLE audit_events ADD COLUMN correlation TEXT;
CREATE INDEX audit_events_by_correlation ON audit_events (correlation) WHERE correlation IS NOT NULL;
)sql";

constexpr std::string_view kCredentials = R"sql(
CREATE TABLE credentials (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
)sql";

constexpr std::string_view kRegistrationTasks = R"sql(
CREATE TABLE registration_tasks (id TEXT PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX registration_tasks_by_created ON registration_tasks (created, id);
CREATE TABLE registration_progress (task TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
)sql";

// What searches ask for: each field's folded value, and its number where it is one (search::fold,
// search::number_of). Triggers keep it true, so that no writer can forget to. A group's name counts
// once for a thing, even where two groups differ in case only.
constexpr std::string_view kSearchIndex = R"sql(
CREATE TABLE indexing_configuration (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE thing_terms (field TEXT, term TEXT, thing TEXT, number REAL, PRIMARY KEY (field, term, thing)) WITHOUT ROWID;
CREATE INDEX thing_terms_by_number ON thing_terms (field, number, thing) WHERE number IS NOT NULL;
CREATE INDEX thing_terms_by_thing ON thing_terms (thing);
CREATE VIEW terms_of_things AS
  SELECT name AS thing, 'thingName' AS field, lower(name) AS term, NULL AS number FROM things
  UNION ALL SELECT name, 'thingTypeName', lower(type), NULL FROM things WHERE type IS NOT NULL
  UNION ALL SELECT name, 'attributes.' || key, lower(value),
    CASE WHEN length(value) <= 15 AND value NOT GLOB '*[^0-9.-]*' AND value GLOB '*[0-9]*'
      AND substr(value, 2) NOT GLOB '*-*' AND value NOT GLOB '*.*.*' THEN CAST(value AS REAL) END
    FROM things, json_each(things.body, '$.attributes');
INSERT INTO thing_terms (field, term, thing, number) SELECT field, term, thing, number FROM terms_of_things;
INSERT OR IGNORE INTO thing_terms (field, term, thing) SELECT 'thingGroupNames', lower(grp), thing FROM group_memberships;
CREATE TRIGGER thing_is_put AFTER INSERT ON things BEGIN
  DELETE FROM thing_terms WHERE thing = NEW.name AND field <> 'thingGroupNames';
  INSERT INTO thing_terms (field, term, thing, number) SELECT field, term, thing, number FROM terms_of_things WHERE thing = NEW.name;
END;
CREATE TRIGGER thing_is_erased AFTER DELETE ON things BEGIN
  DELETE FROM thing_terms WHERE thing = OLD.name AND field <> 'thingGroupNames';
END;
CREATE TRIGGER membership_is_put AFTER INSERT ON group_memberships BEGIN
  INSERT OR REPLACE INTO thing_terms (field, term, thing) VALUES ('thingGroupNames', lower(NEW.grp), NEW.thing);
END;
CREATE TRIGGER membership_is_erased AFTER DELETE ON group_memberships BEGIN
  DELETE FROM thing_terms WHERE field = 'thingGroupNames' AND term = lower(OLD.grp) AND thing = OLD.thing
    AND NOT EXISTS (SELECT 1 FROM group_memberships WHERE thing = OLD.thing AND lower(grp) = lower(OLD.grp));
END;
)sql";

constexpr std::string_view kCaCertificatesTagsAndSettings = R"sql(
ALTER TABLE certificates ADD COLUMN ca TEXT;
CREATE INDEX certificates_by_ca ON certificates (ca, created, id) WHERE ca IS NOT NULL;
CREATE TABLE ca_certificates (id TEXT PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, subject TEXT NOT NULL, template TEXT, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX ca_certificates_by_subject ON ca_certificates (subject, id);
CREATE TABLE resource_tags (resource TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
)sql";

constexpr std::string_view kAwaitingActivation = R"sql(
CREATE INDEX certificates_awaiting_activation ON certificates (created, id) WHERE ca IS NOT NULL AND status='PENDING_ACTIVATION';
)sql";

constexpr std::string_view kManufacturingLists = R"sql(
CREATE TABLE manufacturing_lists (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE list_entries (list TEXT, serial TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (list, serial)) WITHOUT ROWID;
)sql";

// CertificatePurpose::claim is 1.
constexpr std::string_view kClaims = R"sql(
CREATE INDEX certificates_that_are_claims ON certificates (created, id) WHERE purpose=1;
)sql";

// The chain begins after the events that are there.
constexpr std::string_view kAuditTrail = R"sql(
CREATE TABLE audit_trail (name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO audit_trail (name, version, body)
  SELECT 'audit-trail', 1, json_object('unchained', newest, 'head', newest,
    'forgotten', coalesce((SELECT min(sequence) - 1 FROM audit_events), newest))
  FROM (SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit_events'), 0) AS newest);
)sql";

constexpr std::string_view kAlarms = R"sql(
CREATE TABLE alarms (id TEXT PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX alarms_by_created ON alarms (created, id);
)sql";

// Each refusal by its category, and all of them in their order.
constexpr std::string_view kRefusals = R"sql(
ALTER TABLE audit_events ADD COLUMN refusal TEXT;
UPDATE audit_events SET refusal = json_extract(json_extract(body, '$.detail'), '$.category')
  WHERE json_extract(body, '$.outcome') = 'rejected' AND json_valid(json_extract(body, '$.detail'));
CREATE INDEX audit_events_by_refusal ON audit_events (refusal) WHERE refusal IS NOT NULL;
CREATE INDEX audit_events_refused ON audit_events (sequence) WHERE refusal IS NOT NULL;
)sql";

// CertificatePurpose::identity is 0. The column is computed, so that no row is written again.
constexpr std::string_view kExpiringCertificates = R"sql(
ALTER TABLE certificates ADD COLUMN not_after INTEGER GENERATED ALWAYS AS (json_extract(body, '$.not_after')) VIRTUAL;
CREATE INDEX certificates_by_expiry ON certificates (not_after, id) WHERE status='ACTIVE' AND purpose=0;
)sql";

// The function imprint_issued_as is migration_functions(). An INACTIVE certificate that was
// replaced by one of its own key says so; one that had been in service before was deactivated.
constexpr std::string_view kIdentities = R"sql(
CREATE TABLE tombstones (certificate TEXT PRIMARY KEY, version INTEGER NOT NULL, public_key TEXT NOT NULL, issued_as TEXT, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX tombstones_by_key ON tombstones (public_key);
CREATE INDEX tombstones_by_issue ON tombstones (issued_as) WHERE issued_as IS NOT NULL;
UPDATE certificates SET body = json_set(body, '$.issued_as', imprint_issued_as(json_extract(body, '$.pem')))
  WHERE imprint_issued_as(json_extract(body, '$.pem')) IS NOT NULL;
UPDATE certificates SET body = json_set(body, '$.replaced_by', newer.id)
  FROM (SELECT old.id AS old, max(young.id) AS id FROM certificates AS old
        JOIN certificates AS young ON young.public_key = old.public_key AND young.created > old.created AND young.status = 'ACTIVE'
        WHERE old.status = 'INACTIVE' AND json_extract(old.body, '$.replaced_by') IS NULL
          AND EXISTS (SELECT 1 FROM audit_events AS e WHERE e.certificate = old.id AND json_extract(e.body, '$.step') = 'retire_certificate')
        GROUP BY old.id) AS newer
  WHERE certificates.id = newer.old;
UPDATE certificates SET body = json_set(body, '$.deactivated', json_extract(body, '$.modified'))
  WHERE status = 'INACTIVE' AND version > 1 AND json_extract(body, '$.replaced_by') IS NULL;
ALTER TABLE certificates ADD COLUMN issued_as TEXT GENERATED ALWAYS AS (json_extract(body, '$.issued_as')) VIRTUAL;
CREATE INDEX certificates_by_issue ON certificates (issued_as) WHERE issued_as IS NOT NULL;
)sql";

// `put` binds: the key, the version, the searched columns, the body.
const std::array<Table, kKinds> kTables = {{
    {"SELECT body FROM things WHERE name=?1", "SELECT version FROM things WHERE name=?1",
     "INSERT OR REPLACE INTO things (name, version, type, body) VALUES (?1,?2,?3,?4)",
     "DELETE FROM things WHERE name=?1", false, &thing_columns},
    {"SELECT body FROM thing_types WHERE name=?1", "SELECT version FROM thing_types WHERE name=?1",
     "INSERT OR REPLACE INTO thing_types (name, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM thing_types WHERE name=?1", false, &no_columns},
    {"SELECT body FROM thing_groups WHERE name=?1",
     "SELECT version FROM thing_groups WHERE name=?1",
     "INSERT OR REPLACE INTO thing_groups (name, version, parent, body) VALUES (?1,?2,?3,?4)",
     "DELETE FROM thing_groups WHERE name=?1", false, &group_columns},
    {"SELECT body FROM group_memberships WHERE thing=?1 AND grp=?2",
     "SELECT version FROM group_memberships WHERE thing=?1 AND grp=?2",
     "INSERT OR REPLACE INTO group_memberships (thing, grp, version, body) VALUES (?1,?2,?3,?4)",
     "DELETE FROM group_memberships WHERE thing=?1 AND grp=?2", true, &no_columns},
    {"SELECT body FROM certificates WHERE id=?1", "SELECT version FROM certificates WHERE id=?1",
     "INSERT OR REPLACE INTO certificates (id, version, created, status, purpose, "
     "requested_by, public_key, sweep, ca, body) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
     "DELETE FROM certificates WHERE id=?1", false, &certificate_columns},
    {"SELECT body FROM issuance_intents WHERE serial=?1",
     "SELECT version FROM issuance_intents WHERE serial=?1",
     "INSERT OR REPLACE INTO issuance_intents (serial, version, created, body) VALUES "
     "(?1,?2,?3,?4)",
     "DELETE FROM issuance_intents WHERE serial=?1", false, &intent_columns},
    {"SELECT body FROM policies WHERE name=?1", "SELECT version FROM policies WHERE name=?1",
     "INSERT OR REPLACE INTO policies (name, version, created, body) VALUES (?1,?2,?3,?4)",
     "DELETE FROM policies WHERE name=?1", false, &policy_columns},
    {"SELECT body FROM policy_versions WHERE policy=?1 AND number=?2",
     "SELECT version FROM policy_versions WHERE policy=?1 AND number=?2",
     "INSERT OR REPLACE INTO policy_versions (policy, number, version, body) VALUES (?1,?2,?3,?4)",
     "DELETE FROM policy_versions WHERE policy=?1 AND number=?2", true, &no_columns},
    {"SELECT body FROM policy_attachments WHERE policy=?1 AND target=?2",
     "SELECT version FROM policy_attachments WHERE policy=?1 AND target=?2",
     "INSERT OR REPLACE INTO policy_attachments (policy, target, version, body) VALUES "
     "(?1,?2,?3,?4)",
     "DELETE FROM policy_attachments WHERE policy=?1 AND target=?2", true, &no_columns},
    {"SELECT body FROM thing_principals WHERE thing=?1 AND certificate=?2",
     "SELECT version FROM thing_principals WHERE thing=?1 AND certificate=?2",
     "INSERT OR REPLACE INTO thing_principals (thing, certificate, version, body) VALUES "
     "(?1,?2,?3,?4)",
     "DELETE FROM thing_principals WHERE thing=?1 AND certificate=?2", true, &no_columns},
    {"SELECT body FROM provisioning_templates WHERE name=?1",
     "SELECT version FROM provisioning_templates WHERE name=?1",
     "INSERT OR REPLACE INTO provisioning_templates (name, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM provisioning_templates WHERE name=?1", false, &no_columns},
    {"SELECT body FROM provisioning_template_versions WHERE template=?1 AND number=?2",
     "SELECT version FROM provisioning_template_versions WHERE template=?1 AND number=?2",
     "INSERT OR REPLACE INTO provisioning_template_versions (template, number, version, body) "
     "VALUES "
     "(?1,?2,?3,?4)",
     "DELETE FROM provisioning_template_versions WHERE template=?1 AND number=?2", true,
     &no_columns},
    {"SELECT body FROM counters WHERE name=?1", "SELECT version FROM counters WHERE name=?1",
     "INSERT OR REPLACE INTO counters (name, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM counters WHERE name=?1", false, &no_columns},
    {"SELECT body FROM audit_events WHERE sequence=?1",
     "SELECT 1 FROM audit_events WHERE sequence=?1",
     "INSERT INTO audit_events (sequence, thing, certificate, client, serial_number, correlation, "
     "refusal, body) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
     "DELETE FROM audit_events WHERE sequence=?1", false, &audit_columns},
    {"SELECT body FROM credentials WHERE id=?1", "SELECT version FROM credentials WHERE id=?1",
     "INSERT OR REPLACE INTO credentials (id, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM credentials WHERE id=?1", false, &no_columns},
    {"SELECT body FROM registration_tasks WHERE id=?1",
     "SELECT version FROM registration_tasks WHERE id=?1",
     "INSERT OR REPLACE INTO registration_tasks (id, version, created, status, body) VALUES "
     "(?1,?2,?3,?4,?5)",
     "DELETE FROM registration_tasks WHERE id=?1", false, &task_columns},
    {"SELECT body FROM registration_progress WHERE task=?1",
     "SELECT version FROM registration_progress WHERE task=?1",
     "INSERT OR REPLACE INTO registration_progress (task, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM registration_progress WHERE task=?1", false, &no_columns},
    {"SELECT body FROM indexing_configuration WHERE name=?1",
     "SELECT version FROM indexing_configuration WHERE name=?1",
     "INSERT OR REPLACE INTO indexing_configuration (name, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM indexing_configuration WHERE name=?1", false, &no_columns},
    {"SELECT body FROM ca_certificates WHERE id=?1",
     "SELECT version FROM ca_certificates WHERE id=?1",
     "INSERT OR REPLACE INTO ca_certificates (id, version, created, subject, template, body) "
     "VALUES "
     "(?1,?2,?3,?4,?5,?6)",
     "DELETE FROM ca_certificates WHERE id=?1", false, &ca_columns},
    {"SELECT body FROM resource_tags WHERE resource=?1",
     "SELECT version FROM resource_tags WHERE resource=?1",
     "INSERT OR REPLACE INTO resource_tags (resource, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM resource_tags WHERE resource=?1", false, &no_columns},
    {"SELECT body FROM settings WHERE name=?1", "SELECT version FROM settings WHERE name=?1",
     "INSERT OR REPLACE INTO settings (name, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM settings WHERE name=?1", false, &no_columns},
    {"SELECT body FROM manufacturing_lists WHERE name=?1",
     "SELECT version FROM manufacturing_lists WHERE name=?1",
     "INSERT OR REPLACE INTO manufacturing_lists (name, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM manufacturing_lists WHERE name=?1", false, &no_columns},
    {"SELECT body FROM list_entries WHERE list=?1 AND serial=?2",
     "SELECT version FROM list_entries WHERE list=?1 AND serial=?2",
     "INSERT OR REPLACE INTO list_entries (list, serial, version, body) VALUES (?1,?2,?3,?4)",
     "DELETE FROM list_entries WHERE list=?1 AND serial=?2", true, &no_columns},
    {"SELECT body FROM audit_trail WHERE name=?1", "SELECT version FROM audit_trail WHERE name=?1",
     "INSERT OR REPLACE INTO audit_trail (name, version, body) VALUES (?1,?2,?3)",
     "DELETE FROM audit_trail WHERE name=?1", false, &no_columns},
    {"SELECT body FROM alarms WHERE id=?1", "SELECT version FROM alarms WHERE id=?1",
     "INSERT OR REPLACE INTO alarms (id, version, created, body) VALUES (?1,?2,?3,?4)",
     "DELETE FROM alarms WHERE id=?1", false, &alarm_columns},
    {"SELECT body FROM tombstones WHERE certificate=?1",
     "SELECT version FROM tombstones WHERE certificate=?1",
     "INSERT OR REPLACE INTO tombstones (certificate, version, public_key, issued_as, body) VALUES "
     "(?1,?2,?3,?4,?5)",
     "DELETE FROM tombstones WHERE certificate=?1", false, &tombstone_columns},
}};

/// ORDER BY time needs both parts of a Cursor: "0001700000000000/name".
struct TimePlace {
  SqlValue created = nullptr;
  SqlValue name = nullptr;
};

TimePlace time_place(const Cursor& cursor) {
  const auto slash = cursor.after.find('/');
  if (slash == std::string::npos) return {};
  return {std::int64_t{std::strtoll(cursor.after.substr(0, slash).c_str(), nullptr, 10)},
          cursor.after.substr(slash + 1)};
}

/// The cursor of a list within a two-part key: what follows the first part.
std::string second_part(const Cursor& cursor) {
  const auto slash = cursor.after.find('/');
  return slash == std::string::npos ? cursor.after : cursor.after.substr(slash + 1);
}

/// The last part, where the first part may itself be the wanted column and the second is fixed.
std::string first_part(const Cursor& cursor) {
  return cursor.after.substr(0, cursor.after.find('/'));
}

/// One statement for each index of the audit trail; the fields that have none there filter what it
/// finds.
struct AuditSql {
  explicit AuditSql(std::string_view order)
      : all(make("", order)),
        by_certificate(make("certificate=?2 AND ", order)),
        by_thing(make("thing=?1 AND ", order)),
        by_serial(make("serial_number=?4 AND ", order)),
        by_client(make("client=?3 AND ", order)),
        by_correlation(make("correlation=?7 AND ", order)),
        by_category(make("refusal=?9 AND ", order)),
        refused(make("refusal IS NOT NULL AND ", order, "INDEXED BY audit_events_refused ")) {}

  static std::string make(std::string_view index, std::string_view order,
                          std::string_view through = "") {
    return fmt::format(
        "SELECT body, sequence FROM audit_events {}WHERE {}(?1='' OR thing=?1) AND "
        "(?2='' OR certificate=?2) AND (?3='' OR client=?3) AND (?4='' OR serial_number=?4) AND "
        "(?7='' OR correlation=?7) AND (?8=0 OR refusal IS NOT NULL) AND (?9='' OR refusal=?9) "
        "AND {} LIMIT ?6",
        through, index, order);
  }

  [[nodiscard]] std::string_view narrowest(const query::AuditEvents& q) const {
    if (!q.correlation.empty()) return by_correlation;
    if (!q.certificate.empty()) return by_certificate;
    if (!q.thing.empty()) return by_thing;
    if (!q.serial_number.empty()) return by_serial;
    if (!q.client.empty()) return by_client;
    if (q.refusal) return q.refusal->empty() ? refused : by_category;
    return all;
  }

  std::string all;
  std::string by_certificate;
  std::string by_thing;
  std::string by_serial;
  std::string by_client;
  std::string by_correlation;
  std::string by_category;
  std::string refused;
};

struct ListOf {
  const Cursor& cursor;
  SqlValue limit;

  ListStatement operator()(const query::Things& q) const {
    if (q.attribute_name) {
      // A JSON path quotes the name; attribute names hold no quotes (base/name.h).
      const std::string path = "$.attributes.\"" + *q.attribute_name + "\"";
      // The index has values in lower case (ASCII); what it finds is compared again.
      return {
          "SELECT body, 0 FROM things WHERE name IN (SELECT thing FROM thing_terms WHERE "
          "field='attributes.'||?7 AND (?3 IS NULL OR (term>=lower(?3) AND (?6 OR "
          "term=lower(?3)) AND (NOT ?6 OR substr(term,1,length(?3))=lower(?3))))) AND "
          "name>?4 AND (?1 IS NULL OR type=?1) AND "
          "json_extract(body,?2) IS NOT NULL AND (?3 IS NULL OR json_extract(body,?2)=?3 OR (?6 "
          "AND "
          "substr(json_extract(body,?2),1,length(?3))=?3)) ORDER BY name LIMIT ?5",
          {name_or_null(q.type), path,
           q.attribute_value ? SqlValue(*q.attribute_value) : SqlValue(nullptr), cursor.after,
           limit, std::int64_t{q.value_is_prefix}, *q.attribute_name},
          Kind::thing};
    }
    if (q.type) {
      return {"SELECT body, 0 FROM things WHERE type=?1 AND name>?2 ORDER BY name LIMIT ?3",
              {q.type->str(), cursor.after, limit},
              Kind::thing};
    }
    return {"SELECT body, 0 FROM things WHERE name>?1 ORDER BY name LIMIT ?2",
            {cursor.after, limit},
            Kind::thing};
  }
  ListStatement operator()(const query::ThingTypes&) const {
    return {"SELECT body, 0 FROM thing_types WHERE name>?1 ORDER BY name LIMIT ?2",
            {cursor.after, limit},
            Kind::thing_type};
  }
  ListStatement operator()(const query::ThingGroups& q) const {
    return {
        "SELECT body, 0 FROM thing_groups WHERE name>?3 AND (?1 IS NULL OR parent=?1) AND "
        "substr(name,1,length(?2))=?2 ORDER BY name LIMIT ?4",
        {name_or_null(q.parent), q.name_prefix, cursor.after, limit},
        Kind::thing_group};
  }
  ListStatement operator()(const query::GroupsOfThing& q) const {
    return {"SELECT body, 0 FROM group_memberships WHERE thing=?1 AND grp>?2 ORDER BY grp LIMIT ?3",
            {q.thing.str(), second_part(cursor), limit},
            Kind::group_membership};
  }
  ListStatement operator()(const query::ThingsInGroup& q) const {
    return {
        "SELECT body, 0 FROM group_memberships WHERE grp=?1 AND thing>?2 ORDER BY thing LIMIT ?3",
        {q.group.str(), first_part(cursor), limit},
        Kind::group_membership};
  }
  ListStatement operator()(const query::Certificates& q) const {
    const TimePlace at = time_place(cursor);
    const SqlValue hidden = q.provisioning_claims
                                ? std::int64_t{-1}
                                : static_cast<std::int64_t>(CertificatePurpose::provisioning_claim);
    if (q.ascending) {
      return {
          "SELECT body, 0 FROM certificates WHERE (?1 IS NULL OR (created,id)>(?1,?2)) AND "
          "purpose<>?3 "
          "ORDER BY created, id LIMIT ?4",
          {at.created, at.name, hidden, limit},
          Kind::certificate};
    }
    return {
        "SELECT body, 0 FROM certificates WHERE (?1 IS NULL OR (created,id)<(?1,?2)) AND "
        "purpose<>?3 "
        "ORDER BY created DESC, id DESC LIMIT ?4",
        {at.created, at.name, hidden, limit},
        Kind::certificate};
  }
  ListStatement operator()(const query::Claims&) const {
    const TimePlace at = time_place(cursor);
    return {
        "SELECT body, 0 FROM certificates WHERE purpose=1 AND (?1 IS NULL OR (created,id)>(?1,?2)) "
        "ORDER BY created, id LIMIT ?3",
        {at.created, at.name, limit},
        Kind::certificate};
  }
  ListStatement operator()(const query::CertificateStatuses&) const {
    return {
        "SELECT '{\"id\":\"'||id||'\",\"status\":\"'||status||'\",\"purpose\":'||purpose||'}', 0 "
        "FROM certificates WHERE id>?1 ORDER BY id LIMIT ?2",
        {cursor.after, limit},
        Kind::certificate};
  }
  ListStatement operator()(const query::CertificatesByKey& q) const {
    return {"SELECT body, 0 FROM certificates WHERE public_key=?1 ORDER BY id LIMIT ?2",
            {encoding::to_hex(q.public_key), limit},
            Kind::certificate};
  }
  ListStatement operator()(const query::SameIdentity& q) const {
    return {
        "SELECT body, 0, CASE status WHEN 'REVOKED' THEN '0' WHEN 'INACTIVE' THEN '1' ELSE '2' END "
        "|| id AS place FROM certificates WHERE id IN (SELECT id FROM certificates WHERE "
        "public_key=?1 UNION SELECT id FROM certificates WHERE issued_as=?2) AND place>?3 "
        "ORDER BY place LIMIT ?4",
        {encoding::to_hex(q.public_key), hex_or_null(q.issued_as), cursor.after, limit},
        Kind::certificate};
  }
  ListStatement operator()(const query::Tombstones& q) const {
    if (!q.of) {
      return {"SELECT body, 0 FROM tombstones WHERE certificate>?1 ORDER BY certificate LIMIT ?2",
              {cursor.after, limit},
              Kind::tombstone};
    }
    return {
        "SELECT body, 0 FROM tombstones WHERE certificate IN (SELECT certificate FROM tombstones "
        "WHERE public_key=?1 UNION SELECT certificate FROM tombstones WHERE issued_as=?2) AND "
        "certificate>?3 ORDER BY certificate LIMIT ?4",
        {encoding::to_hex(q.of->public_key), hex_or_null(q.of->issued_as), cursor.after, limit},
        Kind::tombstone};
  }
  ListStatement operator()(const query::ExpiredCertificates& q) const {
    return {"SELECT body, 0 FROM certificates WHERE sweep<?1 AND id>?2 ORDER BY id LIMIT ?3",
            {to_milliseconds(q.before), cursor.after, limit},
            Kind::certificate};
  }
  ListStatement operator()(const query::Intents& q) const {
    return {
        "SELECT body, 0 FROM issuance_intents WHERE created<?1 AND serial>?2 ORDER BY serial LIMIT "
        "?3",
        {to_milliseconds(q.before), cursor.after, limit},
        Kind::issuance_intent};
  }
  ListStatement operator()(const query::Policies& q) const {
    const TimePlace at = time_place(cursor);
    if (q.ascending) {
      return {
          "SELECT body, 0 FROM policies WHERE (?1 IS NULL OR (created,name)>(?1,?2)) "
          "ORDER BY created, name LIMIT ?3",
          {at.created, at.name, limit},
          Kind::policy};
    }
    return {
        "SELECT body, 0 FROM policies WHERE (?1 IS NULL OR (created,name)<(?1,?2)) "
        "ORDER BY created DESC, name DESC LIMIT ?3",
        {at.created, at.name, limit},
        Kind::policy};
  }
  ListStatement operator()(const query::PolicyVersions& q) const {
    return {
        "SELECT body, 0 FROM policy_versions WHERE policy=?1 AND number>?2 ORDER BY number LIMIT "
        "?3",
        {q.policy.str(), second_part(cursor), limit},
        Kind::policy_version};
  }
  ListStatement operator()(const query::PoliciesOfTarget& q) const {
    return {
        "SELECT body, 0 FROM policy_attachments WHERE target=?1 AND policy>?2 ORDER BY policy "
        "LIMIT ?3",
        {to_string(q.target), first_part(cursor), limit},
        Kind::policy_attachment};
  }
  ListStatement operator()(const query::TargetsOfPolicy& q) const {
    return {
        "SELECT body, 0 FROM policy_attachments WHERE policy=?1 AND target>?2 ORDER BY target "
        "LIMIT ?3",
        {q.policy.str(), second_part(cursor), limit},
        Kind::policy_attachment};
  }
  ListStatement operator()(const query::PrincipalsOfThing& q) const {
    return {
        "SELECT body, 0 FROM thing_principals WHERE thing=?1 AND certificate>?2 ORDER BY "
        "certificate LIMIT ?3",
        {q.thing.str(), second_part(cursor), limit},
        Kind::thing_principal};
  }
  ListStatement operator()(const query::ThingsOfPrincipal& q) const {
    return {
        "SELECT body, 0 FROM thing_principals WHERE certificate=?1 AND thing>?2 ORDER BY thing "
        "LIMIT ?3",
        {q.certificate.hex(), first_part(cursor), limit},
        Kind::thing_principal};
  }
  ListStatement operator()(const query::Templates&) const {
    return {"SELECT body, 0 FROM provisioning_templates WHERE name>?1 ORDER BY name LIMIT ?2",
            {cursor.after, limit},
            Kind::provisioning_template};
  }
  ListStatement operator()(const query::TemplateVersions& q) const {
    return {
        "SELECT body, 0 FROM provisioning_template_versions WHERE template=?1 AND number>?2 "
        "ORDER BY number LIMIT ?3",
        {q.name.str(), second_part(cursor), limit},
        Kind::provisioning_template_version};
  }
  ListStatement operator()(const query::AccessOf&) const {
    IMPRINT_ASSERT(false && "AccessOf is gathered from other lists");
    return {};
  }
  ListStatement operator()(const query::AuditEvents& q) const {
    static const AuditSql kAscending("sequence>?5 ORDER BY sequence");
    static const AuditSql kDescending("(?5=0 OR sequence<?5) ORDER BY sequence DESC");
    return {(q.ascending ? kAscending : kDescending).narrowest(q),
            {q.thing, q.certificate, q.client, q.serial_number,
             std::int64_t{std::strtoll(cursor.after.c_str(), nullptr, 10)}, limit, q.correlation,
             std::int64_t{q.refusal ? 1 : 0}, q.refusal.value_or("")},
            Kind::audit_event};
  }
  ListStatement operator()(const query::Credentials&) const {
    return {"SELECT body, 0 FROM credentials WHERE id>?1 ORDER BY id LIMIT ?2",
            {cursor.after, limit},
            Kind::credential};
  }
  ListStatement operator()(const query::RegistrationTasks& q) const {
    const TimePlace at = time_place(cursor);
    return {
        "SELECT body, 0 FROM registration_tasks WHERE (?1 IS NULL OR (created,id)<(?1,?2)) AND "
        "(?3 IS NULL OR status=?3) ORDER BY created DESC, id DESC LIMIT ?4",
        {at.created, at.name,
         q.status ? SqlValue(std::string(to_string(*q.status))) : SqlValue(nullptr), limit},
        Kind::registration_task};
  }
  ListStatement operator()(const query::SearchThings&) const {
    IMPRINT_ASSERT(false && "SearchThings has a statement of its own");
    return {};
  }
  ListStatement operator()(const query::CaCertificates& q) const {
    const TimePlace at = time_place(cursor);
    const SqlValue wanted = name_or_null(q.template_name);
    if (q.ascending) {
      return {
          "SELECT body, 0 FROM ca_certificates WHERE (?1 IS NULL OR (created,id)>(?1,?2)) AND "
          "(?3 IS NULL OR template=?3) ORDER BY created, id LIMIT ?4",
          {at.created, at.name, wanted, limit},
          Kind::ca_certificate};
    }
    return {
        "SELECT body, 0 FROM ca_certificates WHERE (?1 IS NULL OR (created,id)<(?1,?2)) AND "
        "(?3 IS NULL OR template=?3) ORDER BY created DESC, id DESC LIMIT ?4",
        {at.created, at.name, wanted, limit},
        Kind::ca_certificate};
  }
  ListStatement operator()(const query::CaCertificatesBySubject& q) const {
    return {"SELECT body, 0 FROM ca_certificates WHERE subject=?1 AND id>?2 ORDER BY id LIMIT ?3",
            {encoding::to_hex(q.subject), cursor.after, limit},
            Kind::ca_certificate};
  }
  ListStatement operator()(const query::AwaitingActivation&) const {
    const TimePlace at = time_place(cursor);
    return {
        "SELECT body, 0 FROM certificates WHERE ca IS NOT NULL AND status='PENDING_ACTIVATION' "
        "AND (?1 IS NULL OR (created,id)>(?1,?2)) ORDER BY created, id LIMIT ?3",
        {at.created, at.name, limit},
        Kind::certificate};
  }
  ListStatement operator()(const query::ManufacturingLists&) const {
    return {"SELECT body, 0 FROM manufacturing_lists WHERE name>?1 ORDER BY name LIMIT ?2",
            {cursor.after, limit},
            Kind::manufacturing_list};
  }
  ListStatement operator()(const query::Alarms&) const {
    const TimePlace at = time_place(cursor);
    return {
        "SELECT body, 0 FROM alarms WHERE (?1 IS NULL OR (created,id)<(?1,?2)) "
        "ORDER BY created DESC, id DESC LIMIT ?3",
        {at.created, at.name, limit},
        Kind::alarm};
  }
  ListStatement operator()(const query::ExpiringCertificates& q) const {
    const TimePlace at = time_place(cursor);
    return {q.brief
                ? "SELECT "
                  "'{\"id\":\"'||id||'\",\"status\":\"ACTIVE\",\"not_after\":'||not_after||'}', 0 "
                  "FROM certificates WHERE status='ACTIVE' AND purpose=0 AND not_after>=?1 AND "
                  "not_after<?2 AND (?3 IS NULL OR (not_after,id)>(?3,?4)) "
                  "ORDER BY not_after, id LIMIT ?5"
                : "SELECT body, 0 FROM certificates WHERE status='ACTIVE' AND purpose=0 AND "
                  "not_after>=?1 AND not_after<?2 AND (?3 IS NULL OR (not_after,id)>(?3,?4)) "
                  "ORDER BY not_after, id LIMIT ?5",
            {to_milliseconds(q.from), to_milliseconds(q.until), at.created, at.name, limit},
            Kind::certificate};
  }
  ListStatement operator()(const query::EntriesOfList& q) const {
    return {"SELECT body, 0 FROM list_entries WHERE list=?1 AND serial>?2 ORDER BY serial LIMIT ?3",
            {q.list.str(), second_part(cursor), limit},
            Kind::list_entry};
  }
  ListStatement operator()(const query::CertificatesOfCa& q) const {
    const TimePlace at = time_place(cursor);
    if (q.ascending) {
      return {
          "SELECT body, 0 FROM certificates WHERE ca=?3 AND (?1 IS NULL OR (created,id)>(?1,?2)) "
          "ORDER BY created, id LIMIT ?4",
          {at.created, at.name, q.ca.hex(), limit},
          Kind::certificate};
    }
    return {
        "SELECT body, 0 FROM certificates WHERE ca=?3 AND (?1 IS NULL OR (created,id)<(?1,?2)) "
        "ORDER BY created DESC, id DESC LIMIT ?4",
        {at.created, at.name, q.ca.hex(), limit},
        Kind::certificate};
  }
};

}  // namespace

const Table& table_of(Kind kind) { return kTables[static_cast<std::size_t>(kind)]; }

const std::vector<std::string_view>& migrations() {
  static const std::vector<std::string_view> kSteps = {kFirstSchema,
                                                       kCorrelations,
                                                       kCredentials,
                                                       kRegistrationTasks,
                                                       kSearchIndex,
                                                       kCaCertificatesTagsAndSettings,
                                                       kAwaitingActivation,
                                                       kManufacturingLists,
                                                       kClaims,
                                                       kAuditTrail,
                                                       kAlarms,
                                                       kExpiringCertificates,
                                                       kRefusals,
                                                       kIdentities};
  return kSteps;
}

Result<void> check_schema(std::int64_t applied) {
  const auto known = static_cast<std::int64_t>(migrations().size());
  if (applied <= known) return {};
  return fail(Fault::conflict,
              "the store has schema {}, newer than this program's {}; start the newer version, or "
              "restore a backup made by this one",
              applied, known);
}

ListStatement list_statement(const Query& query, const Cursor& cursor) {
  // One row more than asked for tells whether a next page exists.
  return std::visit(ListOf{cursor, static_cast<std::int64_t>(cursor.limit) + 1}, query);
}

ListStatement search_statement(const search::Range& range,
                               const std::optional<search::Place>& after, std::size_t limit) {
  const std::string thing = after ? after->thing_name : "";  // less than any name
  const auto rows = static_cast<std::int64_t>(limit);
  if (range.numeric) {
    return {
        "SELECT t.body, 0 FROM thing_terms AS x INDEXED BY thing_terms_by_number "
        "CROSS JOIN things AS t ON t.name=x.thing "
        "WHERE x.field=?1 AND (x.number,x.thing)>(?2,?3) AND x.number<=?4 "
        "ORDER BY x.number, x.thing LIMIT ?5",
        {range.field, after ? after->number : range.least, thing, range.most, rows},
        Kind::thing};
  }
  return {
      "SELECT t.body, 0 FROM thing_terms AS x CROSS JOIN things AS t ON t.name=x.thing "
      "WHERE x.field=?1 AND (x.term,x.thing)>(?2,?3) AND x.term<?4 "
      "ORDER BY x.term, x.thing LIMIT ?5",
      {range.field, after ? after->term : range.low, thing, range.below, rows},
      Kind::thing};
}

ListStatement count_statement(const search::Range& range, std::size_t most) {
  const auto rows = static_cast<std::int64_t>(most);
  if (range.numeric) {
    return {
        "SELECT count(*), 0 FROM (SELECT 1 FROM thing_terms INDEXED BY thing_terms_by_number "
        "WHERE field=?1 AND number>=?2 AND number<=?3 LIMIT ?4)",
        {range.field, range.least, range.most, rows},
        Kind::thing};
  }
  return {
      "SELECT count(*), 0 FROM (SELECT 1 FROM thing_terms "
      "WHERE field=?1 AND term>=?2 AND term<?3 LIMIT ?4)",
      {range.field, range.low, range.below, rows},
      Kind::thing};
}

}  // namespace imprint::registry
