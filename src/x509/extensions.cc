// SPDX-License-Identifier: Apache-2.0
#include "x509/extensions.h"

#include <algorithm>
#include <bit>

#include "base/name.h"
#include "x509/der.h"
#include "x509/general_name.h"

namespace imprint::x509 {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxExtensions = 64;
constexpr std::size_t kMaxEntries = 128;

constexpr std::string_view kSubjectKeyId = "\x55\x1d\x0e"sv;
constexpr std::string_view kKeyUsage = "\x55\x1d\x0f"sv;
constexpr std::string_view kSubjectAltName = "\x55\x1d\x11"sv;
constexpr std::string_view kIssuerAltName = "\x55\x1d\x12"sv;
constexpr std::string_view kBasicConstraints = "\x55\x1d\x13"sv;
constexpr std::string_view kCrlPoints = "\x55\x1d\x1f"sv;
constexpr std::string_view kAuthorityKeyId = "\x55\x1d\x23"sv;
constexpr std::string_view kExtendedKeyUsage = "\x55\x1d\x25"sv;
constexpr std::string_view kAuthorityInfo = "\x2b\x06\x01\x05\x05\x07\x01\x01"sv;
constexpr std::string_view kOcsp = "\x2b\x06\x01\x05\x05\x07\x30\x01"sv;
constexpr std::string_view kCaIssuers = "\x2b\x06\x01\x05\x05\x07\x30\x02"sv;

struct PurposeRow {
  std::string_view dotted;
  std::string_view oid;
};
constexpr PurposeRow kPurposes[] = {
    {kServerAuth, "\x2b\x06\x01\x05\x05\x07\x03\x01"sv},
    {kClientAuth, "\x2b\x06\x01\x05\x05\x07\x03\x02"sv},
};

// DER forbids an encoded default FALSE, yet old CA tools write it; both are read.
Result<bool> read_boolean(der::Reader& reader, std::string_view what) {
  TRY_ASSIGN(const der::Element found, reader.expect(der::boolean, what));
  if (found.content.size() != 1 || (found.content[0] != 0 && found.content[0] != 0xFF))
    return fail(Fault::invalid, "{}: not a boolean", what);
  return found.content[0] == 0xFF;
}

Result<void> read_basic_constraints(BytesView value, Extensions& out) {
  constexpr std::string_view kWhat = "BasicConstraints";
  TRY_ASSIGN(const der::Element outer, der::read_one(value, der::sequence, kWhat));
  der::Reader reader(outer.content);
  BasicConstraints constraints;
  if (reader.next_is(der::boolean)) {
    TRY_ASSIGN(constraints.ca, read_boolean(reader, kWhat));
  }
  if (reader.next_is(der::integer)) {
    TRY_ASSIGN(const BytesView length, reader.integer_bytes(kWhat));
    if (length.size() != 1 || length[0] >= 0x80)
      return fail(Fault::invalid, "{}: a path length outside 0..127", kWhat);
    constraints.path_length = length[0];
  }
  TRY(reader.end(kWhat));
  out.basic_constraints = constraints;
  return {};
}

Result<void> read_key_usage(BytesView value, Extensions& out) {
  constexpr std::string_view kWhat = "KeyUsage";
  TRY_ASSIGN(const der::Element bits, der::read_one(value, der::bit_string, kWhat));
  const BytesView content = bits.content;
  if (content.size() < 2 || content.size() > 3 || content[0] > 7)
    return fail(Fault::invalid, "{}: not 1 to 16 bits", kWhat);
  std::uint16_t mask = 0;
  for (unsigned bit = 0; bit < 8 * (content.size() - 1); ++bit) {
    if ((content[1 + bit / 8] >> (7 - bit % 8) & 1U) != 0)
      mask = static_cast<std::uint16_t>(mask | 1U << bit);
  }
  // RFC 5280 section 4.2.1.3: at least one of the bits MUST be set to 1.
  if (mask == 0) return fail(Fault::invalid, "{}: no bit is set", kWhat);
  out.key_usage = mask;
  return {};
}

Result<void> read_extended_key_usage(BytesView value, Extensions& out) {
  constexpr std::string_view kWhat = "ExtendedKeyUsage";
  TRY_ASSIGN(const der::Element outer, der::read_one(value, der::sequence, kWhat));
  for (der::Reader reader(outer.content); !reader.empty();) {
    TRY_ASSIGN(const BytesView oid, reader.oid(kWhat));
    if (out.extended_key_usage.size() == kMaxEntries)
      return fail(Fault::invalid, "{}: more than {} purposes", kWhat, kMaxEntries);
    out.extended_key_usage.push_back(der::oid_text(oid));
  }
  // RFC 5280 section 4.2.1.12: SEQUENCE SIZE (1..MAX).
  if (out.extended_key_usage.empty()) return fail(Fault::invalid, "{}: no purpose in it", kWhat);
  return {};
}

Result<void> read_subject_key_id(BytesView value, Extensions& out) {
  TRY_ASSIGN(const der::Element id,
             der::read_one(value, der::octet_string, "SubjectKeyIdentifier"));
  out.subject_key_id.assign(id.content.begin(), id.content.end());
  return {};
}

Result<void> read_authority_key_id(BytesView value, Extensions& out) {
  constexpr std::string_view kWhat = "AuthorityKeyIdentifier";
  TRY_ASSIGN(const der::Element outer, der::read_one(value, der::sequence, kWhat));
  der::Reader reader(outer.content);
  if (reader.next_is(der::context(0, false))) {
    TRY_ASSIGN(const der::Element id, reader.any(kWhat));
    out.authority_key_id.assign(id.content.begin(), id.content.end());
  }
  if (reader.next_is(der::context(1, true))) TRY(reader.any(kWhat));
  if (reader.next_is(der::context(2, false))) TRY(reader.any(kWhat));
  return reader.end(kWhat);
}

Result<void> read_names(BytesView value, std::vector<AlternativeName>& out, std::string_view what) {
  TRY_ASSIGN(const der::Element outer, der::read_one(value, der::sequence, what));
  for (der::Reader reader(outer.content); !reader.empty();) {
    if (out.size() == kMaxEntries)
      return fail(Fault::invalid, "{}: more than {} names", what, kMaxEntries);
    TRY_ASSIGN(AlternativeName name, read_general_name(reader, what));
    out.push_back(std::move(name));
  }
  // RFC 5280 section 4.2.1.6: the sequence MUST contain at least one entry.
  if (out.empty()) return fail(Fault::invalid, "{}: no name in it", what);
  return {};
}

Result<void> read_subject_alt_name(BytesView value, Extensions& out) {
  return read_names(value, out.alternative_names, "SubjectAltName");
}
Result<void> read_issuer_alt_name(BytesView value, Extensions& out) {
  return read_names(value, out.issuer_alternative_names, "IssuerAltName");
}

Result<void> read_crl_points(BytesView value, Extensions& out) {
  constexpr std::string_view kWhat = "CRLDistributionPoints";
  TRY_ASSIGN(const der::Element outer, der::read_one(value, der::sequence, kWhat));
  for (der::Reader points(outer.content); !points.empty();) {
    TRY_ASSIGN(der::Reader point, points.enter(der::sequence, kWhat));
    if (!point.next_is(der::context(0, true))) continue;
    TRY_ASSIGN(der::Reader name, point.enter(der::context(0, true), kWhat));
    if (!name.next_is(der::context(0, true))) continue;  // a name relative to the issuer
    TRY_ASSIGN(der::Reader full, name.enter(der::context(0, true), kWhat));
    while (!full.empty()) {
      TRY_ASSIGN(AlternativeName entry, read_general_name(full, kWhat));
      if (out.crl_urls.size() == kMaxEntries)
        return fail(Fault::invalid, "{}: more than {} names", kWhat, kMaxEntries);
      if (entry.kind == AlternativeName::uri) out.crl_urls.push_back(std::move(entry.value));
    }
  }
  return {};
}

Result<void> read_authority_info(BytesView value, Extensions& out) {
  constexpr std::string_view kWhat = "AuthorityInfoAccess";
  TRY_ASSIGN(const der::Element outer, der::read_one(value, der::sequence, kWhat));
  for (der::Reader entries(outer.content); !entries.empty();) {
    TRY_ASSIGN(der::Reader entry, entries.enter(der::sequence, kWhat));
    TRY_ASSIGN(const BytesView method, entry.oid(kWhat));
    TRY_ASSIGN(AlternativeName place, read_general_name(entry, kWhat));
    TRY(entry.end(kWhat));
    if (out.ocsp_urls.size() + out.ca_issuer_urls.size() == kMaxEntries)
      return fail(Fault::invalid, "{}: more than {} entries", kWhat, kMaxEntries);
    if (place.kind != AlternativeName::uri) continue;
    if (as_text(method) == kOcsp) out.ocsp_urls.push_back(std::move(place.value));
    if (as_text(method) == kCaIssuers) out.ca_issuer_urls.push_back(std::move(place.value));
  }
  return {};
}

struct ReaderRow {
  std::string_view oid;
  Result<void> (*read)(BytesView value, Extensions& out);
};
constexpr ReaderRow kReaders[] = {
    {kBasicConstraints, read_basic_constraints},  {kKeyUsage, read_key_usage},
    {kExtendedKeyUsage, read_extended_key_usage}, {kSubjectKeyId, read_subject_key_id},
    {kAuthorityKeyId, read_authority_key_id},     {kSubjectAltName, read_subject_alt_name},
    {kIssuerAltName, read_issuer_alt_name},       {kCrlPoints, read_crl_points},
    {kAuthorityInfo, read_authority_info},
};

Bytes extension(std::string_view oid, bool critical, const Bytes& value) {
  constexpr std::uint8_t kTrue[] = {der::boolean, 1, 0xFF};
  const Bytes wrapped = der::element(der::octet_string, value);
  return critical ? der::sequence_of(der::oid(oid), BytesView(kTrue), wrapped)
                  : der::sequence_of(der::oid(oid), wrapped);
}

Bytes write_basic_constraints(const BasicConstraints& constraints) {
  constexpr std::uint8_t kTrue[] = {der::boolean, 1, 0xFF};
  if (!constraints.ca) return der::element(der::sequence, {});
  if (!constraints.path_length) return der::sequence_of(BytesView(kTrue));
  const auto length = static_cast<std::uint8_t>(*constraints.path_length);
  return der::sequence_of(BytesView(kTrue), der::unsigned_integer(BytesView(&length, 1)));
}

Bytes write_key_usage(std::uint16_t mask) {
  // A named bit list has no trailing zero bits (X.690 11.2.2).
  const auto bits = static_cast<unsigned>(std::bit_width(mask));
  Bytes content(1 + (bits + 7) / 8);
  content[0] = static_cast<std::uint8_t>((8 - bits % 8) % 8);
  for (unsigned bit = 0; bit < bits; ++bit) {
    if ((mask >> bit & 1U) != 0)
      content[1 + bit / 8] = static_cast<std::uint8_t>(content[1 + bit / 8] | 0x80U >> bit % 8);
  }
  return der::element(der::bit_string, content);
}

Result<Bytes> write_purposes(const std::vector<std::string>& purposes) {
  Bytes content;
  for (const std::string& purpose : purposes) {
    const auto* row = std::ranges::find(kPurposes, purpose, &PurposeRow::dotted);
    if (row == std::end(kPurposes))
      return fail(Fault::invalid, "purpose {} cannot be written", quote(purpose));
    der::append(content, der::oid(row->oid));
  }
  return der::element(der::sequence, content);
}

Result<Bytes> write_names(const std::vector<AlternativeName>& names) {
  Bytes content;
  for (const AlternativeName& name : names) {
    TRY_ASSIGN(const Bytes encoded, write_general_name(name));
    der::append(content, encoded);
  }
  return der::element(der::sequence, content);
}

Result<Bytes> write_crl_points(const std::vector<std::string>& urls) {
  Bytes content;
  for (const std::string& url : urls) {
    TRY_ASSIGN(const Bytes name, write_general_name({AlternativeName::uri, url}));
    const Bytes full = der::constructed(der::context(0, true), name);
    der::append(content, der::sequence_of(der::constructed(der::context(0, true), full)));
  }
  return der::element(der::sequence, content);
}

Result<Bytes> write_authority_info(const Extensions& extensions) {
  Bytes content;
  const auto add = [&content](std::string_view method, const std::string& url) -> Result<void> {
    TRY_ASSIGN(const Bytes name, write_general_name({AlternativeName::uri, url}));
    der::append(content, der::sequence_of(der::oid(method), name));
    return {};
  };
  for (const std::string& url : extensions.ocsp_urls) TRY(add(kOcsp, url));
  for (const std::string& url : extensions.ca_issuer_urls) TRY(add(kCaIssuers, url));
  return der::element(der::sequence, content);
}

}  // namespace

Result<Extensions> read_extensions(BytesView sequence) {
  TRY_ASSIGN(const der::Element outer, der::read_one(sequence, der::sequence, "extensions"));
  Extensions out;
  for (der::Reader list(outer.content); !list.empty();) {
    TRY_ASSIGN(der::Reader item, list.enter(der::sequence, "extension"));
    TRY_ASSIGN(const BytesView oid, item.oid("extension"));
    std::string dotted = der::oid_text(oid);
    bool critical = false;
    if (item.next_is(der::boolean)) {
      TRY_ASSIGN(critical, read_boolean(item, "extension"));
    }
    TRY_ASSIGN(const der::Element value, item.expect(der::octet_string, "extension value"));
    TRY(item.end("extension"));
    // RFC 5280 section 4.2: not more than one instance of a particular extension.
    if (std::ranges::find(out.present, dotted) != out.present.end())
      return fail(Fault::invalid, "extension {} appears twice", dotted);
    if (out.present.size() == kMaxExtensions)
      return fail(Fault::invalid, "more than {} extensions", kMaxExtensions);
    const auto* row = std::ranges::find(kReaders, as_text(oid), &ReaderRow::oid);
    if (row != std::end(kReaders)) TRY(row->read(value.content, out));
    if (critical) out.critical.push_back(dotted);
    out.present.push_back(std::move(dotted));
  }
  // RFC 5280 section 4.1: Extensions ::= SEQUENCE SIZE (1..MAX).
  if (out.present.empty()) return fail(Fault::invalid, "extensions: none in the list");
  return out;
}

Result<Bytes> write_extensions(const Extensions& extensions) {
  Bytes content;
  const auto add = [&content](std::string_view oid, bool critical, const Bytes& value) {
    der::append(content, extension(oid, critical, value));
  };
  if (!extensions.authority_key_id.empty()) {
    add(kAuthorityKeyId, false,
        der::sequence_of(der::element(der::context(0, false), extensions.authority_key_id)));
  }
  if (!extensions.subject_key_id.empty())
    add(kSubjectKeyId, false, der::element(der::octet_string, extensions.subject_key_id));
  if (extensions.basic_constraints)
    add(kBasicConstraints, true, write_basic_constraints(*extensions.basic_constraints));
  if (extensions.key_usage) add(kKeyUsage, true, write_key_usage(*extensions.key_usage));
  if (!extensions.extended_key_usage.empty()) {
    TRY_ASSIGN(const Bytes value, write_purposes(extensions.extended_key_usage));
    add(kExtendedKeyUsage, false, value);
  }
  if (!extensions.alternative_names.empty()) {
    TRY_ASSIGN(const Bytes value, write_names(extensions.alternative_names));
    add(kSubjectAltName, false, value);
  }
  if (!extensions.crl_urls.empty()) {
    TRY_ASSIGN(const Bytes value, write_crl_points(extensions.crl_urls));
    add(kCrlPoints, false, value);
  }
  if (!extensions.ocsp_urls.empty() || !extensions.ca_issuer_urls.empty()) {
    TRY_ASSIGN(const Bytes value, write_authority_info(extensions));
    add(kAuthorityInfo, false, value);
  }
  return der::element(der::sequence, content);
}

}  // namespace imprint::x509
