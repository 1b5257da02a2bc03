// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/statement.h"

#include <cerrno>

#include "base/disk.h"
#include "encoding/text.h"

namespace imprint::registry {

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags =
      mode == Mode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const std::string name = mode == Mode::at_rest
                               ? "file:" + encoding::percent_encode(path, true) + "?immutable=1"
                               : path;
  const int uri = mode == Mode::at_rest ? SQLITE_OPEN_URI : 0;
  const int code =
      sqlite3_open_v2(name.c_str(), &handle, SQLITE_OPEN_NOMUTEX | flags | uri, nullptr);
  if (code != SQLITE_OK) {
    auto failure = fail(Fault::unavailable, "cannot open the store {}: {}", path,
                        handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
    sqlite3_close(handle);
    return failure;
  }
  std::unique_ptr<Connection> connection(new Connection(handle));
  constexpr int kBusyMilliseconds = 5000;
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return connection;
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close(handle_);
}

namespace {

/// SQLite reports a full disk as an I/O error if it cannot create the files beside the store.
bool is_disk_full(sqlite3* handle, int code) {
  constexpr std::uint64_t kNextToNothing = 64U << 10U;
  if (code == SQLITE_FULL) return true;
  if (code != SQLITE_IOERR && code != SQLITE_CANTOPEN) return false;
  const int reason = sqlite3_system_errno(handle);
  if (reason == ENOSPC || reason == EDQUOT) return true;
  const std::filesystem::path file(sqlite3_db_filename(handle, "main"));
  return free_bytes(file.parent_path()).value_or(kNextToNothing) < kNextToNothing;
}

/// What an operator can do about the error.
std::string_view remedy_for(sqlite3* handle, int code) {
  if (is_disk_full(handle, code)) return "; the disk is full: make room on it";
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; the file is damaged: keep it, and make another directory from a backup (imprint "
             "restore FILE DIR)";
    case SQLITE_IOERR:
      return "; check the disk and the system log";
    case SQLITE_READONLY:
      return "; make the file and its folder writable for imprintd";
    default:
      return "";
  }
}

}  // namespace

Error Connection::error(std::string_view doing) {
  const int code = sqlite3_extended_errcode(handle_) & 0xFF;
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) damaged_ = true;
  if (code == SQLITE_IOERR || damaged_) broken_ = true;
  return Error{Fault::unavailable,
               fmt::format("the store {} failed to {}: {}{}", sqlite3_db_filename(handle_, "main"),
                           doing, sqlite3_errmsg(handle_), remedy_for(handle_, code))};
}

Result<void> Connection::execute(std::string_view sql) {
  if (sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr) == SQLITE_OK)
    return {};
  return tl::unexpected(error("execute"));
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, const std::vector<Cell>& values) {
  auto& slot = statements_[std::string(sql)];
  if (!slot) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    slot.reset(raw);
    if (code != SQLITE_OK) return tl::unexpected(error("prepare"));
  }
  sqlite3_stmt* statement = slot.get();
  sqlite3_reset(statement);
  int index = 1;
  for (const Cell& value : values) {
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(statement, index, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      code = sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
    } else {
      code = sqlite3_bind_null(statement, index);
    }
    if (code != SQLITE_OK) return tl::unexpected(error("bind"));
    ++index;
  }
  return statement;
}

Result<void> Connection::run(std::string_view sql, const std::vector<Cell>& values) {
  TRY_ASSIGN(sqlite3_stmt* const statement, prepare(sql, values));
  Result<bool> row = true;
  while (row && *row) row = step(statement);
  sqlite3_reset(statement);
  if (!row) return tl::unexpected(std::move(row).error());
  return {};
}

Result<bool> Connection::step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement);
    return false;
  }
  Error failure = error("write or read");
  sqlite3_reset(statement);
  return tl::unexpected(std::move(failure));
}

Result<void> Connection::add_function(const char* name, TextFunction function) {
  const auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
    const auto work = reinterpret_cast<TextFunction>(sqlite3_user_data(context));
    const auto out = text == nullptr ? std::nullopt : work({text, size});
    if (!out) return sqlite3_result_null(context);
    sqlite3_result_text(context, out->data(), static_cast<int>(out->size()), SQLITE_TRANSIENT);
  };
  if (sqlite3_create_function_v2(handle_, name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                 reinterpret_cast<void*>(function), call, nullptr, nullptr,
                                 nullptr) == SQLITE_OK)
    return {};
  return tl::unexpected(error("add a function"));
}

Result<std::int64_t> Connection::number(std::string_view sql) {
  TRY_ASSIGN(sqlite3_stmt* const statement, prepare(sql, {}));
  TRY_ASSIGN(const bool row, step(statement));
  const std::int64_t value = row ? integer(statement, 0) : 0;
  sqlite3_reset(statement);
  return value;
}

std::string Connection::text(sqlite3_stmt* statement, int column) {
  const unsigned char* data = sqlite3_column_text(statement, column);
  const int size = sqlite3_column_bytes(statement, column);
  return data == nullptr
             ? std::string()
             : std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
}

std::int64_t Connection::integer(sqlite3_stmt* statement, int column) {
  return sqlite3_column_int64(statement, column);
}

}  // namespace imprint::registry
