// SPDX-License-Identifier: Apache-2.0
#include "audit/archive_line.h"

#include "base/certificate_id.h"
#include "encoding/json.h"
#include "encoding/text.h"
#include "registry/codec.h"

namespace imprint::audit {

namespace {

namespace json = encoding::json;

constexpr std::string_view kFormat = "imprint-audit-1";
constexpr encoding::Limits kLine{.max_bytes = kMaxLineBytes, .max_depth = 4};

/// Empty if the member is missing or not text.
std::string_view text_at(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

/// No trail reaches this sequence, and no clock this time (the year 10000).
constexpr std::int64_t kMostSequence = std::int64_t{1} << 53U;
constexpr std::int64_t kMostMilliseconds = 253'402'300'800'000;

Result<std::int64_t> number_at(const json::object& object, std::string_view member,
                               std::int64_t most) {
  const json::value* value = object.if_contains(member);
  const auto* number = value != nullptr ? value->if_int64() : nullptr;
  if (number != nullptr && *number >= 0 && *number < most) return *number;
  return fail(Fault::invalid, "{} is missing or not a valid number", member);
}

}  // namespace

std::string write_header(const FileHeader& header) {
  json::object out{{"archive", kFormat},
                   {"after", header.after.sequence},
                   {"hash", encoding::to_hex(header.after.hash)},
                   {"created", to_milliseconds(header.created)}};
  if (header.missing_from) out["missing_from"] = *header.missing_from;
  return encoding::to_json(out) + "\n";
}

std::string write_event(const registry::AuditEvent& event) {
  return encoding::to_json(registry::to_json(event)) + "\n";
}

Result<FileHeader> parse_header(std::string_view line) {
  TRY_ASSIGN(const json::value parsed, encoding::parse_json(line, kLine));
  const auto* object = parsed.if_object();
  if (object == nullptr || text_at(*object, "archive") != kFormat)
    return fail(Fault::invalid, "the first line is not the header of an audit archive file");
  FileHeader out;
  TRY_ASSIGN(out.after.sequence, number_at(*object, "after", kMostSequence));
  TRY_ASSIGN(const std::int64_t created, number_at(*object, "created", kMostMilliseconds));
  out.created = from_milliseconds(created);
  const auto id = CertificateId::parse(text_at(*object, "hash"));
  if (!id) return fail(Fault::invalid, "the file's first line has no hash");
  out.after.hash = id->bytes();
  if (object->contains("missing_from")) {
    TRY_ASSIGN(out.missing_from, number_at(*object, "missing_from", kMostSequence));
  }
  return out;
}

Result<registry::AuditEvent> parse_event(std::string_view line) {
  TRY_ASSIGN(const json::value parsed, encoding::parse_json(line, kLine));
  if (const auto* object = parsed.if_object()) {
    TRY(number_at(*object, "sequence", kMostSequence));
    TRY(number_at(*object, "time", kMostMilliseconds));
  }
  auto record = registry::from_json(registry::Kind::audit_event, parsed);
  if (!record) return fail(Fault::invalid, "{}", record.error().message);
  return std::get<registry::AuditEvent>(std::move(*record));
}

}  // namespace imprint::audit
