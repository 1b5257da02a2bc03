// SPDX-License-Identifier: Apache-2.0
#include "manufacturing/entry.h"

#include <algorithm>

#include "encoding/text.h"

namespace imprint::manufacturing {

namespace json = encoding::json;

namespace {

constexpr std::string_view kAllowed = "allowed";
constexpr std::string_view kBlocked = "blocked";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool permits_in_column_name(char c) {
  return name_rules::is_alnum(c) || c == '_' || c == '.' || c == '-';
}

Result<void> check_text(std::string_view column, std::string_view text, std::size_t most) {
  if (text.size() > most) {
    return fail_at(Fault::invalid, std::string(column), "{} has {} bytes; at most {} are allowed",
                   quote(text), text.size(), most);
  }
  if (!encoding::is_utf8(text)) {
    return fail_at(Fault::invalid, std::string(column),
                   "{} is not UTF-8; save the file in that encoding", quote(text));
  }
  if (std::ranges::any_of(text, is_control)) {
    return fail_at(Fault::invalid, std::string(column), "{} holds a control character; remove it",
                   quote(text));
  }
  return {};
}

/// "1.23457E+11": a spreadsheet's way to show a number of more digits than fit. The digits are
/// gone.
bool is_shortened_number(std::string_view text) {
  const auto digits = [&text] {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end;
  };
  if (digits() != 1) return false;
  if (text.starts_with('.') || text.starts_with(',')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (!text.starts_with("E+") && !text.starts_with("e+")) return false;
  text.remove_prefix(2);
  return digits() >= 2 && text.empty();
}

/// What a spreadsheet or a careless edit has done to a value, before it counts for anything.
Result<void> check_intact(std::string_view column, std::string_view value) {
  if (is_shortened_number(value)) {
    return fail_at(Fault::invalid, std::string(column),
                   "{} is how a spreadsheet shows a long number, and its digits are lost; make the "
                   "column text and enter it again",
                   quote(value));
  }
  if (value.starts_with(' ') || value.ends_with(' ') || value.starts_with("\xC2\xA0") ||
      value.ends_with("\xC2\xA0")) {
    return fail_at(Fault::invalid, std::string(column), "{} begins or ends with a space; remove it",
                   quote(value));
  }
  return {};
}

Result<void> take(registry::ListEntry& entry, const std::string& column, const std::string& value) {
  TRY(check_text(column, value, kMaxValueBytes));
  if (column == kTemplate) {
    auto name = TemplateName::parse(value);
    if (!name) return fail_at(Fault::invalid, column, "{}", name.error().message);
    entry.template_name = *name;
  } else if (column == kProductLine) {
    entry.product_line = value;
  } else if (column == kRegion) {
    entry.region = value;
  } else if (column == kState) {
    if (value != kAllowed && value != kBlocked) {
      return fail_at(Fault::invalid, column, "{} is not a state; write {} or {}", quote(value),
                     kAllowed, kBlocked);
    }
    entry.is_blocked = value == kBlocked;
  } else {
    TRY(check_column_name(column));
    entry.extra.emplace(column, value);
  }
  return {};
}

}  // namespace

Result<void> check_column_name(std::string_view name) {
  return check_name("column name", name, kMaxColumnNameBytes, &permits_in_column_name,
                    "letters, digits and _ . -");
}

Result<void> check_serial(std::string_view serial) {
  if (serial.empty()) return fail_at(Fault::invalid, std::string(kSerial), "the serial is missing");
  return check_text(kSerial, serial, kMaxSerialBytes);
}

Result<registry::ListEntry> make_entry(const ListName& list, const Columns& columns) {
  if (columns.size() > kMaxColumns) {
    return fail(Fault::invalid, "{} columns; at most {} are allowed", columns.size(), kMaxColumns);
  }
  const auto serial = columns.find(kSerial);
  registry::ListEntry entry{.list = list,
                            .serial = serial == columns.end() ? std::string() : serial->second};
  TRY(check_serial(entry.serial));
  for (const auto& [column, value] : columns) TRY(check_intact(column, value));
  for (const auto& [column, value] : columns) {
    if (column == kSerial || value.empty()) continue;
    TRY(take(entry, column, value));
  }
  return entry;
}

Columns columns_of(const registry::ListEntry& entry) {
  Columns out(entry.extra.begin(), entry.extra.end());
  out.emplace(kSerial, entry.serial);
  if (entry.template_name) out.emplace(kTemplate, entry.template_name->str());
  if (!entry.product_line.empty()) out.emplace(kProductLine, entry.product_line);
  if (!entry.region.empty()) out.emplace(kRegion, entry.region);
  if (entry.is_blocked) out.emplace(kState, kBlocked);
  return out;
}

Result<Columns> parse_columns(const json::value& value) {
  if (!value.is_object())
    return fail(Fault::invalid, "is {} where an object is expected", encoding::type_name(value));
  if (value.get_object().size() > kMaxColumns) {
    return fail(Fault::invalid, "{} columns; at most {} are allowed", value.get_object().size(),
                kMaxColumns);
  }
  Columns out;
  for (const auto& [name, text] : value.get_object()) {
    if (text.is_null()) continue;
    if (!text.is_string()) {
      return fail_at(Fault::invalid, std::string(name),
                     "is {} where text is expected; put the value in quotes",
                     encoding::type_name(text));
    }
    out.emplace(name, text.get_string());
  }
  return out;
}

json::object to_json(const Columns& columns) {
  json::object out;
  for (const auto& [name, value] : columns) out[name] = value;
  return out;
}

}  // namespace imprint::manufacturing
