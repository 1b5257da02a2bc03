// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/records.h"

/// The lines of an archive's files. The first line is a header; every other line is an event in the
/// stored form (registry/codec.h): one JSON object that includes its hash.
namespace imprint::audit {

/// The longest line that an event may need.
inline constexpr std::size_t kMaxLineBytes = std::size_t{4} * 1024 * 1024;

struct FileHeader {
  registry::ChainPlace after;  ///< the event before the file's first event
  Timestamp created = {};
  /// Set if the store deleted events between the previous file and this one before they were
  /// archived: the sequence of the first of them.
  std::optional<std::int64_t> missing_from = {};

  friend bool operator==(const FileHeader&, const FileHeader&) = default;
};

/// The results include the line end.
std::string write_header(const FileHeader& header);
std::string write_event(const registry::AuditEvent& event);

/// `line` excludes the line end. The Fault::invalid error does not name the file and the line.
Result<FileHeader> parse_header(std::string_view line);
Result<registry::AuditEvent> parse_event(std::string_view line);

}  // namespace imprint::audit
