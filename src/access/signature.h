// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/access_key.h"
#include "base/clock.h"

/// AWS Signature Version 4. Signing and verification use the same canonical form, so that they
/// cannot differ.
namespace imprint::access {

inline constexpr std::string_view kSignatureAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kSignatureTerminator = "aws4_request";

/// Names and values, decoded, in any order.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// The signed parts of a request.
struct SignedParts {
  std::string_view method;
  std::string_view path;  ///< as sent: encoded once
  const QueryParameters& query;
  std::string_view headers;         ///< "name:value\n" of each signed header, sorted by name
  std::string_view signed_headers;  ///< their names, joined by ';'
  std::string_view payload_hash;    ///< SHA-256 of the body in hex
};

/// The date, region and service for which a signature is valid.
struct SigningScope {
  std::string_view day;  ///< yyyymmdd
  std::string_view region;
  std::string_view service;

  [[nodiscard]] std::string text() const;  ///< day/region/service/aws4_request
};

/// SHA-256 of the canonical request, in hex.
std::string canonical_digest(const SignedParts& parts);

/// The signature, 64 hex digits. `date` is the request's X-Amz-Date.
std::string signature_of(const Secret& secret, const SigningScope& scope, std::string_view date,
                         std::string_view digest);

/// A time in the format of X-Amz-Date: yyyymmddThhmmssZ.
std::string amz_date(Timestamp time);

/// The query in the form that is sent and signed: encoded, sorted, joined by '&'.
std::string canonical_query(const QueryParameters& query);

/// A request that we send to a server.
struct Outgoing {
  std::string method;
  std::string host;  ///< the Host header, with the port
  std::string path;  ///< encoded once
  QueryParameters query = {};
  std::string body = {};
};

/// The headers X-Amz-Date and Authorization for a signed request. Host and X-Amz-Date are signed.
std::vector<std::pair<std::string, std::string>> sign(const Outgoing& request, const AccessKey& key,
                                                      std::string_view region, Timestamp now);

}  // namespace imprint::access
