// SPDX-License-Identifier: Apache-2.0
#include "x509/general_name.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "base/name.h"
#include "x509/name.h"

namespace imprint::x509 {

namespace {

// Tag numbers of the GeneralName choice.
constexpr unsigned kEmail = 1;
constexpr unsigned kDns = 2;
constexpr unsigned kDirectory = 4;
constexpr unsigned kUri = 6;
constexpr unsigned kIp = 7;
constexpr unsigned kLast = 8;
constexpr std::size_t kMaxNameBytes = 1024;

bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7F; }

Result<std::string> ascii_name(BytesView content, std::string_view what) {
  const std::string_view text = as_text(content);
  if (text.empty() || text.size() > kMaxNameBytes || !std::ranges::all_of(text, is_visible_ascii)) {
    return fail(Fault::invalid, "{}: name {} is not 1 to {} visible ASCII characters", what,
                quote(text), kMaxNameBytes);
  }
  return std::string(text);
}

Result<std::string> ip_text(BytesView content, std::string_view what) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (content.size() != 4 && content.size() != 16)
    return fail(Fault::invalid, "{}: an IP address of {} bytes", what, content.size());
  const int family = content.size() == 4 ? AF_INET : AF_INET6;
  IMPRINT_ASSERT(inet_ntop(family, content.data(), text.data(), text.size()) != nullptr);
  return std::string(text.data());
}

}  // namespace

Result<AlternativeName> read_general_name(der::Reader& reader, std::string_view what) {
  TRY_ASSIGN(const der::Element found, reader.any(what));
  const unsigned number = found.tag & 0x1FU;
  if ((found.tag & 0xC0U) != 0x80U || number > kLast)
    return fail(Fault::invalid, "{}: a name with tag 0x{:02x}", what, found.tag);
  const bool constructed = (found.tag & 0x20U) != 0;
  const bool text = number == kEmail || number == kDns || number == kUri || number == kIp;
  if ((text && constructed) || (number == kDirectory && !constructed))
    return fail(Fault::invalid, "{}: a name with tag 0x{:02x}", what, found.tag);

  AlternativeName out;
  if (number == kEmail || number == kDns || number == kUri) {
    out.kind = number == kEmail ? AlternativeName::email
               : number == kDns ? AlternativeName::dns
                                : AlternativeName::uri;
    TRY_ASSIGN(out.value, ascii_name(found.content, what));
  } else if (number == kIp) {
    out.kind = AlternativeName::ip;
    TRY_ASSIGN(out.value, ip_text(found.content, what));
  } else if (number == kDirectory) {
    out.kind = AlternativeName::directory;
    TRY_ASSIGN(const DistinguishedName name, DistinguishedName::from_der(found.content));
    out.value = name.text();
  }
  return out;
}

Result<Bytes> parse_ip_address(std::string_view text) {
  const std::string terminated(text);
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1)
    return Bytes(octets.begin(), octets.begin() + 4);
  if (inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1)
    return Bytes(octets.begin(), octets.end());
  return fail(Fault::invalid, "{} is not an IP address", quote(text));
}

Result<Bytes> write_general_name(const AlternativeName& name) {
  switch (name.kind) {
    case AlternativeName::email:
    case AlternativeName::dns:
    case AlternativeName::uri: {
      TRY(ascii_name(as_bytes(name.value), "alternative name"));
      const unsigned number = name.kind == AlternativeName::email ? kEmail
                              : name.kind == AlternativeName::dns ? kDns
                                                                  : kUri;
      return der::element(der::context(number, false), as_bytes(name.value));
    }
    case AlternativeName::ip: {
      TRY_ASSIGN(const Bytes octets, parse_ip_address(name.value));
      return der::element(der::context(kIp, false), octets);
    }
    case AlternativeName::directory:
    case AlternativeName::other:
      break;
  }
  return fail(Fault::invalid, "alternative names of this kind cannot be written");
}

}  // namespace imprint::x509
