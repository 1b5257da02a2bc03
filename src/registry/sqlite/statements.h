// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/tables.h"

namespace imprint::registry {

/// The statements on the table of one kind, in SQLite's dialect. The key's cells come first.
struct Statements {
  explicit Statements(const Table& table);

  std::string find;     ///< SELECT body
  std::string version;  ///< SELECT version, or any row if the table has no version
  std::string put;      ///< INSERT; then the version, the searched cells and the body
  std::string erase;    ///< DELETE
};

/// Built once, on first use.
const Statements& statements_of(Kind kind);

}  // namespace imprint::registry
