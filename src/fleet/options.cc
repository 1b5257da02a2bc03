// SPDX-License-Identifier: Apache-2.0
#include "fleet/options.h"

#include <charconv>
#include <fmt/format.h>

#include "base/file.h"

namespace imprint::fleet {

namespace {

constexpr std::size_t kMaxPemBytes = 64 * 1024;

Error name_file(Error error, const std::filesystem::path& file) {
  if (error.where.empty()) error.where = file.string();
  return error;
}

Result<x509::Certificate> read_certificate(const std::filesystem::path& file) {
  TRY_ASSIGN(const std::string text, read_file(file, kMaxPemBytes));
  return x509::Certificate::from_pem(text).map_error(
      [&](Error error) { return name_file(std::move(error), file); });
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto refuse = [&] {
    return fail(Fault::invalid,
                "{} is not an endpoint; write HOST:PORT, with an IPv6 address in brackets",
                quote(text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  std::string_view host = text.substr(0, colon);
  const bool has_brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!has_brackets && host.find(':') != std::string_view::npos)) return refuse();
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return refuse();
  return Endpoint{std::string(host), port};
}

std::string Endpoint::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<ClaimBundle> ClaimBundle::load(const std::filesystem::path& folder,
                                      const std::filesystem::path& root) {
  TRY_ASSIGN(x509::Certificate certificate, read_certificate(folder / "claim.pem"));
  const std::filesystem::path key_file = folder / "claim.key";
  TRY_ASSIGN(const Secret key_text, read_secret_file(key_file, kMaxPemBytes));
  auto key = x509::PrivateKey::from_pem(key_text.reveal());
  if (!key) return tl::unexpected(name_file(std::move(key).error(), key_file));
  if (key->public_key() != certificate.public_key()) {
    return fail_at(Fault::invalid, key_file.string(),
                   "does not match claim.pem beside it; copy both files of one claim");
  }
  TRY_ASSIGN(x509::Certificate trusted,
             read_certificate(root.empty() ? folder / "root-ca.pem" : root));
  ClaimBundle out;
  out.claim = std::make_shared<const Identity>(Identity{std::move(certificate), std::move(*key)});
  out.roots.push_back(std::move(trusted));
  return out;
}

std::string serial_number(const Options& options, std::uint64_t index) {
  return fmt::format("{}{:06}", options.serial_prefix, options.first_serial + index);
}

}  // namespace imprint::fleet
