// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "encoding/text.h"
#include "rest/http.h"
#include "x509/digest.h"

/// Signs requests as AWS's clients do, written from the rules for clients: it starts from a decoded
/// path and query, whereas the verifier starts from the received bytes.
namespace imprint::test {

inline constexpr std::string_view kAccessKeyId = "AKIAIOSFODNN7EXAMPLE";
inline constexpr std::string_view kSecretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

struct AwsSigner {
  std::string access_key_id{kAccessKeyId};
  std::string secret{kSecretAccessKey};
  std::string region = "us-east-1";
  std::string service = "iot";
  std::string date_header = "X-Amz-Date";

  static std::string amz_date(Timestamp now) {
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
  }

  /// Adds Host, the date and Authorization; signs them and the existing headers. The target's path
  /// must not contain dot segments.
  void sign(rest::HttpRequest& request, Timestamp now) const {
    const std::string date = amz_date(now);
    request.headers.emplace_back("Host", "localhost:8443");
    request.headers.emplace_back(date_header, date);
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& [name, value] : request.headers) headers.emplace_back(lower(name), value);
    std::ranges::sort(headers);
    std::string canonical_headers;
    std::string names;
    for (const auto& [name, value] : headers) {
      canonical_headers += name + ":" + value + "\n";
      names += (names.empty() ? "" : ";") + name;
    }
    const std::string canonical = request.method + "\n" + path_twice_encoded(request.target) +
                                  "\n" + sorted_query(request.target) + "\n" + canonical_headers +
                                  "\n" + names + "\n" + hash(request.body);
    const std::string day = date.substr(0, 8);
    const std::string scope = day + "/" + region + "/" + service + "/aws4_request";
    const std::string to_sign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hash(canonical);
    const std::string start = "AWS4" + secret;
    auto key = x509::hmac_sha256(as_bytes(start), as_bytes(day));
    for (const std::string& part : {region, service, std::string("aws4_request")})
      key = x509::hmac_sha256(key, as_bytes(part));
    request.headers.emplace_back(
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=" + access_key_id + "/" + scope + ", SignedHeaders=" + names +
            ", Signature=" + encoding::to_hex(x509::hmac_sha256(key, as_bytes(to_sign))));
  }

 private:
  static std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  }
  static std::string hash(const std::string& text) {
    return encoding::to_hex(x509::sha256(as_bytes(text)));
  }
  static std::string path_twice_encoded(const std::string& target) {
    return encoding::percent_encode(target.substr(0, target.find('?')), true);
  }
  /// The target's query must already be encoded correctly.
  static std::string sorted_query(const std::string& target) {
    const auto question = target.find('?');
    if (question == std::string::npos) return "";
    std::vector<std::pair<std::string, std::string>> parts;
    std::string rest = target.substr(question + 1) + "&";
    while (!rest.empty()) {
      const std::string part = rest.substr(0, rest.find('&'));
      rest.erase(0, part.size() + 1);
      const auto equals = std::min(part.find('='), part.size());
      parts.emplace_back(part.substr(0, equals), part.substr(std::min(equals + 1, part.size())));
    }
    std::ranges::sort(parts);
    std::string out;
    for (const auto& [name, value] : parts) {
      out += out.empty() ? "" : "&";
      out += name;
      out += '=';
      out += value;
    }
    return out;
  }
};

}  // namespace imprint::test
