// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/audit_reader.h"

#include "base/name.h"
#include "registry/codec.h"
#include "registry/sqlite/rows.h"
#include "registry/sqlite/schema.h"
#include "registry/sqlite/statement.h"

namespace imprint::registry {

namespace {

constexpr std::string_view kRows =
    "SELECT body, sequence, thing, certificate, client, serial_number, correlation "
    "FROM audit_events WHERE sequence>?1 ORDER BY sequence LIMIT ?2";

Result<AuditTrail> read_trail(Connection& connection) {
  TRY_ASSIGN(const std::optional<Record> record, find_row(connection, audit_trail_key()));
  if (!record) return fail(Fault::invalid, "the store has no record of where its audit trail ends");
  return std::get<AuditTrail>(*record);
}

AuditReader::Row read_row(sqlite3_stmt* statement) {
  AuditReader::Row row;
  const auto body = encoding::parse_json(Connection::text(statement, 0), kStored);
  const auto record = body ? from_json(Kind::audit_event, *body) : tl::unexpected(body.error());
  if (record) row.event = std::get<AuditEvent>(*record);
  row.event.sequence = Connection::integer(statement, 1);
  if (!record) {
    row.defect = "cannot be read: " + record.error().message;
    return row;
  }
  const std::pair<std::string_view, std::string AuditEvent::*> columns[] = {
      {"thing", &AuditEvent::thing},
      {"certificate", &AuditEvent::certificate},
      {"client", &AuditEvent::client},
      {"serial_number", &AuditEvent::serial_number},
      {"correlation", &AuditEvent::correlation}};
  int column = 2;
  for (const auto& [name, member] : columns) {
    const std::string found = Connection::text(statement, column++);
    if (found != row.event.*member)
      row.defect = fmt::format("is filed under the {} {}, but is about {}", name, quote(found),
                               quote(row.event.*member));
  }
  return row;
}

}  // namespace

AuditReader::AuditReader(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
AuditReader::AuditReader(AuditReader&& other) noexcept = default;
AuditReader& AuditReader::operator=(AuditReader&& other) noexcept = default;
AuditReader::~AuditReader() = default;

Result<AuditReader> AuditReader::open(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) {
    return fail(Fault::not_found, "{} does not exist; start imprintd once to create it",
                file.string());
  }
  // A process that has the store open keeps a log file beside it; if there is none, even opening it
  // as a reader would create one.
  const bool is_at_rest = !std::filesystem::exists(file.string() + "-wal");
  TRY_ASSIGN(std::unique_ptr<Connection> connection,
             Connection::open(file.string(), is_at_rest ? Connection::Mode::at_rest
                                                        : Connection::Mode::read_only));
  AuditReader reader(std::move(connection));
  TRY(reader.connection_->run("BEGIN", {}));
  TRY_ASSIGN(const std::int64_t schema, reader.connection_->number("PRAGMA user_version"));
  TRY(check_schema(schema));
  TRY_ASSIGN(const std::int64_t has_trail,
             reader.connection_->number(
                 "SELECT count(*) FROM sqlite_schema WHERE name='audit_trail' AND type='table'"));
  if (has_trail == 0) {
    return fail(Fault::conflict,
                "{} was last used by a version that had no hash chain; start this version's "
                "imprintd once to begin the chain",
                file.string());
  }
  TRY_ASSIGN(reader.trail_, read_trail(*reader.connection_));
  return reader;
}

Result<std::vector<AuditReader::Row>> AuditReader::after(std::int64_t sequence, std::size_t limit) {
  TRY_ASSIGN(sqlite3_stmt* const statement,
             connection_->prepare(kRows, {sequence, static_cast<std::int64_t>(limit)}));
  std::vector<Row> rows;
  while (true) {
    TRY_ASSIGN(const bool row, connection_->step(statement));
    if (!row) return rows;
    rows.push_back(read_row(statement));
  }
}

}  // namespace imprint::registry
