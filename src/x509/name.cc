// SPDX-License-Identifier: Apache-2.0
#include "x509/name.h"

#include <algorithm>

#include "base/name.h"
#include "encoding/text.h"
#include "x509/der.h"
#include "x509/strings.h"

namespace imprint::x509 {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxAttributes = 64;
constexpr std::size_t kMaxValueBytes = 1024;

struct TypeRow {
  NameType type;
  std::string_view oid;
  std::string_view aws;    ///< AWS policy variable
  std::string_view label;  ///< RFC 4519 short name, for text()
  std::size_t max_chars;   ///< RFC 5280 appendix A, upper bounds
};

constexpr TypeRow kTypes[] = {
    {NameType::common_name, "\x55\x04\x03"sv, "CommonName", "CN", 64},
    {NameType::country, "\x55\x04\x06"sv, "Country", "C", 2},
    {NameType::state, "\x55\x04\x08"sv, "State", "ST", 128},
    {NameType::locality, "\x55\x04\x07"sv, "", "L", 128},
    {NameType::organization, "\x55\x04\x0a"sv, "Organization", "O", 64},
    {NameType::organizational_unit, "\x55\x04\x0b"sv, "OrganizationalUnit", "OU", 64},
    {NameType::serial_number, "\x55\x04\x05"sv, "SerialNumber", "serialNumber", 64},
    {NameType::title, "\x55\x04\x0c"sv, "Title", "title", 64},
    {NameType::surname, "\x55\x04\x04"sv, "Surname", "SN", 64},
    {NameType::given_name, "\x55\x04\x2a"sv, "GivenName", "GN", 64},
    {NameType::initials, "\x55\x04\x2b"sv, "Initials", "initials", 64},
    {NameType::pseudonym, "\x55\x04\x41"sv, "Pseudonym", "pseudonym", 64},
    {NameType::generation_qualifier, "\x55\x04\x2c"sv, "GenerationQualifier", "generationQualifier",
     64},
    {NameType::dn_qualifier, "\x55\x04\x2e"sv, "DistinguishedNameQualifier", "dnQualifier", 64},
    {NameType::email_address, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"sv, "", "emailAddress", 255},
    {NameType::domain_component, "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"sv, "", "DC", 63},
};

const TypeRow* row_of(NameType type) {
  const auto* row = std::ranges::find(kTypes, type, &TypeRow::type);
  return row == std::end(kTypes) ? nullptr : row;
}

Result<NameAttribute> read_attribute(BytesView sequence) {
  der::Reader reader(sequence);
  TRY_ASSIGN(const BytesView oid, reader.oid("name attribute type"));
  TRY_ASSIGN(const der::Element value, reader.any("name attribute value"));
  TRY(reader.end("name attribute"));

  const auto* row = std::ranges::find(kTypes, as_text(oid), &TypeRow::oid);
  NameAttribute out;
  out.oid = der::oid_text(oid);
  if (row != std::end(kTypes)) out.type = row->type;
  if (value.content.size() > kMaxValueBytes) {
    return fail(Fault::invalid, "name attribute {} has {} bytes; at most {} are allowed", out.oid,
                value.content.size(), kMaxValueBytes);
  }
  if (!is_string_tag(value.tag)) {
    out.value = "#" + encoding::to_hex(value.whole);
    return out;
  }
  auto text = string_value(value.tag, value.content);
  if (!text) return fail(Fault::invalid, "name attribute {}: {}", out.oid, text.error().message);
  out.value = std::move(*text);
  return out;
}

Result<std::vector<NameAttribute>> read_name(BytesView der) {
  TRY_ASSIGN(const der::Element name, der::read_one(der, der::sequence, "name"));
  std::vector<NameAttribute> attributes;
  for (der::Reader rdns(name.content); !rdns.empty();) {
    TRY_ASSIGN(der::Reader rdn, rdns.enter(der::set, "relative distinguished name"));
    if (rdn.empty()) return fail(Fault::invalid, "name: an empty relative distinguished name");
    while (!rdn.empty()) {
      TRY_ASSIGN(const der::Element item, rdn.expect(der::sequence, "name attribute"));
      if (attributes.size() == kMaxAttributes) {
        return fail(Fault::invalid, "name: more than {} attributes", kMaxAttributes);
      }
      TRY_ASSIGN(NameAttribute attribute, read_attribute(item.content));
      attributes.push_back(std::move(attribute));
    }
  }
  return attributes;
}

Result<Bytes> write_attribute(const DistinguishedName::Part& part) {
  const TypeRow* row = row_of(part.type);
  if (row == nullptr) return fail(Fault::invalid, "a name part of an unknown type");
  const auto chars = std::ranges::count_if(
      part.value, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  TRY(check_text(part.value));
  if (part.value.empty() || static_cast<std::size_t>(chars) > row->max_chars) {
    return fail(Fault::invalid, "{} {} has {} characters; 1 to {} are allowed", row->label,
                quote(part.value), chars, row->max_chars);
  }
  std::uint8_t tag = der::utf8_string;
  if (part.type == NameType::country) {
    if (part.value.size() != 2 || !std::ranges::all_of(part.value, name_rules::is_alnum))
      return fail(Fault::invalid, "C {} is not a country code of two letters", quote(part.value));
    tag = der::printable_string;
  } else if (part.type == NameType::email_address || part.type == NameType::domain_component) {
    if (!std::ranges::all_of(part.value, [](char c) { return static_cast<signed char>(c) > 0; }))
      return fail(Fault::invalid, "{} {} is not ASCII", row->label, quote(part.value));
    tag = der::ia5_string;
  }
  const Bytes pair = der::sequence_of(der::oid(row->oid), der::element(tag, as_bytes(part.value)));
  return der::constructed(der::set, pair);
}

}  // namespace

DistinguishedName::DistinguishedName() : der_(der::element(der::sequence, {})) {}

Result<DistinguishedName> DistinguishedName::from_der(BytesView der) {
  DistinguishedName out;
  TRY_ASSIGN(out.attributes_, read_name(der));
  out.der_.assign(der.begin(), der.end());
  return out;
}

Result<DistinguishedName> DistinguishedName::make(std::span<const Part> parts) {
  Bytes content;
  for (const Part& part : parts) {
    TRY_ASSIGN(const Bytes rdn, write_attribute(part));
    der::append(content, rdn);
  }
  return from_der(der::element(der::sequence, content));
}

std::vector<std::string_view> DistinguishedName::values(NameType type) const {
  std::vector<std::string_view> out;
  for (const NameAttribute& attribute : attributes_) {
    if (attribute.type == type) out.push_back(attribute.value);
  }
  return out;
}

std::string_view DistinguishedName::common_name() const {
  const auto found = std::ranges::find(attributes_, NameType::common_name, &NameAttribute::type);
  return found == attributes_.end() ? std::string_view() : std::string_view(found->value);
}

std::string DistinguishedName::text() const {
  std::string out;
  for (const NameAttribute& attribute : attributes_) {
    if (!out.empty()) out += ',';
    const TypeRow* row = row_of(attribute.type);
    out += row == nullptr ? attribute.oid : row->label;
    out += '=';
    const std::string& value = attribute.value;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const char c = value[i];
      const bool edge = (i == 0 && (c == ' ' || c == '#')) || (i + 1 == value.size() && c == ' ');
      if (edge || "\"+,;<>\\="sv.find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string_view aws_variable(NameType type) {
  const TypeRow* row = row_of(type);
  return row == nullptr ? std::string_view() : row->aws;
}

}  // namespace imprint::x509
