// SPDX-License-Identifier: Apache-2.0
#include "manufacturing/entry.h"

#include <algorithm>
#include <span>

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

/// Removes the digits at the beginning and returns how many there were.
std::size_t take_digits(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end;
}

bool is_decimal_sign(std::string_view text) {
  return text.starts_with('.') || text.starts_with(',');
}

/// "1.23457E+11", "1.2E-05": how a spreadsheet shows a number with more digits than fit. The digits
/// are lost. "4E-12" without decimals is more likely a serial.
bool is_shortened_number(std::string_view text) {
  if (take_digits(text) != 1) return false;
  const bool has_decimals = is_decimal_sign(text);
  if (has_decimals) {
    text.remove_prefix(1);
    if (take_digits(text) == 0) return false;
  }
  const bool is_large = text.starts_with("E+") || text.starts_with("e+");
  const bool is_small = has_decimals && (text.starts_with("E-") || text.starts_with("e-"));
  if (!is_large && !is_small) return false;
  text.remove_prefix(2);
  return take_digits(text) >= 2 && text.empty();
}

/// "12345678901.0": digits that were read as a number. Short ones are probably versions.
bool is_number_with_a_fraction(std::string_view text) {
  constexpr std::size_t kFewestDigits = 5;
  if (take_digits(text) < kFewestDigits || !is_decimal_sign(text)) return false;
  text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of('0') == std::string_view::npos;
}

/// "#REF!", "#N/A", "#NAME?", "Err:502": what a spreadsheet writes instead of a value; "########"
/// where the column was too narrow for it.
bool is_error_value(std::string_view text) {
  if (text.starts_with("Err:"))
    return text.size() == 7 && text.find_first_not_of("0123456789", 4) == std::string_view::npos;
  if (text.size() < 3 || text.front() != '#') return false;
  if (text.find_first_not_of('#') == std::string_view::npos) return true;
  if (text == "#N/A" || text == "#NV" || text == "#GETTING_DATA") return true;
  const std::string_view word = text.substr(1, text.size() - 2);
  return (text.ends_with('!') || text.ends_with('?')) &&
         word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_") == std::string_view::npos;
}

/// "'0001": the apostrophe marks a cell as text and is not part of the value. In other columns than
/// the serial, a name may begin so ('s-Hertogenbosch).
bool has_text_mark(std::string_view column, std::string_view value) {
  if (value.size() < 2 || value.front() != '\'') return false;
  return column == kSerial ? name_rules::is_alnum(value[1]) : name_rules::is_digit(value[1]);
}

struct CodePoints {
  char32_t first;
  char32_t last;
};

/// Characters that are invisible or reverse the direction of visible ones: format characters,
/// fillers, variation selectors and tags (Unicode 15, Default_Ignorable_Code_Point and
/// Bidi_Control), the C1 control characters, line separators, and the replacement character.
constexpr CodePoints kInvisible[] = {
    {0x0080, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x061C, 0x061C}, {0x115F, 0x1160},
    {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E}, {0x2060, 0x206F},
    {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFD},
    {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

constexpr CodePoints kSpaces[] = {{0x0020, 0x0020}, {0x00A0, 0x00A0}, {0x1680, 0x1680},
                                  {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                  {0x3000, 0x3000}};

bool is_among(std::span<const CodePoints> sets, char32_t point) {
  return std::ranges::any_of(
      sets, [point](const CodePoints& set) { return set.first <= point && point <= set.last; });
}

/// The code points of well-formed UTF-8.
std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) {
      out.back() = (out.back() << 6U) | (byte & 0x3FU);
    } else {
      const unsigned mask = byte < 0x80 ? 0x7FU : byte < 0xE0 ? 0x1FU : byte < 0xF0 ? 0x0FU : 0x07U;
      out.push_back(byte & mask);
    }
  }
  return out;
}

Result<void> check_visible(const std::string& column, std::string_view value) {
  const std::u32string points = code_points(value);
  if (points.empty()) return {};
  if (is_among(kSpaces, points.front()) || is_among(kSpaces, points.back())) {
    return fail_at(Fault::invalid, column, "{} begins or ends with a space; remove it",
                   quote(value));
  }
  const auto hidden =
      std::ranges::find_if(points, [](char32_t point) { return is_among(kInvisible, point); });
  if (hidden == points.end()) return {};
  return fail_at(
      Fault::invalid, column,
      "{} holds U+{:04X} as its character {}, which is invisible in print and on a screen; "
      "remove it",
      quote(value), static_cast<std::uint32_t>(*hidden), hidden - points.begin() + 1);
}

/// Detects the damage that a spreadsheet or a careless edit does to a value, before the value is
/// used.
Result<void> check_intact(const std::string& column, std::string_view value) {
  const auto refuse = [&](std::string_view why) {
    return fail_at(Fault::invalid, column, "{} {}", quote(value), why);
  };
  if (is_shortened_number(value)) {
    return refuse(
        "is how a spreadsheet shows a long number, and its digits are lost; make the column text "
        "and enter it again");
  }
  if (is_number_with_a_fraction(value)) {
    return refuse(
        "is a number with a fraction: some program has read digits as a number; make the column "
        "text, and see that leading zeros are still there");
  }
  if (is_error_value(value)) {
    return refuse(
        "is what a spreadsheet shows instead of a value that it cannot compute; correct the cell "
        "and save the file again");
  }
  if (value.starts_with('=')) {
    return refuse("is a formula; save the file with the value that it results in");
  }
  if (has_text_mark(column, value)) {
    return refuse(
        "begins with the apostrophe that marks a cell as text and is not part of the value; remove "
        "it");
  }
  return check_visible(column, value);
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
  for (const auto& [column, value] : columns) {
    if (!encoding::is_utf8(value)) continue;  // take() reports it
    TRY(check_intact(column, value));
  }
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
