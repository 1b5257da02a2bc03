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

/// Where the server listens for devices.
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

/// What a device holds when it leaves the factory, as `imprint claim create --out FOLDER` writes
/// it: claim.pem, claim.key (of mode 0600), root-ca.pem.
struct ClaimBundle {
  std::shared_ptr<const Identity> claim;
  std::vector<x509::Certificate> roots;

  /// Errors name the file. `root` stands in for root-ca.pem when it is given.
  static Result<ClaimBundle> load(const std::filesystem::path& folder,
                                  const std::filesystem::path& root = {});
};

enum class TlsVersion { any, v1_2, v1_3 };
enum class Flow { csr, keys };
enum class Format { json, cbor };

/// What every load has in common, whatever its clients do.
struct Load {
  Endpoint endpoint;
  std::shared_ptr<const Identity> identity;  ///< what clients first connect with
  std::vector<x509::Certificate> roots;      ///< what clients trust
  std::size_t devices = 1;
  std::size_t concurrency = 64;  ///< devices under way at the same time, over all threads
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
  /// What devices make for a CSR. Server-made keys are the template's choice.
  x509::KeyAlgorithm key = x509::KeyAlgorithm::ec_p256;
  Format format = Format::json;
  std::string serial_parameter = "SerialNumber";  ///< the template parameter that takes the serial
  std::map<std::string, std::string> parameters = {{"FirmwareVersion", "1.0.0"}};
  /// CAs between root and device certificates, besides those that the server sends in TLS.
  std::vector<x509::Certificate> issuers = {};
  bool reconnect = true;
  std::string publish_topic = "device/{thingName}/hello";
  unsigned retries = 0;  ///< of each half: with the claim, with the new certificate
  std::optional<std::filesystem::path> save_to = {};  ///< an existing folder for what devices got
};

std::string serial_number(const Options& options, std::uint64_t index);

}  // namespace imprint::fleet
