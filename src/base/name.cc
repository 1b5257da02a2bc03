// SPDX-License-Identifier: Apache-2.0
#include "base/name.h"

#include <algorithm>

namespace imprint {

namespace {

constexpr std::size_t kMaxQuotedBytes = 80;
constexpr std::size_t kMaxAttributeValueBytes = 800;

bool permits_attribute_value(char c) {
  return name_rules::is_alnum(c) ||
         std::string_view("_.,@/:#=[]-").find(c) != std::string_view::npos;
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kMaxQuotedBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
  if (text.size() > kMaxQuotedBytes) out += fmt::format("... ({} bytes)", text.size());
  return out;
}

Result<void> check_name(std::string_view kind, std::string_view text, std::size_t max_bytes,
                        bool (*permits)(char), std::string_view allowed) {
  if (text.empty())
    return fail(Fault::invalid, "the {} is empty; give 1 to {} characters", kind, max_bytes);
  if (text.size() > max_bytes) {
    return fail(Fault::invalid, "{} {} has {} characters; at most {} are allowed", kind,
                quote(text), text.size(), max_bytes);
  }
  const auto bad = std::ranges::find_if_not(text, permits);
  if (bad != text.end()) {
    return fail(Fault::invalid, "{} {} holds {} at position {}; allowed are {}", kind, quote(text),
                quote(std::string_view(&*bad, 1)), bad - text.begin(), allowed);
  }
  return {};
}

Result<void> check_attribute_value(std::string_view value) {
  if (value.empty()) return {};
  return check_name("attribute value", value, kMaxAttributeValueBytes, &permits_attribute_value,
                    "letters, digits and _ . , @ / : # = [ ] -");
}

}  // namespace imprint
