// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/snapshot.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "registry/sqlite/lists.h"
#include "registry/sqlite/schema.h"
#include "registry/sqlite/statement.h"
#include "registry/sqlite/statements.h"

namespace imprint::registry {

namespace {

Unexpected damaged(std::string_view how) {
  return fail(Fault::invalid, "the store is damaged or not a store: {}", how);
}

/// Damage that SQLite notices during another operation is reported as damage, too.
Error explained(const Connection& connection, Error error) {
  return connection.damaged() ? damaged(error.message).value() : std::move(error);
}

/// A process that has the store open keeps a log file beside it; if there is none, even opening it
/// as a reader would create one.
Result<std::unique_ptr<Connection>> open_read_only(const std::filesystem::path& file) {
  const bool is_at_rest = !std::filesystem::exists(file.string() + "-wal");
  return Connection::open(file.string(),
                          is_at_rest ? Connection::Mode::at_rest : Connection::Mode::read_only);
}

/// On a read-only file system SQLite cannot create the file that readers and writers share.
bool is_on_read_only_file_system(const std::filesystem::path& file) {
  return ::access(file.c_str(), W_OK) != 0 && errno == EROFS;
}

Result<bool> has_row(const std::filesystem::path& file, std::string_view sql,
                     const std::vector<Cell>& values) {
  TRY_ASSIGN(const std::unique_ptr<Connection> connection, open_read_only(file));
  TRY_ASSIGN(const std::int64_t schema, connection->number("PRAGMA user_version"));
  TRY(check_schema(schema));
  TRY_ASSIGN(sqlite3_stmt* const statement, connection->prepare(sql, values));
  return connection->step(statement);
}

Result<void> check_structure(Connection& connection) {
  TRY_ASSIGN(const std::int64_t schema, connection.number("PRAGMA user_version"));
  if (schema == 0) return damaged("it has no tables of Imprint's");
  TRY(check_schema(schema));
  TRY_ASSIGN(sqlite3_stmt* const statement, connection.prepare("PRAGMA quick_check(1)", {}));
  TRY_ASSIGN(const bool row, connection.step(statement));
  const std::string found = row ? Connection::text(statement, 0) : "no answer";
  sqlite3_reset(statement);
  if (found != "ok") return damaged(found);
  return {};
}

}  // namespace

Result<void> copy_store(const std::filesystem::path& from, const std::filesystem::path& to) {
  // Elsewhere a server may start to write during the copy, and it must see this reader.
  auto opened = is_on_read_only_file_system(from)
                    ? open_read_only(from)
                    : Connection::open(from.string(), Connection::Mode::read_only);
  TRY_ASSIGN(const std::unique_ptr<Connection> source, std::move(opened));
  // VACUUM INTO skips what it cannot read of a damaged store and still reports success.
  if (auto checked = check_structure(*source); !checked)
    return tl::unexpected(explained(*source, std::move(checked).error()));
  // VACUUM INTO accepts an empty file; SQLite would create one with the umask's mode.
  const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return system_failure("create", to);
  ::close(fd);
  auto copied = source->run("VACUUM INTO ?1", {to.string()});
  if (copied) return copied;
  ::unlink(to.c_str());
  return tl::unexpected(explained(*source, std::move(copied).error()));
}

Result<void> check_store(const std::filesystem::path& file) {
  TRY_ASSIGN(const std::unique_ptr<Connection> connection, open_read_only(file));
  auto checked = check_structure(*connection);
  if (checked) return checked;
  return tl::unexpected(explained(*connection, std::move(checked).error()));
}

bool is_in_use(const std::filesystem::path& file) {
  const FileDescriptor lock(::open((file.string() + ".lock").c_str(), O_RDONLY | O_CLOEXEC));
  // A shared lock, released at once, so that many processes can ask at the same time.
  return lock.is_open() && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<bool> holds(const std::filesystem::path& file, const Key& key) {
  return has_row(file, statements_of(key.kind).find, key_cells(key));
}

Result<bool> holds_any(const std::filesystem::path& file, const Query& query) {
  const ListStatement statement = list_statement(query, {.limit = 1});
  return has_row(file, statement.sql, statement.values);
}

}  // namespace imprint::registry
