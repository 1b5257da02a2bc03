// SPDX-License-Identifier: Apache-2.0
#include "provisioning/check_digit.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "base/name.h"

namespace imprint::provisioning {

namespace {

constexpr std::array<std::pair<CheckDigit, std::string_view>, 3> kKinds = {{
    {CheckDigit::luhn, "luhn"},
    {CheckDigit::iso7064_mod11_2, "iso7064-mod11-2"},
    {CheckDigit::mod10_gs1, "mod10-gs1"},
}};

int digit(char c) { return c - '0'; }

/// From the right, the check digit first: every second digit doubled, its own digits added up.
bool is_luhn(std::string_view text) {
  int sum = 0;
  bool doubles = false;
  for (const char c : std::views::reverse(text)) {
    const int value = doubles ? 2 * digit(c) : digit(c);
    sum += value > 9 ? value - 9 : value;
    doubles = !doubles;
  }
  return sum % 10 == 0;
}

/// From the right, the check digit first: weights 1, 3, 1, 3, ...
bool is_gs1(std::string_view text) {
  int sum = 0;
  int weight = 1;
  for (const char c : std::views::reverse(text)) {
    sum += weight * digit(c);
    weight = 4 - weight;
  }
  return sum % 10 == 0;
}

/// Pure system recursive method: ((0 + a1) * 2 + a2) * 2 ... + check = 1 mod 11.
bool is_mod11_2(std::string_view text) {
  int product = 0;
  for (const char c : text.substr(0, text.size() - 1)) product = (product + digit(c)) * 2 % 11;
  const int check = text.back() == 'X' ? 10 : digit(text.back());
  return (product + check) % 11 == 1;
}

}  // namespace

std::string_view to_string(CheckDigit kind) {
  return kKinds[static_cast<std::size_t>(kind)].second;
}

std::optional<CheckDigit> parse_check_digit(std::string_view text) {
  for (const auto& [kind, name] : kKinds) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

bool has_check_digit(CheckDigit kind, std::string_view text) {
  if (text.size() < 2) return false;
  const bool ends_in_x = kind == CheckDigit::iso7064_mod11_2 && text.back() == 'X';
  const std::string_view digits = ends_in_x ? text.substr(0, text.size() - 1) : text;
  if (!std::ranges::all_of(digits, name_rules::is_digit)) return false;
  switch (kind) {
    case CheckDigit::luhn:
      return is_luhn(text);
    case CheckDigit::iso7064_mod11_2:
      return is_mod11_2(text);
    case CheckDigit::mod10_gs1:
      return is_gs1(text);
  }
  return false;
}

}  // namespace imprint::provisioning
