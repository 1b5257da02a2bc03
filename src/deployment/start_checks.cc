// SPDX-License-Identifier: Apache-2.0
#include "deployment/start_checks.h"

#include "deployment/key_file.h"
#include "deployment/port_probe.h"
#include "deployment/store_state.h"
#include "hooks/examine.h"
#include "hooks/runtime_address.h"
#include "issuance/profile.h"
#include "registry/sqlite/snapshot.h"

namespace imprint::deployment {

namespace {

struct Listener {
  std::string key;
  ListenAddress address;
};

std::vector<Listener> listeners_of(const Config& config) {
  std::vector<Listener> out{{"listen.mqtt", config.listen.mqtt},
                            {"listen.http", config.listen.http}};
  for (const hooks::HookOptions& hook : config.hooks) {
    if (hook.transport != hooks::Transport::runtime) continue;
    if (const auto address = hooks::RuntimeAddress::parse(hook.listen))
      out.push_back(
          {fmt::format("listen of hook {}", quote(hook.arn)), {address->address, address->port}});
  }
  return out;
}

/// A socket on [::] accepts IPv4 connections too.
bool covers(const std::string& address, const std::string& other) {
  if (address == other || address == "::") return true;
  return address == "0.0.0.0" && other.find(':') == std::string::npos;
}

bool do_overlap(const ListenAddress& one, const ListenAddress& other) {
  return one.port != 0 && one.port == other.port &&
         (covers(one.address, other.address) || covers(other.address, one.address));
}

/// Runs the checks one by one; each adds its findings.
class StartExamination {
 public:
  StartExamination(const Layout& at, const Config& config) : at_(at), config_(config) {}

  void add(std::string name, const Result<void>& found, std::string fine, std::string remedy) {
    if (found) {
      checks_.push_back({std::move(name), Health::ok, std::move(fine)});
    } else {
      checks_.push_back(
          {std::move(name), Health::fail, describe(found.error()), std::move(remedy)});
    }
  }

  void check_hooks() {
    if (config_.hooks.empty()) return;
    const auto found = hooks::examine(config_.hooks, at_.directory());
    if (!found && found.error().fault == Fault::unavailable) {
      checks_.push_back(
          {"hooks", Health::warn, describe(found.error()),
           "make sure that it is in the PATH of imprintd's unit, or write the program's "
           "whole path"});
      return;
    }
    add("hooks", found, fmt::format("{}: their files and programs exist", config_.hooks.size()),
        "fix what the message names; imprintd does not start until that is done");
  }

  void check_token_key() {
    const auto key = load_key_file(at_.ownership_token_key());
    if (!key && key.error().fault == Fault::not_found)
      return;  // the store's check reports the rest
    if (key) return;
    checks_.push_back({"ownership token key", Health::fail, describe(key.error()),
                       "restore the file from a backup, readable for its owner alone"});
  }

  /// A list that does not exist keeps every device out.
  void check_allowlist() {
    const std::string& name = config_.templates.allowlist;
    const auto list = ListName::parse(name);
    if (!list || store_state(at_) != StoreState::present) return;
    const auto exists = registry::holds(at_.store(), registry::manufacturing_list_key(*list));
    if (!exists) return;  // the store's check reports why
    const Result<void> found = *exists ? Result<void>()
                                       : fail(Fault::not_found,
                                              "templates.allowlist names {}, but this list does "
                                              "not exist: no device is admitted",
                                              quote(name));
    add("default allowlist", found, name + " exists",
        fmt::format("imprint list create {} {}, or correct the name", at_.directory().string(),
                    name));
  }

  [[nodiscard]] std::vector<Check> take() && { return std::move(checks_); }

 private:
  const Layout& at_;
  const Config& config_;
  std::vector<Check> checks_;
};

}  // namespace

Result<void> check_configuration(const Config& config) {
  if (config.listen.plain_http) {
    return fail(Fault::invalid,
                "imprint.toml: listen.plain-http is not available in this version (nothing would "
                "be served there); remove it");
  }
  const std::vector<Listener> all = listeners_of(config);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!do_overlap(all[i].address, all[k].address)) continue;
      return fail(Fault::invalid,
                  "{} and {} are both port {} ({} and {}); use a different port for each",
                  all[k].key, all[i].key, all[i].address.port, all[k].address.text(),
                  all[i].address.text());
    }
  }
  return {};
}

Result<void> check_kinds(std::span<const x509::Certificate> served) {
  std::vector<bool> is_rsa;
  for (const x509::Certificate& one : served)
    is_rsa.push_back(one.public_key().type() == x509::KeyType::rsa);
  if (is_rsa.size() < 2 || is_rsa[0] != is_rsa[1]) return {};
  return fail(
      Fault::invalid,
      "server.pem and second-server.pem are both {} certificates; the second is for clients "
      "that verify only the other kind, so make it {}, or remove it and its key",
      is_rsa[0] ? "RSA" : "EC", is_rsa[0] ? "EC" : "RSA");
}

Error lost_credentials_key(const Layout& layout) {
  return {
      Fault::not_found,
      fmt::format("{} is missing, and access keys were sealed with it; restore it from a backup",
                  layout.credentials_key().string())};
}

std::vector<Check> examine_start(const Layout& layout, const Config& config,
                                 std::span<const x509::Certificate> served,
                                 const std::optional<x509::Certificate>& issuing) {
  StartExamination all(layout, config);
  all.add("settings", check_configuration(config), "the settings are consistent",
          "correct imprint.toml; imprintd does not start with it");
  if (served.size() > 1) {
    all.add("server kinds", check_kinds(served), "one RSA and one EC certificate",
            "replace second-server.pem and its key, or remove both");
  }
  if (issuing) {
    const auto profile = issuance::Profile::make(config.profile_options(), *issuing);
    all.add("certificate profile", profile ? Result<void>() : tl::unexpected(profile.error()),
            "[certificates] and [templates] make certificates under the issuing CA",
            "correct [certificates] or [templates] in imprint.toml");
  }
  all.check_token_key();
  all.check_hooks();
  all.check_allowlist();
  return std::move(all).take();
}

}  // namespace imprint::deployment
