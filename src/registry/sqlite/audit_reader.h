// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "registry/records.h"

namespace imprint::registry {

class Connection;

/// Reads the audit trail of a store's file as it is at one moment, with or without a server
/// running, and changes nothing. Used by one thread; while it is open, the store's log cannot be
/// truncated.
class AuditReader {
 public:
  struct Row {
    AuditEvent event = {};
    /// Why the row is not as Imprint writes it: it cannot be read, or it is indexed under a
    /// different name than its own. Empty if it is sound.
    std::string defect = {};
  };

  /// Fault::conflict for a store of a newer program, or of one older than the hash chain.
  static Result<AuditReader> open(const std::filesystem::path& file);
  AuditReader(AuditReader&& other) noexcept;
  AuditReader& operator=(AuditReader&& other) noexcept;
  ~AuditReader();

  [[nodiscard]] const AuditTrail& trail() const { return trail_; }
  /// The rows after this sequence, by sequence.
  Result<std::vector<Row>> after(std::int64_t sequence, std::size_t limit);

 private:
  explicit AuditReader(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
  AuditTrail trail_;
};

}  // namespace imprint::registry
