// SPDX-License-Identifier: Apache-2.0
#include "server/tls_failure.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <openssl/err.h>
#include <span>

#include "base/name.h"
#include "outcome/causes.h"
#include "server/tls_context.h"

namespace imprint::server {

namespace {

/// How many entries of each list in a ClientHello are kept and shown.
constexpr std::size_t kMostKept = 128;
constexpr std::size_t kMostShown = 10;

struct Name {
  unsigned value;
  std::string_view name;
};
constexpr Name kVersionNames[] = {{0x0300, "SSL 3.0"},
                                  {0x0301, "TLS 1.0"},
                                  {0x0302, "TLS 1.1"},
                                  {0x0303, "TLS 1.2"},
                                  {0x0304, "TLS 1.3"}};
constexpr Name kKnownGroups[] = {{19, "P-192"},      {21, "P-224"},     {22, "secp256k1"},
                                 {23, "P-256"},      {24, "P-384"},     {25, "P-521"},
                                 {29, "X25519"},     {30, "X448"},      {256, "ffdhe2048"},
                                 {257, "ffdhe3072"}, {258, "ffdhe4096"}};
constexpr Name kKnownSignatures[] = {{0x0101, "RSA with MD5"},
                                     {0x0201, "RSA with SHA-1"},
                                     {0x0203, "ECDSA with SHA-1"},
                                     {0x0301, "RSA with SHA-224"},
                                     {0x0303, "ECDSA with SHA-224"},
                                     {0x0401, "RSA with SHA-256"},
                                     {0x0403, "ECDSA with SHA-256"},
                                     {0x0501, "RSA with SHA-384"},
                                     {0x0503, "ECDSA with SHA-384"},
                                     {0x0601, "RSA with SHA-512"},
                                     {0x0603, "ECDSA with SHA-512"},
                                     {0x0804, "RSA-PSS with SHA-256"},
                                     {0x0805, "RSA-PSS with SHA-384"},
                                     {0x0806, "RSA-PSS with SHA-512"},
                                     {0x0807, "Ed25519"},
                                     {0x0808, "Ed448"}};

std::string name_of(std::span<const Name> names, unsigned value) {
  const auto it = std::ranges::find(names, value, &Name::value);
  return it == names.end() ? fmt::format("0x{:04x}", value) : std::string(it->name);
}

/// True for GREASE values (RFC 8701) and for the two signaling values that are not suites (RFC
/// 5746, RFC 7507).
bool means_nothing(unsigned value) {
  return (value & 0x0F0FU) == 0x0A0AU || value == 0x00FF || value == 0x5600;
}

std::vector<unsigned> numbers(std::span<const unsigned char> bytes) {
  std::vector<unsigned> out;
  for (std::size_t at = 0; at + 1 < bytes.size() && out.size() < kMostKept; at += 2) {
    const unsigned value = static_cast<unsigned>(bytes[at]) << 8U | bytes[at + 1];
    if (!means_nothing(value)) out.push_back(value);
  }
  return out;
}

/// The list in an extension, without its length prefix of `prefix` bytes.
std::span<const unsigned char> list_in(SSL* ssl, unsigned type, std::size_t prefix) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1 || size < prefix) return {};
  return {data + prefix, size - prefix};
}

std::string protocols_in(std::span<const unsigned char> list) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < list.size() && out.size() < kMostShown; at += list[at] + 1U) {
    const std::size_t size = std::min<std::size_t>(list[at], list.size() - at - 1);
    out.push_back(quote({reinterpret_cast<const char*>(list.data() + at + 1), size}));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string suite_name(SSL* ssl, unsigned value) {
  const std::array<unsigned char, 2> wire{static_cast<unsigned char>(value >> 8U),
                                          static_cast<unsigned char>(value)};
  const SSL_CIPHER* suite = SSL_CIPHER_find(ssl, wire.data());
  const char* name = suite == nullptr ? nullptr : SSL_CIPHER_standard_name(suite);
  return name == nullptr ? fmt::format("0x{:04x}", value) : name;
}

template <class NameOf>
std::string listed(const std::vector<unsigned>& values, NameOf name_of_value) {
  if (values.empty()) return "none";
  std::vector<std::string> out;
  for (const unsigned value : std::span(values).first(std::min(values.size(), kMostShown)))
    out.push_back(name_of_value(value));
  std::string text = fmt::format("{}", fmt::join(out, ", "));
  if (values.size() > kMostShown) text += fmt::format(" and {} more", values.size() - kMostShown);
  return text;
}

template <class Ours>
bool share(const std::vector<unsigned>& offered, const Ours& ours) {
  return std::ranges::any_of(offered, [&](unsigned one) {
    return std::ranges::find(ours, one) != std::ranges::end(ours);
  });
}

std::vector<unsigned> suites_of(SSL* ssl) {
  std::vector<unsigned> out;
  const STACK_OF(SSL_CIPHER)* all = SSL_get_ciphers(ssl);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i)
    out.push_back(SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(all, i)));
  return out;
}

std::string groups_offered(const ClientOffer& offer) {
  return fmt::format(
      "the device offers only the groups {}; the server supports X25519, P-256, P-384 "
      "and P-521",
      listed(offer.groups, [](unsigned v) { return name_of(kKnownGroups, v); }));
}

std::string signatures_offered(const ClientOffer& offer) {
  return fmt::format(
      "the device verifies only {}; give the server a certificate of the other kind beside its own "
      "(server/second-server.pem and .key), or update the device's TLS library",
      listed(offer.signatures, [](unsigned v) { return name_of(kKnownSignatures, v); }));
}

/// OpenSSL reports "no shared cipher" also if the suites match but no group or signature scheme
/// does.
std::string ciphers_offered(const ClientOffer& offer, SSL* ssl) {
  if (share(offer.suites, suites_of(ssl))) {
    if (!offer.groups.empty() && !share(offer.groups, kGroups)) return groups_offered(offer);
    if (!offer.signatures.empty() && !share(offer.signatures, kSignatureSchemes))
      return signatures_offered(offer);
  }
  return fmt::format(
      "the device offers only {}, and the server has none of them for its certificate; update the "
      "device's TLS library, give the server a certificate of the other kind (RSA or EC) beside "
      "its own, or set listen.old-tls = true for devices that cannot be updated",
      listed(offer.suites, [ssl](unsigned v) { return suite_name(ssl, v); }));
}

}  // namespace

Cause cause_of(TlsFailure failure) {
  switch (failure) {
    case TlsFailure::unknown_certificate:
      return "unknown-certificate"_cause;
    case TlsFailure::no_certificate:
      return "no-certificate"_cause;
    case TlsFailure::server_not_trusted:
      return "server-not-trusted"_cause;
    case TlsFailure::no_shared_version:
      return "no-shared-version"_cause;
    case TlsFailure::no_shared_cipher:
      return "no-shared-cipher"_cause;
    case TlsFailure::no_shared_group:
      return "no-shared-group"_cause;
    case TlsFailure::no_shared_signature:
      return "no-shared-signature"_cause;
    case TlsFailure::no_shared_protocol:
      return "no-shared-protocol"_cause;
    case TlsFailure::closed:
    case TlsFailure::other:
      break;
  }
  return {};
}

TlsFailure tls_failure_of(unsigned long openssl_error) {
  if (ERR_GET_LIB(openssl_error) != ERR_LIB_SSL) return TlsFailure::other;
  switch (ERR_GET_REASON(openssl_error)) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return TlsFailure::no_certificate;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return TlsFailure::server_not_trusted;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return TlsFailure::no_shared_version;
    case SSL_R_NO_SHARED_CIPHER:
      return TlsFailure::no_shared_cipher;
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_WRONG_CURVE:
      return TlsFailure::no_shared_group;
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
      return TlsFailure::no_shared_signature;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return TlsFailure::no_shared_protocol;
    default:
      return TlsFailure::other;
  }
}

ClientOffer ClientOffer::read(SSL* ssl) {
  ClientOffer out;
  out.versions = numbers(list_in(ssl, TLSEXT_TYPE_supported_versions, 1));
  if (out.versions.empty()) out.versions.push_back(SSL_client_hello_get0_legacy_version(ssl));
  const unsigned char* suites = nullptr;
  const std::size_t size = SSL_client_hello_get0_ciphers(ssl, &suites);
  out.suites = numbers({suites, size});
  out.groups = numbers(list_in(ssl, TLSEXT_TYPE_supported_groups, 2));
  out.signatures = numbers(list_in(ssl, TLSEXT_TYPE_signature_algorithms, 2));
  out.protocols = protocols_in(list_in(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, 2));
  return out;
}

std::string explain(TlsFailure failure, const ClientOffer& offer, SSL* ssl) {
  switch (failure) {
    case TlsFailure::no_certificate:
      return "the device showed no certificate; give it its claim or device certificate and the "
             "key";
    case TlsFailure::server_not_trusted:
      return "the device does not trust the server's certificate; give it root-ca.pem of this "
             "deployment, and have it connect by a name that the server certificate has";
    case TlsFailure::no_shared_version:
      if (offer.versions.empty()) return "the client does not speak TLS";
      return fmt::format(
          "the device offers only {}; the server speaks TLS 1.2 and 1.3",
          listed(offer.versions, [](unsigned v) { return name_of(kVersionNames, v); }));
    case TlsFailure::no_shared_cipher:
      return ciphers_offered(offer, ssl);
    case TlsFailure::no_shared_group:
      return groups_offered(offer);
    case TlsFailure::no_shared_signature:
      return signatures_offered(offer);
    case TlsFailure::no_shared_protocol:
      return fmt::format(
          "the device offers only the protocols {} (ALPN); the server supports mqtt and "
          "x-amzn-mqtt-ca",
          offer.protocols);
    case TlsFailure::closed:
    case TlsFailure::unknown_certificate:
    case TlsFailure::other:
      break;
  }
  return {};
}

}  // namespace imprint::server
