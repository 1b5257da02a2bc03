// SPDX-License-Identifier: Apache-2.0
#include "x509/strings.h"

#include <algorithm>

#include "base/name.h"
#include "encoding/text.h"
#include "x509/der.h"

namespace imprint::x509 {

namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6U);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U & 0x07U));
    put(0x80U | (code >> 12U & 0x3FU));
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

/// BMPString (2 octets per character), UniversalString (4), T61String (1) read as Latin-1, which is
/// what issuers put there.
Result<std::string> from_fixed_width(BytesView content, std::size_t width) {
  if (content.size() % width != 0) return fail(Fault::invalid, "a string with half a character");
  std::string out;
  for (std::size_t i = 0; i < content.size(); i += width) {
    std::uint32_t code = 0;
    for (std::size_t k = 0; k < width; ++k) code = code << 8U | content[i + k];
    if (code > 0x10FFFF) return fail(Fault::invalid, "a character above U+10FFFF");
    append_utf8(out, code);
  }
  return out;
}

bool is_printable_string_char(char c) {
  return name_rules::is_alnum(c) ||
         // X.680 41.4, and "*", "@", "&", "_", which issuers use all the same
         std::string_view(" '()+,-./:=?*@&_").find(c) != std::string_view::npos;
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

Result<int> two_digits(std::string_view text, std::size_t at, int low, int high) {
  const int value = (text[at] - '0') * 10 + (text[at + 1] - '0');
  if (value < low || value > high) return fail(Fault::invalid, "time {}", quote(text));
  return value;
}

}  // namespace

bool is_string_tag(std::uint8_t tag) {
  switch (tag) {
    case der::utf8_string:
    case der::numeric_string:
    case der::printable_string:
    case der::t61_string:
    case der::ia5_string:
    case der::visible_string:
    case der::universal_string:
    case der::bmp_string:
      return true;
    default:
      return false;
  }
}

Result<void> check_text(std::string_view text) {
  if (!encoding::is_utf8(text)) return fail(Fault::invalid, "{} is not UTF-8", quote(text));
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // In UTF-8 the C1 controls U+0080..U+009F are 0xC2 0x80..0x9F.
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1)
      return fail(Fault::invalid, "{} holds a control character", quote(text));
  }
  return {};
}

Result<std::string> string_value(std::uint8_t tag, BytesView content) {
  std::string out;
  if (tag == der::bmp_string || tag == der::universal_string || tag == der::t61_string) {
    const std::size_t width = tag == der::bmp_string ? 2 : tag == der::universal_string ? 4 : 1;
    TRY_ASSIGN(out, from_fixed_width(content, width));
  } else {
    out = as_text(content);
    const bool fits =
        tag == der::utf8_string ||
        (tag == der::printable_string ? std::ranges::all_of(out, is_printable_string_char)
         : tag == der::numeric_string
             ? std::ranges::all_of(out, [](char c) { return name_rules::is_digit(c) || c == ' '; })
             : std::ranges::all_of(out, is_ascii));
    if (!fits) {
      return fail(Fault::invalid, "{} has a character outside its string type 0x{:02x}", quote(out),
                  tag);
    }
  }
  TRY(check_text(out));
  return out;
}

Result<Timestamp> time_value(std::uint8_t tag, BytesView content) {
  const std::string_view text = as_text(content);
  const bool general = tag == der::generalized_time;
  const std::size_t year_digits = general ? 4 : 2;
  if ((!general && tag != der::utc_time) || text.size() != year_digits + 11 || text.back() != 'Z' ||
      !std::ranges::all_of(text.substr(0, text.size() - 1), name_rules::is_digit)) {
    return fail(Fault::invalid, "time {} is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ", quote(text));
  }
  TRY_ASSIGN(int year, two_digits(text, 0, 0, 99));
  if (general) {
    TRY_ASSIGN(const int low, two_digits(text, 2, 0, 99));
    year = year * 100 + low;
  } else {
    // RFC 5280 section 4.1.2.5.1: two-digit years from 50 on are in the 20th century.
    year += year >= 50 ? 1900 : 2000;
  }
  TRY_ASSIGN(const int month, two_digits(text, year_digits, 1, 12));
  TRY_ASSIGN(const int day, two_digits(text, year_digits + 2, 1, 31));
  TRY_ASSIGN(const int hour, two_digits(text, year_digits + 4, 0, 23));
  TRY_ASSIGN(const int minute, two_digits(text, year_digits + 6, 0, 59));
  TRY_ASSIGN(const int second, two_digits(text, year_digits + 8, 0, 59));
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return fail(Fault::invalid, "time {} is not a valid calendar date", quote(text));
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second);
}

Result<Bytes> encode_time(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  const int year = static_cast<int>(date.year());
  if (year < 1950 || year > 9999)
    return fail(Fault::invalid, "year {} cannot be written into a certificate", year);
  const std::string rest =
      fmt::format("{:02}{:02}{:02}{:02}{:02}Z", static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                  clock.seconds().count());
  if (year < 2050)
    return der::element(der::utc_time, as_bytes(fmt::format("{:02}{}", year % 100, rest)));
  return der::element(der::generalized_time, as_bytes(fmt::format("{:04}{}", year, rest)));
}

}  // namespace imprint::x509
