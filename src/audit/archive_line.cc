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

/// Empty when there is none.
std::string_view text_at(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

Result<std::int64_t> number_at(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (value != nullptr && value->is_int64()) return value->get_int64();
  return fail(Fault::invalid, "the file's first line has no number at {}", member);
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
    return fail(Fault::invalid, "the file does not begin as an archive of audit events does");
  FileHeader out;
  TRY_ASSIGN(out.after.sequence, number_at(*object, "after"));
  TRY_ASSIGN(const std::int64_t created, number_at(*object, "created"));
  out.created = from_milliseconds(created);
  const auto id = CertificateId::parse(text_at(*object, "hash"));
  if (!id) return fail(Fault::invalid, "the file's first line has no hash");
  out.after.hash = id->bytes();
  if (object->contains("missing_from")) {
    TRY_ASSIGN(out.missing_from, number_at(*object, "missing_from"));
  }
  return out;
}

Result<registry::AuditEvent> parse_event(std::string_view line) {
  TRY_ASSIGN(const json::value parsed, encoding::parse_json(line, kLine));
  auto record = registry::from_json(registry::Kind::audit_event, parsed);
  if (!record) return fail(Fault::invalid, "{}", record.error().message);
  return std::get<registry::AuditEvent>(std::move(*record));
}

}  // namespace imprint::audit
