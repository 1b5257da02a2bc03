// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarms/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "hooks/options.h"
#include "issuance/profile.h"
#include "templates/modes.h"
#include "x509/algorithm.h"

namespace imprint::deployment {

/// ADDRESS:PORT of a listener: an IPv4 address, or an IPv6 address in brackets; port 0 picks one.
struct ListenAddress {
  std::string address = {};
  std::uint16_t port = 0;

  static Result<ListenAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

enum class LogFormat { text, json };

/// imprint.toml: a value, read once and swapped whole on SIGHUP. Every key is optional; the
/// defaults are the member initialisers.
struct Config {
  std::string account_id = "000000000000";  ///< 12 digits, part of every ARN
  std::string region = "us-east-1";         ///< in ARNs; any region is accepted in requests
  std::vector<std::string> endpoints = {};  ///< names that devices use to reach the server

  struct Listen {
    ListenAddress mqtt = {"127.0.0.1", 8883};
    ListenAddress http = {"127.0.0.1", 8443};
    std::optional<ListenAddress> plain_http = {};  ///< revocation and chain only
    unsigned threads = 0;                          ///< 0: one shard per core
    bool old_tls = false;  ///< CBC suites and RSA key exchange on the MQTT listener
    friend bool operator==(const Listen&, const Listen&) = default;
  } listen = {};

  struct Certificates {
    std::string common_name = "Imprint device certificate";
    std::string organization = {};
    Seconds backdate = std::chrono::minutes(5);
    std::vector<std::string> crl_urls = {};
    std::vector<std::string> ocsp_urls = {};
    std::vector<std::string> ca_issuer_urls = {};
    std::uint32_t key_pool_size = 64;  ///< server-made keys kept ready
    friend bool operator==(const Certificates&, const Certificates&) = default;
  } certificates = {};

  /// Defaults for the settings of each template.
  struct Templates {
    templates::Reprovision reprovision = templates::Reprovision::same_key;
    std::string allowlist = {};     ///< name of a manufacturing list; empty: no list is checked
    std::uint64_t fleet_limit = 0;  ///< the most things a template may make; 0: no limit
    templates::JitpMode jitp = templates::JitpMode::inline_registration;
    Seconds certificate_validity = std::chrono::hours(24 * 3650);
    Seconds token_lifetime = std::chrono::hours(1);  ///< of certificate ownership tokens
    x509::KeyAlgorithm key_algorithm = x509::KeyAlgorithm::rsa_2048;  ///< of server-made keys
    friend bool operator==(const Templates&, const Templates&) = default;
  } templates = {};

  struct Limits {
    std::uint32_t connections = 100'000;
    std::uint32_t connections_per_address = 10'000;
    std::uint32_t handshakes = 1'000;  ///< at the same time; further ones displace the oldest
    std::uint32_t sessions = 1'000'000;
    std::uint32_t session_queue_messages = 1'000;
    std::uint64_t session_queue_bytes = std::uint64_t{1} << 20U;
    std::uint64_t queued_bytes = std::uint64_t{256} << 20U;  ///< of all queues together
    std::uint64_t queued_bytes_per_certificate = std::uint64_t{8} << 20U;  ///< of its queues
    std::uint32_t sessions_per_certificate = 1'000;                        ///< without a connection
    std::uint64_t retained_bytes = std::uint64_t{64} << 20U;
    std::uint32_t pending_certificates = 10'000;  ///< of one claim
    std::uint64_t audit_events = 2'000'000;
    friend bool operator==(const Limits&, const Limits&) = default;
  } limits = {};

  /// The files under audit/ that the audit trail is copied to.
  struct Audit {
    bool archive = true;
    std::uint64_t file_size = std::uint64_t{64} << 20U;
    std::optional<Seconds> keep = {};  ///< absent: never removed
    friend bool operator==(const Audit&, const Audit&) = default;
  } audit = {};

  struct Log {
    LogFormat format = LogFormat::text;
    std::string level = "info";  ///< debug, info, warning, error
    friend bool operator==(const Log&, const Log&) = default;
  } log = {};

  std::vector<hooks::HookOptions> hooks = {};  ///< [[hook]], in the order of the file

  alarms::Options alarms = {};  ///< [alarms]

  /// Reads imprint.toml. Errors (Fault::invalid) read "imprint.toml:12: key = value: what is wrong;
  /// remedy": unknown keys, wrong types and values out of range are refused, never ignored.
  /// `file_name` is used in the messages. At most 256 KiB.
  static Result<Config> parse(std::string_view toml, std::string_view file_name);
  /// Fault::not_found when the file does not exist.
  static Result<Config> load(const std::filesystem::path& file);

  /// The device profile that [certificates] and [templates] describe.
  [[nodiscard]] issuance::ProfileOptions profile_options() const;

  friend bool operator==(const Config&, const Config&) = default;
};

std::string_view to_string(LogFormat format);

using imprint::parse_duration;

/// A commented imprint.toml with every key and its default; only the line with `endpoints` is not
/// commented out.
std::string default_config_text(const std::vector<std::string>& endpoints);

}  // namespace imprint::deployment
