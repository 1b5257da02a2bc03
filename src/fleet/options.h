// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/name.h"
#include "base/result.h"
#include "mqtt/packet.h"
#include "x509/certificate.h"
#include "x509/private_key.h"

namespace imprint::fleet {

/// The address where the server listens for devices.
struct Endpoint {
  std::string host;  ///< name or address; an IPv6 address without brackets
  std::uint16_t port = 8883;

  /// HOST:PORT; an IPv6 address in brackets.
  static Result<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

/// A certificate and its key.
struct Identity {
  x509::Certificate certificate;
  x509::PrivateKey key;
};

/// The credentials of a device when it leaves the factory, in the files that `imprint claim create
/// --out FOLDER` writes: claim.pem, claim.key (mode 0600) and root-ca.pem.
struct ClaimBundle {
  std::shared_ptr<const Identity> claim;
  std::vector<x509::Certificate> roots;

  /// Errors name the file. `root`, if given, replaces root-ca.pem.
  static Result<ClaimBundle> load(const std::filesystem::path& folder,
                                  const std::filesystem::path& root = {});
};

enum class TlsVersion { any, v1_2, v1_3 };
enum class Flow { csr, keys };
enum class Format { json, cbor };

/// The settings that are common to all kinds of load.
struct Load {
  Endpoint endpoint;
  std::shared_ptr<const Identity> identity;  ///< for the clients' first connection
  std::vector<x509::Certificate> roots;      ///< trusted by the clients
  std::size_t devices = 1;
  std::size_t concurrency = 64;  ///< devices in progress at the same time, over all threads
  unsigned threads = 1;
  mqtt::Version mqtt_version = mqtt::Version::v5;
  TlsVersion tls_version = TlsVersion::any;
  Milliseconds timeout{30'000};  ///< for each answer; at most kMaxTimeout

  static constexpr Milliseconds kMaxTimeout{600'000};
};

/// One run of the simulator. Device n (from 0) has the serial number
/// serial_prefix + (first_serial + n), the number with six digits or more.
struct Options {
  Load load;
  TemplateName template_name;
  std::string serial_prefix;
  std::uint64_t first_serial = 1;
  Flow flow = Flow::csr;
  /// The algorithm of the key that a device generates for a CSR. The template determines it for
  /// keys that the server generates.
  x509::KeyAlgorithm key = x509::KeyAlgorithm::ec_p256;
  Format format = Format::json;
  std::string serial_parameter = "SerialNumber";  ///< the template parameter for the serial number
  std::map<std::string, std::string> parameters = {{"FirmwareVersion", "1.0.0"}};
  /// Intermediate CAs of device certificates, in addition to those that the server sends in TLS.
  std::vector<x509::Certificate> issuers = {};
  bool reconnect = true;
  std::string publish_topic = "device/{thingName}/hello";
  unsigned retries = 0;  ///< per phase: with the claim, with the new certificate
  std::optional<std::filesystem::path> save_to = {};  ///< existing folder for certificates and keys
};

std::string serial_number(const Options& options, std::uint64_t index);

}  // namespace imprint::fleet
