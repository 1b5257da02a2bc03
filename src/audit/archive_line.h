// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/records.h"

/// The lines of an archive's files. The first says where the file begins; every other one is an
/// event as stores keep it (registry/codec.h), one JSON object with its hash.
namespace imprint::audit {

/// An event has at most this many bytes as a line.
inline constexpr std::size_t kMaxLineBytes = std::size_t{4} * 1024 * 1024;

struct FileHeader {
  registry::ChainPlace after;  ///< the event that the file's first one follows
  Timestamp created = {};
  /// The first of those events that lie between the file before and this one, and were forgotten
  /// while nobody archived them.
  std::optional<std::int64_t> missing_from = {};

  friend bool operator==(const FileHeader&, const FileHeader&) = default;
};

/// Each with its line end.
std::string write_header(const FileHeader& header);
std::string write_event(const registry::AuditEvent& event);

/// Without the line end. Fault::invalid says what is wrong, without file and line.
Result<FileHeader> parse_header(std::string_view line);
Result<registry::AuditEvent> parse_event(std::string_view line);

}  // namespace imprint::audit
