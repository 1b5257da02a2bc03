// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/schema.h"

namespace imprint::registry {

namespace {

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

// The search index: each field's folded value, and its numeric value if it is a number
// (search::fold, search::number_of). Triggers keep it current, so no writer can forget to. A
// group's name counts once per thing, even if two groups differ only in case.
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

// The chain begins after the existing events.
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

// Refusals by category, and all of them in order.
constexpr std::string_view kRefusals = R"sql(
ALTER TABLE audit_events ADD COLUMN refusal TEXT;
UPDATE audit_events SET refusal = json_extract(json_extract(body, '$.detail'), '$.category')
  WHERE json_extract(body, '$.outcome') = 'rejected' AND json_valid(json_extract(body, '$.detail'));
CREATE INDEX audit_events_by_refusal ON audit_events (refusal) WHERE refusal IS NOT NULL;
CREATE INDEX audit_events_refused ON audit_events (sequence) WHERE refusal IS NOT NULL;
)sql";

// CertificatePurpose::identity is 0. The column is computed, so no row is rewritten.
constexpr std::string_view kExpiringCertificates = R"sql(
ALTER TABLE certificates ADD COLUMN not_after INTEGER GENERATED ALWAYS AS (json_extract(body, '$.not_after')) VIRTUAL;
CREATE INDEX certificates_by_expiry ON certificates (not_after, id) WHERE status='ACTIVE' AND purpose=0;
)sql";

// The function imprint_issued_as is in sqlite_store.cc. An INACTIVE certificate that was replaced
// by one with the same key names its replacement; any other that was in service before was
// deactivated.
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

constexpr std::string_view kJobs = R"sql(
CREATE TABLE jobs (id TEXT PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, status TEXT NOT NULL, selection TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX jobs_by_created ON jobs (created, id);
CREATE INDEX jobs_by_status ON jobs (status, created, id);
CREATE TABLE job_progress (job TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE job_templates (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE job_executions (thing TEXT NOT NULL, place TEXT NOT NULL, version INTEGER NOT NULL, job TEXT NOT NULL, status TEXT NOT NULL, queued INTEGER NOT NULL, pending INTEGER, due INTEGER, body TEXT NOT NULL, PRIMARY KEY (thing, place)) WITHOUT ROWID;
CREATE INDEX job_executions_by_job ON job_executions (job, thing, place);
CREATE INDEX job_executions_by_status ON job_executions (job, status, thing, place);
CREATE INDEX job_executions_pending ON job_executions (thing) WHERE pending IS NOT NULL;
CREATE INDEX job_executions_by_due ON job_executions (due) WHERE due IS NOT NULL;
)sql";

}  // namespace

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
                                                       kIdentities,
                                                       kJobs};
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

}  // namespace imprint::registry
