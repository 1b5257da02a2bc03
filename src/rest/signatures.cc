// SPDX-License-Identifier: Apache-2.0
#include "rest/signatures.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/name.h"
#include "encoding/text.h"
#include "rest/exceptions.h"
#include "x509/digest.h"

namespace imprint::rest {

namespace {

constexpr std::string_view kAlgorithm = access::kSignatureAlgorithm;
constexpr std::string_view kTerminator = access::kSignatureTerminator;
constexpr std::size_t kMaxAuthorizationBytes = 4096;
constexpr std::size_t kMaxSignedHeaders = 64;
constexpr std::size_t kMaxRegionBytes = 32;
constexpr std::size_t kSignatureDigits = 64;
// Debian's CLI and boto3 sign for execute-api, newer clients for iot.
constexpr auto kServices =
    std::to_array<std::string_view>({"iot", "execute-api", "iotdata", "iot-jobs-data"});

/// The parts of the Authorization header: views into it.
struct Authorization {
  std::string_view access_key_id;
  std::string_view date;  ///< yyyymmdd
  std::string_view region;
  std::string_view service;
  std::string_view signed_headers;
  std::string_view signature;
};

std::vector<std::string_view> split(std::string_view text, char separator, std::size_t most) {
  std::vector<std::string_view> parts;
  while (parts.size() < most) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);  // one too many, which the caller detects
  return parts;
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool is_region_character(char c) {
  return (c >= 'a' && c <= 'z') || name_rules::is_digit(c) || c == '-';
}

Unexpected incomplete(std::string message) {
  return refuse(Exception::incomplete_signature, std::move(message));
}

Unexpected invalid(std::string message) {
  return refuse(Exception::invalid_signature, std::move(message));
}

Result<void> parse_credential(std::string_view credential, Authorization& out) {
  const auto parts = split(credential, '/', 5);
  if (parts.size() != 5) {
    return incomplete(
        fmt::format("Credential has {} parts; write ACCESS_KEY_ID/yyyymmdd/region/service/{}",
                    parts.size(), kTerminator));
  }
  out.access_key_id = parts[0];
  out.date = parts[1];
  out.region = parts[2];
  out.service = parts[3];
  if (parts[4] != kTerminator) {
    return incomplete(
        fmt::format("the credential scope ends in {}, not {}", quote(parts[4]), kTerminator));
  }
  if (out.region.empty() || out.region.size() > kMaxRegionBytes ||
      !std::ranges::all_of(out.region, is_region_character)) {
    return invalid(
        fmt::format("{} is no region name; any of lower-case letters, digits and - will "
                    "do, for example us-east-1",
                    quote(out.region)));
  }
  if (std::ranges::find(kServices, out.service) == kServices.end()) {
    return invalid(
        fmt::format("the request is signed for service {}; this server answers to iot, "
                    "execute-api, iotdata and iot-jobs-data",
                    quote(out.service)));
  }
  return {};
}

Result<Authorization> parse_authorization(std::string_view header) {
  if (header.size() > kMaxAuthorizationBytes)
    return incomplete(fmt::format("the Authorization header has {} bytes", header.size()));
  if (!header.starts_with(kAlgorithm) || header.substr(kAlgorithm.size(), 1) != " ") {
    return incomplete(fmt::format("the Authorization header is of scheme {}; use {}",
                                  quote(header.substr(0, header.find(' '))), kAlgorithm));
  }
  Authorization out;
  std::string_view credential;
  std::array<std::pair<std::string_view, std::string_view*>, 3> members{
      {{"Credential", &credential},
       {"SignedHeaders", &out.signed_headers},
       {"Signature", &out.signature}}};
  for (const std::string_view part : split(header.substr(kAlgorithm.size() + 1), ',', 8)) {
    const std::string_view text = trim(part);
    const auto equals = text.find('=');
    const auto member = std::ranges::find(members, text.substr(0, equals),
                                          &std::pair<std::string_view, std::string_view*>::first);
    if (equals == std::string_view::npos || member == members.end() || !member->second->empty()) {
      return incomplete(
          fmt::format("the Authorization header has the part {}; it must have "
                      "Credential, SignedHeaders and Signature, each once",
                      quote(text)));
    }
    *member->second = text.substr(equals + 1);
  }
  for (const auto& [name, value] : members) {
    if (value->empty()) return incomplete(fmt::format("the Authorization header has no {}", name));
  }
  TRY(parse_credential(credential, out));
  return out;
}

int two_digits(std::string_view text, std::size_t at) {
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

/// X-Amz-Date: yyyymmddThhmmssZ.
std::optional<Timestamp> parse_amz_date(std::string_view text) {
  constexpr std::string_view kShape = "ddddddddTddddddZ";
  const auto fits = [](char shape, char c) {
    return shape == 'd' ? name_rules::is_digit(c) : shape == c;
  };
  if (!std::ranges::equal(kShape, text, fits)) return std::nullopt;
  const std::chrono::year_month_day day{
      std::chrono::year(two_digits(text, 0) * 100 + two_digits(text, 2)),
      std::chrono::month(static_cast<unsigned>(two_digits(text, 4))),
      std::chrono::day(static_cast<unsigned>(two_digits(text, 6)))};
  const int hour = two_digits(text, 9);
  const int minute = two_digits(text, 11);
  const int second = two_digits(text, 13);
  if (!day.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Timestamp(std::chrono::sys_days(day) + std::chrono::hours(hour) +
                   std::chrono::minutes(minute) + std::chrono::seconds(second));
}

/// The signed date: X-Amz-Date, or else Date in the same form.
Result<std::string_view> signed_date(const HttpRequest& request) {
  const std::string_view amz = request.header("x-amz-date");
  const std::string_view date = amz.empty() ? request.header("date") : amz;
  if (date.empty())
    return incomplete("the request has no X-Amz-Date header; sign it with one of yyyymmddThhmmssZ");
  return trim(date);
}

Result<void> check_date(std::string_view date, const Authorization& authorization, Timestamp now) {
  const auto time = parse_amz_date(date);
  if (!time) {
    return incomplete(
        fmt::format("the request's date {} is not of the form yyyymmddThhmmssZ", quote(date)));
  }
  if (date.substr(0, 8) != authorization.date) {
    return invalid(fmt::format("the credential scope is of {}, the request's date of {}",
                               quote(authorization.date), quote(date.substr(0, 8))));
  }
  const auto skew = std::chrono::duration_cast<Seconds>(*time - now);
  if (std::chrono::abs(*time - now) > kMaxClockSkew) {
    return invalid(fmt::format(
        "Signature expired: the request's date {} lies {} s {} the server's "
        "clock, which says {}; at most {} s are allowed. Set the clocks",
        date, std::chrono::abs(skew).count(), skew < Seconds(0) ? "behind" : "ahead of",
        access::amz_date(now), std::chrono::duration_cast<Seconds>(kMaxClockSkew).count()));
  }
  return {};
}

/// The values of a header as they are signed: trimmed, with runs of spaces collapsed, joined by
/// ','.
std::optional<std::string> canonical_value(const HttpRequest& request, std::string_view name) {
  std::optional<std::string> out;
  for (const auto& [header, value] : request.headers) {
    if (lower(header) != name) continue;
    if (out) {
      *out += ',';
    } else {
      out.emplace();
    }
    char last = 0;
    for (const char c : trim(value)) {
      if (c != ' ' || last != ' ') *out += c;
      last = c;
    }
  }
  return out;
}

Result<std::vector<std::string>> parse_signed_headers(std::string_view list) {
  const auto names = split(list, ';', kMaxSignedHeaders);
  if (names.size() > kMaxSignedHeaders)
    return incomplete(fmt::format("SignedHeaders names more than {} headers", kMaxSignedHeaders));
  std::vector<std::string> out;
  for (const std::string_view name : names) {
    if (name.empty() || lower(name) != name || (!out.empty() && out.back() >= name)) {
      return incomplete(fmt::format(
          "SignedHeaders {} must be header names in lower case, sorted, each once", quote(list)));
    }
    out.emplace_back(name);
  }
  return out;
}

Result<void> require_signed_headers(const HttpRequest& request, const SignedScope& scope) {
  if (!scope.covers("host")) return incomplete("SignedHeaders lacks host");
  const std::string_view date = request.header("x-amz-date").empty() ? "date" : "x-amz-date";
  if (!scope.covers(date)) return incomplete(fmt::format("SignedHeaders lacks {}", date));
  return {};
}

Result<std::string> canonical_headers(const HttpRequest& request, const SignedScope& scope) {
  std::string out;
  for (const std::string& name : scope.signed_headers) {
    const auto value = canonical_value(request, name);
    if (!value) {
      return invalid(
          fmt::format("SignedHeaders names {}, which the request does not have", quote(name)));
    }
    out += fmt::format("{}:{}\n", name, *value);
  }
  return out;
}

Result<void> check_payload_header(const HttpRequest& request, const std::string& payload_hash) {
  const std::string_view sent = request.header("x-amz-content-sha256");
  if (sent.empty() || sent == payload_hash) return {};
  if (sent == "UNSIGNED-PAYLOAD" || sent.starts_with("STREAMING-")) {
    return invalid(
        fmt::format("x-amz-content-sha256 is {}; sign the body's SHA-256 instead", quote(sent)));
  }
  return invalid("the body's SHA-256 differs from x-amz-content-sha256: the body was changed");
}

Result<void> refuse_other_schemes(const HttpRequest& request, const Target& target) {
  const bool is_presigned = std::ranges::any_of(target.query, [](const auto& parameter) {
    return lower(parameter.first) == "x-amz-signature";
  });
  if (is_presigned) {
    return refuse(Exception::missing_authentication,
                  "the request is presigned (X-Amz-Signature in the query), which this server does "
                  "not accept; sign it in the Authorization header");
  }
  if (request.header("authorization").empty()) {
    return refuse(Exception::missing_authentication,
                  "Missing Authentication Token: the request has no Authorization header; sign it "
                  "with the access key in the deployment's admin.credentials");
  }
  if (!request.header("x-amz-security-token").empty()) {
    return refuse(Exception::unrecognized_client,
                  "The security token included in the request is invalid: this server gives out no "
                  "temporary credentials. Unset AWS_SESSION_TOKEN and use admin.credentials");
  }
  return {};
}

Result<std::shared_ptr<const access::Operator>> find_operator(const access::Operators& operators,
                                                              std::string_view id) {
  access::Found found = operators.find(id);
  switch (found.standing) {
    case access::Standing::usable:
      return std::move(found.who);
    case access::Standing::revoked:
      return refuse(Exception::unrecognized_client,
                    fmt::format("The security token included in the request is invalid: access "
                                "key {} was revoked; ask the operator for another",
                                quote(id)));
    case access::Standing::unreadable:
      return fail(Fault::internal,
                  "access key {} cannot be used: {}; restore ca/credentials.key from a backup, or "
                  "revoke the key and make another",
                  quote(id), found.problem);
    case access::Standing::unknown:
      break;
  }
  return refuse(Exception::unrecognized_client,
                fmt::format("The security token included in the request is invalid: access key {} "
                            "is not known here; use the one in the deployment's admin.credentials, "
                            "or one that imprint credentials create made",
                            quote(id)));
}

}  // namespace

std::string claimed_access_key(const HttpRequest& request) {
  const auto authorization = parse_authorization(trim(request.header("authorization")));
  return authorization ? std::string(authorization->access_key_id) : std::string();
}

bool SignedScope::covers(std::string_view header) const {
  return is_session() || std::ranges::find(signed_headers, header) != signed_headers.end();
}

Result<SignedScope> verify_signature(const HttpRequest& request, const Target& target,
                                     const access::Operators& operators, Timestamp now) {
  TRY(refuse_other_schemes(request, target));
  TRY_ASSIGN(const Authorization authorization,
             parse_authorization(trim(request.header("authorization"))));
  TRY_ASSIGN(std::shared_ptr<const access::Operator> who,
             find_operator(operators, authorization.access_key_id));
  TRY_ASSIGN(const std::string_view date, signed_date(request));
  TRY(check_date(date, authorization, now));
  TRY_ASSIGN(std::vector<std::string> names, parse_signed_headers(authorization.signed_headers));
  SignedScope scope{std::string(authorization.region), std::string(authorization.service),
                    std::move(names), std::move(who)};
  TRY(require_signed_headers(request, scope));
  const std::string payload_hash = encoding::to_hex(x509::sha256(as_bytes(request.body)));
  TRY(check_payload_header(request, payload_hash));
  TRY_ASSIGN(const std::string headers, canonical_headers(request, scope));
  const std::string digest =
      access::canonical_digest({.method = request.method,
                                .path = target.path,
                                .query = target.query,
                                .headers = headers,
                                .signed_headers = authorization.signed_headers,
                                .payload_hash = payload_hash});
  const std::string expected = access::signature_of(
      scope.who->secret, {authorization.date, authorization.region, authorization.service}, date,
      digest);
  if (authorization.signature.size() != kSignatureDigits ||
      !equal_constant_time(as_bytes(expected), as_bytes(authorization.signature))) {
    return invalid(fmt::format(
        "The request signature we calculated does not match the signature you provided. Check the "
        "secret access key, and whether something between changed the request: its canonical form "
        "has SHA-256 {}, its body {}",
        digest, payload_hash));
  }
  return scope;
}

}  // namespace imprint::rest
