// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/lists.h"

#include "encoding/text.h"
#include "registry/cell.h"

namespace imprint::registry {

namespace {

/// ORDER BY time needs both parts of a Cursor: "0001700000000000/name".
struct TimePlace {
  Cell created = nullptr;
  Cell name = nullptr;
};

TimePlace time_place(const Cursor& cursor) {
  const auto slash = cursor.after.find('/');
  if (slash == std::string::npos) return {};
  return {std::int64_t{std::strtoll(cursor.after.substr(0, slash).c_str(), nullptr, 10)},
          cursor.after.substr(slash + 1)};
}

/// The cursor of a list within a two-part key: the part after the first.
std::string second_part(const Cursor& cursor) {
  const auto slash = cursor.after.find('/');
  return slash == std::string::npos ? cursor.after : cursor.after.substr(slash + 1);
}

/// The first part of the cursor, where that is the wanted column and the second part is fixed.
std::string first_part(const Cursor& cursor) {
  return cursor.after.substr(0, cursor.after.find('/'));
}

/// One statement for each index of the audit trail; fields without an index filter its rows.
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
  Cell limit;

  ListStatement operator()(const query::Things& q) const {
    if (q.attribute_name) {
      // A JSON path quotes the name; attribute names hold no quotes (base/name.h).
      const std::string path = "$.attributes.\"" + *q.attribute_name + "\"";
      // The index holds lower-case values (ASCII); its matches are compared again.
      return {
          "SELECT body, 0 FROM things WHERE name IN (SELECT thing FROM thing_terms WHERE "
          "field='attributes.'||?7 AND (?3 IS NULL OR (term>=lower(?3) AND (?6 OR "
          "term=lower(?3)) AND (NOT ?6 OR substr(term,1,length(?3))=lower(?3))))) AND "
          "name>?4 AND (?1 IS NULL OR type=?1) AND "
          "json_extract(body,?2) IS NOT NULL AND (?3 IS NULL OR json_extract(body,?2)=?3 OR (?6 "
          "AND "
          "substr(json_extract(body,?2),1,length(?3))=?3)) ORDER BY name LIMIT ?5",
          {cell(q.type), path, q.attribute_value ? Cell(*q.attribute_value) : Cell(nullptr),
           cursor.after, limit, std::int64_t{q.value_is_prefix}, *q.attribute_name},
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
        {cell(q.parent), q.name_prefix, cursor.after, limit},
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
    const Cell hidden = q.provisioning_claims
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
        {encoding::to_hex(q.public_key), cell(q.issued_as), cursor.after, limit},
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
        {encoding::to_hex(q.of->public_key), cell(q.of->issued_as), cursor.after, limit},
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
        {at.created, at.name, q.status ? Cell(std::string(to_string(*q.status))) : Cell(nullptr),
         limit},
        Kind::registration_task};
  }
  ListStatement operator()(const query::SearchThings&) const {
    IMPRINT_ASSERT(false && "SearchThings has a statement of its own");
    return {};
  }
  ListStatement operator()(const query::CaCertificates& q) const {
    const TimePlace at = time_place(cursor);
    const Cell wanted = cell(q.template_name);
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
  ListStatement operator()(const query::Jobs& q) const {
    const TimePlace at = time_place(cursor);
    return {q.status ? "SELECT body, 0 FROM jobs WHERE status=?3 AND (?1 IS NULL OR "
                       "(created,id)<(?1,?2)) AND (?4 IS NULL OR selection=?4) "
                       "ORDER BY created DESC, id DESC LIMIT ?5"
                     : "SELECT body, 0 FROM jobs WHERE (?1 IS NULL OR (created,id)<(?1,?2)) AND "
                       "(?3 IS NULL) AND (?4 IS NULL OR selection=?4) "
                       "ORDER BY created DESC, id DESC LIMIT ?5",
            {at.created, at.name, cell(q.status), cell(q.selection), limit},
            Kind::job};
  }
  ListStatement operator()(const query::JobTemplates&) const {
    return {"SELECT body, 0 FROM job_templates WHERE id>?1 ORDER BY id LIMIT ?2",
            {cursor.after, limit},
            Kind::job_template};
  }
  ListStatement operator()(const query::ExecutionsOfThing& q) const {
    return {
        "SELECT body, 0 FROM job_executions WHERE thing=?1 AND (?2 IS NULL OR job=?2) AND "
        "(?3 IS NULL OR status=?3) AND place>?4 ORDER BY place LIMIT ?5",
        {q.thing.str(), cell(q.job), cell(q.status), second_part(cursor), limit},
        Kind::job_execution};
  }
  ListStatement operator()(const query::ExecutionsOfJob& q) const {
    const Cell thing = first_part(cursor);
    const Cell place = second_part(cursor);
    if (q.status) {
      return {
          "SELECT body, 0 FROM job_executions WHERE job=?1 AND status=?2 AND "
          "(thing,place)>(?3,?4) ORDER BY thing, place LIMIT ?5",
          {q.job.str(), cell(q.status), thing, place, limit},
          Kind::job_execution};
    }
    return {
        "SELECT body, 0 FROM job_executions INDEXED BY job_executions_by_job WHERE job=?1 AND "
        "(thing,place)>(?2,?3) ORDER BY thing, place LIMIT ?4",
        {q.job.str(), thing, place, limit},
        Kind::job_execution};
  }
  ListStatement operator()(const query::PendingExecutions& q) const {
    return {
        "SELECT body, 0, printf('%d%016d/%s', pending, queued, place) AS turn FROM job_executions "
        "INDEXED BY job_executions_pending WHERE thing=?1 AND pending IS NOT NULL AND turn>?2 "
        "ORDER BY turn LIMIT ?3",
        {q.thing.str(), cursor.after, limit},
        Kind::job_execution};
  }
  ListStatement operator()(const query::DueExecutions& q) const {
    return {
        "SELECT body, 0 FROM job_executions WHERE due<?1 AND (thing,place)>(?2,?3) "
        "ORDER BY thing, place LIMIT ?4",
        {to_milliseconds(q.before), first_part(cursor), second_part(cursor), limit},
        Kind::job_execution};
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

ListStatement list_statement(const Query& query, const Cursor& cursor) {
  // One row more than requested shows whether there is a next page.
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
