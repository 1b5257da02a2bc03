// SPDX-License-Identifier: Apache-2.0
#include "access/signature.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

#include "encoding/text.h"
#include "x509/digest.h"

namespace imprint::access {

namespace {

Sha256 hmac(BytesView key, std::string_view message) {
  return x509::hmac_sha256(key, as_bytes(message));
}

std::string hash_of(std::string_view text) {
  return encoding::to_hex(x509::sha256(as_bytes(text)));
}

/// The path in AWS's canonical form: without dot segments and empty segments, the others encoded
/// once more.
std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out += "/" + encoding::percent_encode(segment);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

}  // namespace

std::string SigningScope::text() const {
  return fmt::format("{}/{}/{}/{}", day, region, service, kSignatureTerminator);
}

std::string canonical_query(const QueryParameters& query) {
  QueryParameters encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(encoding::percent_encode(name), encoding::percent_encode(value));
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += fmt::format("{}={}", name, value);
  }
  return out;
}

std::string canonical_digest(const SignedParts& parts) {
  return hash_of(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method, canonical_path(parts.path),
                             canonical_query(parts.query), parts.headers, parts.signed_headers,
                             parts.payload_hash));
}

std::string signature_of(const Secret& secret, const SigningScope& scope, std::string_view date,
                         std::string_view digest) {
  const Secret start("AWS4" + secret.reveal());
  Sha256 key = hmac(as_bytes(start.reveal()), scope.day);
  key = hmac(key, scope.region);
  key = hmac(key, scope.service);
  key = hmac(key, kSignatureTerminator);
  std::string signature = encoding::to_hex(
      hmac(key, fmt::format("{}\n{}\n{}\n{}", kSignatureAlgorithm, date, scope.text(), digest)));
  wipe(key.data(), key.size());
  return signature;
}

std::string amz_date(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::vector<std::pair<std::string, std::string>> sign(const Outgoing& request, const AccessKey& key,
                                                      std::string_view region, Timestamp now) {
  constexpr std::string_view kSignedHeaders = "host;x-amz-date";
  const std::string date = amz_date(now);
  const SigningScope scope{std::string_view(date).substr(0, 8), region, "iot"};
  const std::string digest =
      canonical_digest({.method = request.method,
                        .path = request.path,
                        .query = request.query,
                        .headers = fmt::format("host:{}\nx-amz-date:{}\n", request.host, date),
                        .signed_headers = kSignedHeaders,
                        .payload_hash = hash_of(request.body)});
  return {{"X-Amz-Date", date},
          {"Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                        kSignatureAlgorithm, key.id, scope.text(), kSignedHeaders,
                                        signature_of(key.secret, scope, date, digest))}};
}

}  // namespace imprint::access
