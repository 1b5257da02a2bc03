// SPDX-License-Identifier: Apache-2.0
#include "deployment/config.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/name.h"
#include "x509/general_name.h"

namespace imprint::deployment {

std::string_view to_string(LogFormat format) { return format == LogFormat::text ? "text" : "json"; }

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  std::string_view host = text.substr(0, std::min(colon, text.size()));
  const std::string_view digits =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto address = x509::parse_ip_address(host);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool is_port =
      !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
  if (!address || (address->size() == 16) != brackets || !is_port) {
    return fail(
        Fault::invalid,
        "{} is not ADDRESS:PORT; write for instance \"127.0.0.1:8883\", \"0.0.0.0:8883\" or "
        "\"[::]:8883\" (port 0 picks a free one)",
        quote(text));
  }
  return ListenAddress{std::string(host), port};
}

std::string ListenAddress::text() const {
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port)
                                                : fmt::format("[{}]:{}", address, port);
}

Result<Config> Config::load(const std::filesystem::path& file) {
  constexpr std::size_t kMaxBytes = std::size_t{256} * 1024;
  TRY_ASSIGN(const std::string text, read_file(file, kMaxBytes));
  return parse(text, file.string());
}

issuance::ProfileOptions Config::profile_options() const {
  return {.name = "device",
          .common_name = certificates.common_name,
          .organization = certificates.organization,
          .validity = templates.certificate_validity,
          .backdate = certificates.backdate,
          .crl_urls = certificates.crl_urls,
          .ocsp_urls = certificates.ocsp_urls,
          .ca_issuer_urls = certificates.ca_issuer_urls};
}

}  // namespace imprint::deployment
