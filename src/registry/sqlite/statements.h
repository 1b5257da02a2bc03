// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/tables.h"

namespace imprint::registry {

/// What is asked of the table of one kind, in SQLite's dialect. The key's cells come first.
struct Statements {
  explicit Statements(const Table& table);

  std::string find;     ///< SELECT body
  std::string version;  ///< SELECT version, or any row of a table that has none
  std::string put;      ///< INSERT; further cells: the version, the searched ones, the body
  std::string erase;    ///< DELETE
};

/// Made once, when they are first asked for.
const Statements& statements_of(Kind kind);

}  // namespace imprint::registry
