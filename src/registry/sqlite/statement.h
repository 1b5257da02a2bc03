// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "registry/tables.h"

namespace imprint::registry {

/// One connection and its prepared statements, used by one thread at a time. SQL text always comes
/// from this folder; values are bound, never pasted.
class Connection {
 public:
  /// `at_rest`: read only, for a file that no process has open; creates no files beside it.
  enum class Mode { read_only, read_write, at_rest };

  static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs statements without results, such as a schema.
  Result<void> execute(std::string_view sql);

  /// A cached statement, reset and bound; valid until the next call with the same text.
  Result<sqlite3_stmt*> prepare(std::string_view sql, const std::vector<Cell>& values);

  /// Runs to completion, ignoring rows.
  Result<void> run(std::string_view sql, const std::vector<Cell>& values);

  /// True if there is a row, false at the end.
  Result<bool> step(sqlite3_stmt* statement);

  /// Lets SQL call `function`, which takes one text, by this name; nullopt is NULL.
  using TextFunction = std::optional<std::string> (*)(std::string_view);
  Result<void> add_function(const char* name, TextFunction function);

  /// The first column of the first row, or 0 if there is none.
  Result<std::int64_t> number(std::string_view sql);

  static std::string text(sqlite3_stmt* statement, int column);
  static std::int64_t integer(sqlite3_stmt* statement, int column);

  /// True after a disk error, when the state of the connection can no longer be relied on.
  [[nodiscard]] bool broken() const { return broken_; }
  /// True once the file was found to be damaged or not a store.
  [[nodiscard]] bool damaged() const { return damaged_; }

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  Error error(std::string_view doing);

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  sqlite3* handle_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  bool broken_ = false;
  bool damaged_ = false;
};

}  // namespace imprint::registry
