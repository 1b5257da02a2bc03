// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>

#include "base/name.h"

namespace imprint {

namespace {

constexpr std::string_view kMappedPrefix = "::ffff:";
constexpr int kMappedBits = 96;
constexpr int kSiteBitsV4 = 24;
constexpr int kSiteBitsV6 = 48;

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  Network out;
  const std::size_t slash = text.find('/');
  std::string host(text.substr(0, std::min(slash, text.size())));
  const bool v4 = host.find(':') == std::string::npos;
  // RFC 4007: the zone of a link-local address ("fe80::1%eth0") names the interface, not the host.
  if (const auto zone = host.find('%'); !v4 && zone != std::string::npos) host.resize(zone);
  const std::string mapped = v4 ? std::string(kMappedPrefix) + host : host;
  if (host.size() > 45 || host.find('\0') != std::string::npos ||
      inet_pton(AF_INET6, mapped.c_str(), out.address.data()) != 1) {
    return fail(Fault::invalid,
                "{} is not an IP address or range such as 10.0.0.0/8 or 2001:db8::/32",
                quote(text));
  }
  if (slash != std::string_view::npos) {
    const auto bits = whole_number(text.substr(slash + 1));
    const int most = v4 ? 32 : 128;
    if (!bits || *bits < 0 || *bits > most) {
      return fail(Fault::invalid, "{} needs a prefix length from 0 to {} after the '/'",
                  quote(text), most);
    }
    out.prefix = static_cast<std::uint8_t>(*bits + (v4 ? kMappedBits : 0));
  }
  return out;
}

bool Network::contains(const Network& host) const {
  const std::size_t whole = prefix / 8U;
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                  host.address.begin()))
    return false;
  const unsigned rest = prefix % 8U;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF00U >> rest);
  return (address[whole] & mask) == (host.address[whole] & mask);
}

bool Network::is_v4() const {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xFF, 0xFF};
  return prefix >= kMappedBits && std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

Network Network::site() const {
  Network out = *this;
  out.prefix = static_cast<std::uint8_t>(is_v4() ? kMappedBits + kSiteBitsV4 : kSiteBitsV6);
  return out.first();
}

Network Network::first() const {
  Network out = *this;
  for (unsigned bit = prefix; bit < 128; ++bit)
    out.address[bit / 8U] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8U)));
  return out;
}

std::string Network::text() const {
  std::array<char, INET6_ADDRSTRLEN> host = {};
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, address.data() + (v4 ? kMappedBits / 8 : 0), host.data(),
            host.size());
  if (prefix == 128) return host.data();
  return fmt::format("{}/{}", host.data(), prefix - (v4 ? kMappedBits : 0));
}

}  // namespace imprint
