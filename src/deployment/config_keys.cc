// SPDX-License-Identifier: Apache-2.0
// The keys of imprint.toml in one table, for parsing and for the commented default file.
#include <algorithm>
#include <functional>
#include <limits>
#include <toml++/toml.h>

#include "base/name.h"
#include "deployment/config.h"
#include "deployment/config_alarms.h"
#include "deployment/config_hooks.h"
#include "deployment/config_values.h"
#include "deployment/create.h"

namespace imprint::deployment {

namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{256} * 1024;

/// Stores one value into the Config, or returns what is wrong with it (without file, line and key).
using Apply = std::function<Result<void>(Config&, const toml::node&)>;

struct Key {
  std::string_view section;  ///< "" for the top of the file
  std::string_view name;
  std::string_view default_text;  ///< as TOML
  std::string_view comment;
  Apply apply;
};

// --- values ------------------------------------------------------------------------------------

template <class T>
Apply number(T& (*member)(Config&), std::uint64_t low, std::uint64_t high) {
  return [=](Config& config, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(const std::uint64_t value, number_of(node, low, high));
    member(config) = static_cast<T>(value);
    return {};
  };
}

Apply text(std::string& (*member)(Config&), Result<void> (*check)(const std::string&)) {
  return [=](Config& config, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(std::string value, text_of(node));
    TRY(check(value));
    member(config) = std::move(value);
    return {};
  };
}

Apply texts(std::vector<std::string>& (*member)(Config&),
            Result<void> (*check)(const std::vector<std::string>&)) {
  return [=](Config& config, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(std::vector<std::string> values, texts_of(node));
    TRY(check(values));
    member(config) = std::move(values);
    return {};
  };
}

Apply duration(Seconds& (*member)(Config&), Seconds low, Seconds high) {
  return [=](Config& config, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(member(config), duration_of(node, low, high));
    return {};
  };
}

Apply address(ListenAddress& (*member)(Config&)) {
  return [=](Config& config, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(const std::string value, text_of(node));
    TRY_ASSIGN(member(config), ListenAddress::parse(value));
    return {};
  };
}

Apply yes_or_no(bool& (*member)(Config&)) {
  return [member](Config& config, const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<bool>();
    if (!value) return fail(Fault::invalid, "must be true or false, without quotes");
    member(config) = *value;
    return {};
  };
}

/// One of a closed list of words, identified by to_string() of each value.
template <class E>
Apply choice(E& (*member)(Config&), std::initializer_list<E> values) {
  return [member, values = std::vector<E>(values)](Config& config,
                                                   const toml::node& node) -> Result<void> {
    const auto found = node.value_exact<std::string>();
    std::string allowed;
    for (const E value : values) {
      if (found && *found == to_string(value)) {
        member(config) = value;
        return {};
      }
      allowed += fmt::format("{}\"{}\"", allowed.empty() ? "" : ", ", to_string(value));
    }
    return fail(Fault::invalid, "must be one of {}", allowed);
  };
}

// --- checks ------------------------------------------------------------------------------------

Result<void> check_account(const std::string& value) {
  if (value.size() == 12 && std::ranges::all_of(value, name_rules::is_digit)) return {};
  return fail(Fault::invalid, "must be 12 digits in quotes, for instance \"123456789012\"");
}

Result<void> check_region(const std::string& value) {
  const auto permits = [](char c) { return name_rules::is_alnum(c) || c == '-'; };
  if (!value.empty() && value.size() <= 64 && std::ranges::all_of(value, permits)) return {};
  return fail(Fault::invalid,
              "must be 1 to 64 letters, digits and -, for instance \"eu-central-1\"");
}

Result<void> check_endpoints(const std::vector<std::string>& values) {
  TRY(server_names(values));
  return {};
}

Result<void> check_subject_part(const std::string& value) {
  if (value.empty()) return {};
  TRY(x509::DistinguishedName::make({{x509::NameType::common_name, value}}));
  return {};
}

Result<void> check_common_name(const std::string& value) {
  if (value.empty()) return fail(Fault::invalid, "must not be empty");
  return check_subject_part(value);
}

Result<void> check_urls(const std::vector<std::string>& values) {
  for (const std::string& url : values) {
    const bool plain = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!url.starts_with("http://") || url.size() <= 7 || url.size() > 256 || !plain) {
      return fail(Fault::invalid,
                  "{} must be an http:// URL of at most 256 ASCII characters (clients fetch "
                  "revocation without TLS)",
                  quote(url));
    }
  }
  if (values.size() > 4) return fail(Fault::invalid, "has more than 4 URLs");
  return {};
}

Result<void> check_list_name(const std::string& value) {
  if (value.empty()) return {};
  TRY(ListName::parse(value));
  return {};
}

Result<void> check_level(const std::string& value) {
  for (const std::string_view level : {"debug", "info", "warning", "error"}) {
    if (value == level) return {};
  }
  return fail(Fault::invalid, R"(must be one of "debug", "info", "warning", "error")");
}

Result<void> apply_plain_http(Config& config, const toml::node& node) {
  TRY_ASSIGN(const std::string value, text_of(node));
  config.listen.plain_http.reset();
  if (value.empty()) return {};
  TRY_ASSIGN(config.listen.plain_http, ListenAddress::parse(value));
  return {};
}

Result<void> apply_keep(Config& config, const toml::node& node) {
  config.audit.keep.reset();
  if (node.value_exact<std::string>() == "forever") return {};
  const auto keep = duration_of(node, std::chrono::hours(24), std::chrono::hours(24 * 36500));
  if (!keep) return fail(Fault::invalid, "{}, or \"forever\"", keep.error().message);
  config.audit.keep = *keep;
  return {};
}

// --- the table ---------------------------------------------------------------------------------

#define MEMBER(path) (+[](Config& c) -> auto& { return c.path; })

const std::vector<Key>& keys() {
  constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t kMax63 = std::numeric_limits<std::int64_t>::max();
  using x509::KeyAlgorithm;
  static const std::vector<Key> table = {
      {"", "account-id", "\"000000000000\"", "Account in every ARN: 12 digits.",
       text(MEMBER(account_id), check_account)},
      {"", "region", "\"us-east-1\"", "Region in every ARN; requests may name any region.",
       text(MEMBER(region), check_region)},
      {"", "endpoints", "[]",
       "Host names and IP addresses that devices and operators use to reach this server.",
       texts(MEMBER(endpoints), check_endpoints)},

      {"listen", "mqtt", "\"127.0.0.1:8883\"",
       "MQTT over mutual TLS; \"[::]:8883\" for every address.", address(MEMBER(listen.mqtt))},
      {"listen", "http", "\"127.0.0.1:8443\"", "REST API, dashboard and metrics over TLS.",
       address(MEMBER(listen.http))},
      {"listen", "plain-http", "\"\"",
       "Revocation lists, OCSP and CA certificates without TLS; empty: not served.",
       apply_plain_http},
      {"listen", "threads", "0", "Shards; 0: one a core.", number(MEMBER(listen.threads), 0, 1024)},
      {"listen", "old-tls", "false",
       "Also accept CBC suites and RSA key exchange in TLS 1.2, for devices that support nothing "
       "else.",
       yes_or_no(MEMBER(listen.old_tls))},

      {"certificates", "common-name", "\"Imprint device certificate\"",
       "Subject of every device certificate; requests cannot choose it.",
       text(MEMBER(certificates.common_name), check_common_name)},
      {"certificates", "organization", "\"\"", "O of the same subject; empty: left out.",
       text(MEMBER(certificates.organization), check_subject_part)},
      {"certificates", "backdate", "\"5m\"",
       "How far notBefore lies in the past, for devices whose clocks run behind; at most 24h.",
       duration(MEMBER(certificates.backdate), Seconds(0), issuance::Profile::kMaxBackdate)},
      {"certificates", "crl-urls", "[]",
       "http:// URLs of the revocation list, written into certificates.",
       texts(MEMBER(certificates.crl_urls), check_urls)},
      {"certificates", "ocsp-urls", "[]",
       "http:// URLs of the OCSP responder, written into certificates.",
       texts(MEMBER(certificates.ocsp_urls), check_urls)},
      {"certificates", "ca-issuer-urls", "[]",
       "http:// URLs of the issuing CA's certificate, written into certificates.",
       texts(MEMBER(certificates.ca_issuer_urls), check_urls)},
      {"certificates", "key-pool-size", "64",
       "Server-made keys kept ready in memory; 0: each is made on request.",
       number(MEMBER(certificates.key_pool_size), 0, 100'000)},

      {"templates", "reprovision", "\"same-key\"",
       "When a known device registers again: same-key, replace, operator, never or aws.",
       choice(MEMBER(templates.reprovision),
              {templates::Reprovision::same_key, templates::Reprovision::replace,
               templates::Reprovision::operator_decides, templates::Reprovision::never,
               templates::Reprovision::aws})},
      {"templates", "allowlist", "\"\"",
       "Manufacturing list that a serial must be on; empty: no list is checked.",
       text(MEMBER(templates.allowlist), check_list_name)},
      {"templates", "fleet-limit", "0", "Most things one template may make; 0: no limit.",
       number(MEMBER(templates.fleet_limit), 0, kMax63)},
      {"templates", "jitp", "\"inline\"",
       "First connection of an unknown device: inline registers and continues, aws registers and "
       "drops it.",
       choice(MEMBER(templates.jitp),
              {templates::JitpMode::inline_registration, templates::JitpMode::aws})},
      {"templates", "certificate-validity", "\"3650d\"",
       "Life of a device certificate; never beyond the issuing CA's.",
       duration(MEMBER(templates.certificate_validity), std::chrono::minutes(1),
                std::chrono::hours(24 * 36500))},
      {"templates", "token-lifetime", "\"1h\"",
       "How long a device has for RegisterThing after it got its certificate; AWS: one hour.",
       duration(MEMBER(templates.token_lifetime), std::chrono::minutes(1),
                std::chrono::hours(24 * 7))},
      {"templates", "key-algorithm", "\"rsa-2048\"",
       "Keys made by CreateKeysAndCertificate: rsa-2048 as AWS makes them, or ec-p256, 1000 times "
       "faster.",
       choice<KeyAlgorithm>(MEMBER(templates.key_algorithm),
                            {KeyAlgorithm::rsa_2048, KeyAlgorithm::ec_p256})},

      {"limits", "connections", "100000", "MQTT connections.",
       number(MEMBER(limits.connections), 1, kMax32)},
      {"limits", "connections-per-address", "10000", "MQTT connections from one IP address.",
       number(MEMBER(limits.connections_per_address), 1, kMax32)},
      {"limits", "handshakes", "1000",
       "TLS handshakes in progress; further ones displace the oldest of the client with the most.",
       number(MEMBER(limits.handshakes), 1, kMax32)},
      {"limits", "sessions", "1000000", "Persistent sessions, connected or not.",
       number(MEMBER(limits.sessions), 1, kMax32)},
      {"limits", "session-queue-messages", "1000", "Messages queued for one absent session.",
       number(MEMBER(limits.session_queue_messages), 1, kMax32)},
      {"limits", "session-queue-bytes", "1048576", "Bytes queued for one absent session.",
       number(MEMBER(limits.session_queue_bytes), 1, kMax63)},
      {"limits", "queued-bytes", "268435456",
       "Bytes queued for all sessions; a message counts once, however many sessions it waits for.",
       number(MEMBER(limits.queued_bytes), 1, kMax63)},
      {"limits", "queued-bytes-per-certificate", "8388608",
       "Bytes queued for all sessions of one certificate.",
       number(MEMBER(limits.queued_bytes_per_certificate), 1, kMax63)},
      {"limits", "sessions-per-certificate", "1000",
       "Persistent sessions of one certificate without a connected client.",
       number(MEMBER(limits.sessions_per_certificate), 1, kMax32)},
      {"limits", "retained-bytes", "67108864", "Bytes of all retained messages.",
       number(MEMBER(limits.retained_bytes), 0, kMax63)},
      {"limits", "pending-certificates", "10000",
       "Certificates that one claim may have waiting for RegisterThing.",
       number(MEMBER(limits.pending_certificates), 1, kMax32)},
      {"limits", "audit-events", "2000000",
       "Audit events kept, some 1500 bytes each; beyond them the oldest are removed.",
       number(MEMBER(limits.audit_events), 1'000, kMax63)},

      {"audit", "archive", "true",
       "Copies the audit trail to files under audit/, as JSON lines with the hash chain.",
       yes_or_no(MEMBER(audit.archive))},
      {"audit", "file-size", "67108864",
       "Bytes after which a new file is begun; a new one is begun each day (UTC) in any case.",
       number(MEMBER(audit.file_size), 4096, kMax63)},
      {"audit", "keep", "\"forever\"",
       "How long files are kept, for instance \"400d\"; older files are removed as a whole.",
       apply_keep},

      {"log", "format", "\"text\"", "text or json.",
       choice<LogFormat>(MEMBER(log.format), {LogFormat::text, LogFormat::json})},
      {"log", "level", "\"info\"", "debug, info, warning or error.",
       text(MEMBER(log.level), check_level)},
  };
  return table;
}
#undef MEMBER

// --- reading -----------------------------------------------------------------------------------

bool is_section(std::string_view name) {
  return !name.empty() &&
         std::ranges::any_of(keys(), [&](const Key& key) { return key.section == name; });
}

/// The tables of the whole file, in its order; two of them have their own readers.
std::string tables() {
  std::string out;
  std::string_view last;
  for (const Key& key : keys()) {
    if (key.section.empty() || key.section == last) continue;
    last = key.section;
    out += fmt::format("[{}], ", last);
  }
  return out + "[alarms], [[hook]]";
}

std::string names_in(std::string_view section) {
  std::string out;
  for (const Key& key : keys()) {
    if (key.section == section) out += fmt::format("{}{}", out.empty() ? "" : ", ", key.name);
  }
  return out;
}

Result<void> apply_section(Config& config, const ConfigFile& file, std::string_view section,
                           const toml::table& table) {
  for (const auto& [name, node] : table) {
    const std::string path =
        section.empty() ? std::string(name.str()) : fmt::format("{}.{}", section, name.str());
    const auto key = std::ranges::find_if(
        keys(), [&](const Key& k) { return k.section == section && k.name == name.str(); });
    if (key != keys().end()) {
      if (auto applied = key->apply(config, node); !applied) {
        return wrong(file.at(node.source()),
                     fmt::format("{} = {}: {}", path, shown(node), applied.error().message));
      }
    } else if (section.empty() && name.str() == "hook") {
      TRY_ASSIGN(config.hooks, read_hooks(file, node));
    } else if (section.empty() && name.str() == "alarms") {
      TRY_ASSIGN(config.alarms, read_alarms(file, node));
    } else if (section.empty() && is_section(name.str()) && node.is_table()) {
      TRY(apply_section(config, file, name.str(), *node.as_table()));
    } else if (section.empty() && is_section(name.str())) {
      return wrong(file.at(node.source()),
                   fmt::format("{} = {}: must be a table; write [{}]", path, shown(node), path));
    } else {
      return wrong(
          file.at(node.source()),
          fmt::format("{} = {}: there is no such key; {} may hold: {}{}", quote(path), shown(node),
                      section.empty() ? "the top of the file" : fmt::format("[{}]", section),
                      names_in(section), section.empty() ? "; and the tables " + tables() : ""));
    }
  }
  return {};
}

}  // namespace

Result<Config> Config::parse(std::string_view toml, std::string_view file_name) {
  if (toml.size() > kMaxConfigBytes) {
    return fail_at(Fault::invalid, std::string(file_name), "{} bytes; at most {} are allowed",
                   toml.size(), kMaxConfigBytes);
  }
  const ConfigFile file{file_name};
  try {
    const toml::table table = toml::parse(toml);
    Config config;
    TRY(apply_section(config, file, "", table));
    return config;
  } catch (const toml::parse_error&
               error) {  // toml++ is the only library used here that throws on bad input
    return wrong(file.at(error.source()),
                 fmt::format("not valid TOML: {}", quote(error.description())));
  }
}

std::string default_config_text(const std::vector<std::string>& endpoints) {
  std::string out =
      "# Configuration of imprintd. Every key is optional; a line that starts with # shows the\n"
      "# default. Flags override this file. SIGHUP reloads it without dropping a connection; what\n"
      "# only a restart can change is named in the log.\n";
  std::string_view section;
  for (const Key& key : keys()) {
    if (key.section != section) {
      section = key.section;
      out += fmt::format("\n[{}]\n", section);
    }
    out += fmt::format("\n# {}\n", key.comment);
    if (key.name == "endpoints" && !endpoints.empty()) {
      out += fmt::format("endpoints = [\"{}\"]\n", fmt::join(endpoints, "\", \""));
    } else {
      out += fmt::format("#{} = {}\n", key.name, key.default_text);
    }
  }
  out += default_alarms_text();
  out += default_hooks_text();
  return out;
}

}  // namespace imprint::deployment
