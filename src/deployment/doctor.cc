// SPDX-License-Identifier: Apache-2.0
#include "deployment/doctor.h"

#include <algorithm>
#include <fmt/chrono.h>
#include <optional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "access/access_key.h"
#include "base/disk.h"
#include "base/file.h"
#include "deployment/config.h"
#include "deployment/create.h"
#include "deployment/key_file.h"
#include "deployment/layout.h"
#include "deployment/port_probe.h"
#include "deployment/secret_files.h"
#include "deployment/start_checks.h"
#include "deployment/store_state.h"
#include "registry/sqlite/snapshot.h"
#include "x509/chain.h"
#include "x509/private_key.h"

namespace imprint::deployment {

namespace {

constexpr std::chrono::hours kDay{24};
constexpr auto kServerNotice = 60 * kDay;
constexpr auto kCaNotice = 730 * kDay;
/// No release of this program is older, so a clock before this time is wrong
/// (2026-01-01T00:00:00Z).
constexpr Timestamp kFirstRelease{Milliseconds(1'767'225'600'000)};

std::string date(Timestamp time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                        std::chrono::floor<std::chrono::seconds>(time))));
}

/// The examination: collects checks, and the values that later checks need from earlier ones.
class Examination {
 public:
  Examination(const std::filesystem::path& directory, const Clock& clock,
              std::optional<std::uint64_t> server_files)
      : at_(directory), now_(clock.now()), server_files_(server_files) {}

  std::vector<Check> run() && {
    if (!check_directory()) return std::move(checks_);
    check_config();
    check_clock();
    root_ = load_certificate("root certificate", at_.root_certificate());
    issuing_ = load_certificate("issuing certificate", at_.issuing_certificate());
    server_ = load_certificate("server certificate", at_.server_certificate());
    if (has_second_server())
      second_server_ =
          load_certificate("second server certificate", at_.second_server_certificate());
    check_trusted_root();
    check_key("root key", at_.root_key(), root_, true);
    check_key("issuing key", at_.issuing_key(), issuing_, false);
    check_key("server key", at_.server_key(), server_, false);
    if (has_second_server())
      check_key("second server key", at_.second_server_key(), second_server_, false);
    check_chain("chain", server_);
    check_chain("second chain", second_server_);
    check_expiry("root expiry", root_, kCaNotice);
    check_expiry("issuing expiry", issuing_, kCaNotice);
    check_expiry("server expiry", server_, kServerNotice);
    check_expiry("second server expiry", second_server_, kServerNotice);
    check_server_names("server names", server_);
    check_server_names("second server names", second_server_);
    check_credentials();
    check_credentials_key();
    check_secret_files();
    check_audit_folder();
    check_disk();
    check_port("MQTT port", config_.listen.mqtt);
    check_port("HTTP port", config_.listen.http);
    check_descriptors();
    check_start();
    check_store();
    return std::move(checks_);
  }

 private:
  void ok(std::string name, std::string found) {
    checks_.push_back({std::move(name), Health::ok, std::move(found)});
  }
  void warn(std::string name, std::string found, std::string remedy) {
    checks_.push_back({std::move(name), Health::warn, std::move(found), std::move(remedy)});
  }
  void failed(std::string name, std::string found, std::string remedy) {
    checks_.push_back({std::move(name), Health::fail, std::move(found), std::move(remedy)});
  }

  bool check_directory() {
    struct stat status{};
    const std::string path = at_.directory().string();
    const bool is_there = ::stat(path.c_str(), &status) == 0;
    if (!is_there || !S_ISDIR(status.st_mode)) {
      failed("directory", path + " is not a directory",
             is_there ? "name the directory that imprint init made"
                      : "make a deployment: imprint init " + path);
      return false;
    }
    const unsigned mode = status.st_mode & 07777U;
    struct statvfs system{};
    if (::statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0) {
      failed("directory", path + " lies on a file system that is mounted read-only",
             "mount it for writing; a server cannot work on it");
    } else if ((mode & 077U) != 0) {
      failed("directory", fmt::format("mode {:04o}: other users can access it", mode),
             "run: chmod 700 " + path);
    } else {
      ok("directory", fmt::format("{}, mode {:04o}", path, mode));
    }
    return true;
  }

  void check_config() {
    auto loaded = Config::load(at_.config());
    if (loaded) {
      config_ = std::move(*loaded);
      ok("configuration", at_.config().string() + " reads without error");
    } else if (loaded.error().fault == Fault::not_found) {
      failed("configuration", loaded.error().message + "; imprintd does not start without it",
             "restore the file from a backup, or take the one that imprint init makes in another "
             "directory");
    } else {
      failed("configuration", describe(loaded.error()),
             "correct that line; a line that starts with # counts as the default");
    }
  }

  void check_clock() {
    if (now_ < kFirstRelease) {
      failed("clock", "this machine's clock says " + date(now_),
             "set the clock and keep it set (for instance systemd-timesyncd)");
    } else {
      ok("clock", date(now_));
    }
  }

  std::optional<x509::Certificate> load_certificate(const std::string& name,
                                                    const std::filesystem::path& path) {
    const auto text = read_file(path, x509::Certificate::kMaxPemChars);
    auto certificate = text ? x509::Certificate::from_pem(*text) : tl::unexpected(text.error());
    if (!certificate) {
      failed(name, fmt::format("{}: {}", path.string(), certificate.error().message),
             "restore the file from a backup");
      return std::nullopt;
    }
    ok(name, fmt::format("\"{}\", {}", certificate->subject().text(),
                         certificate->public_key().describe()));
    return std::move(*certificate);
  }

  void check_trusted_root() {
    const auto text = read_file(at_.trusted_root(), x509::Certificate::kMaxPemChars);
    auto trusted = text ? x509::Certificate::from_pem(*text) : tl::unexpected(text.error());
    const std::string remedy =
        fmt::format("run: cp {} {}", at_.root_certificate().string(), at_.trusted_root().string());
    if (!trusted) {
      failed("trusted root", trusted.error().message, remedy);
    } else if (root_ && *trusted != *root_) {
      failed("trusted root", "root-ca.pem is not the same certificate as ca/root-ca.pem", remedy);
    } else {
      ok("trusted root", "SHA-256 " + trusted->id().hex());
    }
    if (trusted) trusted_ = std::move(*trusted);
  }

  void check_key(const std::string& name, const std::filesystem::path& path,
                 const std::optional<x509::Certificate>& certificate, bool may_be_away) {
    const auto text = read_secret_file(path, x509::PrivateKey::kMaxPemChars);
    if (!text && text.error().fault == Fault::not_found && may_be_away) {
      ok(name, "kept elsewhere, which is the safest place");
      return;
    }
    if (!text) {
      failed(name, text.error().message, secret_remedy(path, text.error()));
      return;
    }
    const auto key = x509::PrivateKey::from_pem(text->reveal());
    if (!key) {
      failed(name, key.error().message, "restore the file from a backup");
    } else if (certificate && key->public_key() != certificate->public_key()) {
      failed(name, path.string() + " does not belong to its certificate",
             "put the matching pair in place");
    } else {
      ok(name, "mode 0600 or stricter, belongs to its certificate");
    }
  }

  [[nodiscard]] bool has_second_server() const {
    std::error_code ignored;
    return std::filesystem::exists(at_.second_server_certificate(), ignored) ||
           std::filesystem::exists(at_.second_server_key(), ignored);
  }

  void check_chain(const std::string& name, const std::optional<x509::Certificate>& server) {
    if (!trusted_ || !issuing_ || !server) return;
    const auto trust = x509::TrustAnchors::make(std::vector{*trusted_});
    const auto chain =
        trust ? trust->verify(*server, std::vector{*issuing_}, now_, x509::ChainPurpose::tls_server)
              : tl::unexpected(trust.error());
    if (chain) {
      ok(name, "server certificate, issuing CA and root CA verify");
    } else {
      failed(name, chain.error().message,
             "renew or restore the certificate named; devices refuse this server");
    }
  }

  void check_expiry(const std::string& name, const std::optional<x509::Certificate>& certificate,
                    std::chrono::hours notice) {
    if (!certificate) return;
    const auto left = certificate->not_after() - now_;
    const std::string when = "ends " + date(certificate->not_after());
    if (now_ < certificate->not_before()) {
      failed(name, "begins only on " + date(certificate->not_before()),
             "set the clock of this machine");
    } else if (left <= Milliseconds(0)) {
      failed(name, when, "renew the certificate; until then no device can connect");
    } else if (left < notice) {
      warn(name,
           fmt::format("{}, in {} days", when, std::chrono::floor<std::chrono::days>(left).count()),
           "renew the certificate before that day");
    } else {
      ok(name, when);
    }
  }

  void check_server_names(const std::string& name, const std::optional<x509::Certificate>& server) {
    if (!server) return;
    const auto wanted = server_names(config_.endpoints);
    if (!wanted) return;
    const auto& names = server->extensions().alternative_names;
    std::string missing;
    for (const std::string& one : *wanted) {
      if (std::ranges::find(names, one, &x509::AlternativeName::value) == names.end())
        missing += (missing.empty() ? "" : ", ") + one;
    }
    if (missing.empty()) {
      ok(name, fmt::format("{} names, all endpoints among them", names.size()));
    } else {
      failed(name, "the server certificate does not name " + missing,
             "issue a server certificate with these names, or correct `endpoints`");
    }
  }

  void check_credentials() {
    const auto admin = access::AccessKey::load(at_.admin_credentials());
    if (admin) {
      ok("admin credentials", "access key " + admin->id);
    } else {
      failed("admin credentials", admin.error().message,
             secret_remedy(at_.admin_credentials(), admin.error()));
    }
  }

  void check_credentials_key() {
    const auto key = load_key_file(at_.credentials_key());
    if (key) {
      ok("credentials key", "mode 0600 or stricter");
    } else if (key.error().fault == Fault::not_found && has_access_keys()) {
      failed("credentials key", lost_credentials_key(at_).message,
             "restore the file from a backup");
    } else if (key.error().fault == Fault::not_found) {
      warn("credentials key", at_.credentials_key().string() + " does not exist yet",
           "start imprintd once to create the key. If operators had access keys, restore the file "
           "from a backup first");
    } else {
      failed("credentials key", key.error().message,
             secret_remedy(at_.credentials_key(), key.error()));
    }
  }

  [[nodiscard]] bool has_access_keys() const {
    return store_state(at_) == StoreState::present &&
           registry::holds_any(at_.store(), registry::query::Credentials{}).value_or(false);
  }

  /// The remedy depends on the file: one that belongs to another user is not fixed by changing its
  /// mode.
  static std::string secret_remedy(const std::filesystem::path& path, const Error& error) {
    struct stat status{};
    const bool is_file = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    if (error.fault != Fault::forbidden || !is_file) return "restore the file from a backup";
    if (status.st_uid == ::geteuid() || status.st_uid == 0)
      return (status.st_mode & 077U) != 0 ? "run: chmod 600 " + path.string()
                                          : "run this as the user that runs imprintd";
    return fmt::format(
        "run imprintd, and this, as user {}; if imprintd is to run as user {}: chown {} {}",
        status.st_uid, ::geteuid(), ::geteuid(), path.string());
  }

  void check_start() {
    std::vector<x509::Certificate> served;
    if (server_) served.push_back(*server_);
    if (second_server_) served.push_back(*second_server_);
    for (Check& one : examine_start(at_, config_, served, issuing_))
      checks_.push_back(std::move(one));
  }

  void check_secret_files() {
    const std::vector<ExposedFile> exposed = exposed_files(at_);
    if (exposed.empty()) return ok("secret files", "only their owner can read them");
    std::string found;
    std::string remedy = "run: chmod 600";
    for (const ExposedFile& file : exposed) {
      found += fmt::format("{}{} has mode {:04o}", found.empty() ? "" : ", ", file.path.string(),
                           file.mode);
      remedy += " " + file.path.string();
    }
    warn("secret files", found,
         remedy + ", and replace the secrets if others could have read them");
  }

  void check_audit_folder() {
    struct stat status{};
    const std::string path = at_.audit().string();
    const bool is_there = ::stat(path.c_str(), &status) == 0;
    const unsigned mode = status.st_mode & 07777U;
    if (!is_there && !config_.audit.archive) {
      ok("audit archive", "switched off: audit.archive = false");
    } else if (!is_there) {
      ok("audit archive", path + " does not exist yet; imprintd makes it");
    } else if (!S_ISDIR(status.st_mode)) {
      failed("audit archive", path + " is not a folder", "move it away; imprintd makes the folder");
    } else if ((mode & 077U) != 0) {
      failed("audit archive", fmt::format("mode {:04o}: other users can access it", mode),
             "run: chmod 700 " + path);
    } else {
      ok("audit archive", fmt::format("{}, mode {:04o}", path, mode));
    }
  }

  void check_disk() {
    constexpr std::int64_t kLeastMib = 8;  // a start writes logs of the store and the trail
    const std::string path = at_.directory().string();
    const auto bytes = free_bytes(at_.directory());
    if (!bytes) return;
    const auto mib = static_cast<std::int64_t>(*bytes >> 20U);
    const std::string found = fmt::format("{} MiB are free on the file system of {}", mib, path);
    constexpr const char* kRemedy =
        "make room: old backups, uploads/ and registrations/, logs of other programs; or move the "
        "deployment to a larger disk";
    if (mib < kLeastMib) return failed("disk", found + "; a server cannot work", kRemedy);
    if (mib < config_.alarms.disk_low.least_mib) return warn("disk", found, kRemedy);
    ok("disk", found);
  }

  void check_port(const std::string& name, const ListenAddress& address) {
    const std::string where = address.text();
    switch (probe_port(address)) {
      case PortState::free:
        return ok(name, where + " is free");
      case PortState::answering:
        return answering(name, where);
      case PortState::silent:
        return failed(name, where + " is in use but does not answer",
                      "find the process that uses it: ss -ltnp 'sport = :" +
                          std::to_string(address.port) + "'");
      case PortState::not_permitted:
        return failed(name, where + " needs the right to use ports below 1024",
                      "use a higher port, or grant CAP_NET_BIND_SERVICE");
      case PortState::no_address:
        return failed(name, "this machine has no address " + address.address,
                      "name an address of this machine, or 0.0.0.0 or [::] for all");
      case PortState::failed:
        return failed(name, where + " cannot be used", "try another address");
    }
  }

  /// A copy of a deployment has the same ports as the running one.
  void answering(const std::string& name, const std::string& where) {
    if (registry::is_in_use(at_.store())) return ok(name, where + " answers (a server is running)");
    warn(name,
         fmt::format("{} answers, but no server runs on this directory (no process holds {}.lock)",
                     where, at_.store().string()),
         "before you start this one, stop the other one or change the port of this one");
  }

  /// The server's own limit counts; a shell has a different one than a systemd unit.
  void check_descriptors() {
    constexpr std::uint64_t kBesides = 2'000;  // the REST listener, the store, hooks
    rlimit limit{};
    if (!server_files_ && ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const std::uint64_t files = server_files_.value_or(limit.rlim_max);  // imprintd raises it
    const std::uint64_t wanted = config_.limits.connections + kBesides;
    const std::string found =
        fmt::format("{} may open {}; limits.connections = {} takes {}",
                    server_files_ ? "the running server" : "a server started from here", files,
                    config_.limits.connections, wanted);
    if (files >= wanted) return ok("open files", found);
    warn("open files", found,
         fmt::format("{} imprintd with LimitNOFILE={} in its unit, or after ulimit -Hn {}; it "
                     "takes fewer connections otherwise",
                     server_files_ ? "restart" : "start", wanted, wanted));
  }

  void check_store() {
    struct stat status{};
    const std::string path = at_.store().string();
    const StoreState state = store_state(at_);
    if (state == StoreState::lost) {
      failed("store", path + " is missing or empty, and this deployment has served before",
             "restore the file, or make another directory from a backup: imprint restore FILE "
             "DIR");
    } else if (state == StoreState::not_made_yet || ::stat(path.c_str(), &status) != 0) {
      warn("store", path + " does not exist yet", "start imprintd once to create the store");
    } else if ((status.st_mode & 077U) != 0) {
      failed("store", fmt::format("mode {:04o}: others can read it", status.st_mode & 07777U),
             "run: chmod 600 " + path);
    } else if (const auto checked = registry::check_store(path); checked) {
      ok("store", fmt::format("{} bytes, whole", status.st_size));
    } else if (checked.error().fault == Fault::conflict) {
      failed("store", checked.error().message, "use the newer version of Imprint");
    } else if (checked.error().fault == Fault::unavailable) {
      failed("store", checked.error().message,
             "the file may be intact: fix what keeps it from being read, and run doctor again");
    } else {
      failed("store", checked.error().message,
             "stop imprintd, keep this directory, and make another from a backup: imprint restore "
             "FILE DIR");
    }
  }

  const Layout at_;
  const Timestamp now_;
  const std::optional<std::uint64_t> server_files_;
  Config config_;
  std::optional<x509::Certificate> trusted_;  ///< root-ca.pem, which devices trust
  std::optional<x509::Certificate> root_;
  std::optional<x509::Certificate> issuing_;
  std::optional<x509::Certificate> server_;
  std::optional<x509::Certificate> second_server_;
  std::vector<Check> checks_;
};

}  // namespace

std::string_view to_string(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::warn:
      return "warn";
    case Health::fail:
      break;
  }
  return "fail";
}

std::vector<Check> examine(const std::filesystem::path& directory, const Clock& clock,
                           std::optional<std::uint64_t> server_files) {
  return Examination(directory, clock, server_files).run();
}

Health worst(const std::vector<Check>& checks) {
  const auto found = std::ranges::max_element(checks, {}, &Check::health);
  return found == checks.end() ? Health::fail : found->health;
}

}  // namespace imprint::deployment
