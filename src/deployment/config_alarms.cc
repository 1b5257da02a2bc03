// SPDX-License-Identifier: Apache-2.0
// The keys of [alarms] in one table, for parsing and for the commented default file.
#include "deployment/config_alarms.h"

#include <algorithm>
#include <functional>

#include "base/name.h"

namespace imprint::deployment {

namespace {

using alarms::Options;
using alarms::RatioOptions;

using Apply = std::function<Result<void>(Options&, const toml::node&)>;

struct AlarmKey {
  std::string_view table;  ///< "" for [alarms] itself, else [alarms.table]
  std::string_view name;
  std::string_view default_text;  ///< as TOML
  std::string_view comment;
  Apply apply;
};

template <class T>
using Member = T& (*)(Options&);

Apply flag(Member<bool> member) {
  return [=](Options& options, const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<bool>();
    if (!value) return fail(Fault::invalid, "must be true or false");
    member(options) = *value;
    return {};
  };
}

/// A ratio; whole numbers are accepted, too.
Apply share(Member<double> member, double least, double most) {
  return [=](Options& options, const toml::node& node) -> Result<void> {
    const auto value = node.value<double>();
    if (!node.is_number() || !value || !(*value >= least && *value <= most))
      return fail(Fault::invalid, "must be a number from {} to {}", least, most);
    member(options) = *value;
    return {};
  };
}

Apply number(Member<std::int64_t> member, std::uint64_t least, std::uint64_t most) {
  return [=](Options& options, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(const std::uint64_t value, number_of(node, least, most));
    member(options) = static_cast<std::int64_t>(value);
    return {};
  };
}

Apply duration(Member<Seconds> member, Seconds least, Seconds most) {
  return [=](Options& options, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(member(options), duration_of(node, least, most));
    return {};
  };
}

Apply text(Member<std::string> member) {
  return [=](Options& options, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(member(options), text_of(node));
    return {};
  };
}

Apply texts(Member<std::vector<std::string>> member) {
  return [=](Options& options, const toml::node& node) -> Result<void> {
    TRY_ASSIGN(member(options), texts_of(node));
    return {};
  };
}

#define MEMBER(path) (+[](Options& o) -> auto& { return o.path; })

constexpr Seconds kDay = std::chrono::hours(24);
constexpr Seconds kLongest = 3650 * kDay;

const std::vector<AlarmKey>& alarm_keys() {
  static const std::vector<AlarmKey> table = {
      {"", "enabled", "true", "false: nothing is watched and nobody is notified.",
       flag(MEMBER(enabled))},
      {"", "log", "true", "To the server's log.", flag(MEMBER(log))},
      {"", "topics", "false",
       "Publish to the MQTT topics $imprint/alarms/KIND, for clients whose policy allows it.",
       flag(MEMBER(topics))},

      {"webhook", "url", R"("")", "POST of each alarm as JSON; empty: none.",
       text(MEMBER(webhook.url))},
      {"webhook", "hmac-key-file", R"("")", "File (0600) with the key of Imprint-Signature.",
       text(MEMBER(webhook.hmac_key_file))},
      {"webhook", "bearer-file", R"("")", "File (0600) with a bearer token.",
       text(MEMBER(webhook.bearer_file))},
      {"webhook", "ca-file", R"("")", "https: PEM of the only CAs to trust; empty: the system's.",
       text(MEMBER(webhook.ca_file))},
      {"webhook", "timeout", R"("10s")", "Time-out of one attempt.",
       duration(MEMBER(webhook.timeout), Seconds(1), Seconds(300))},

      {"mail", "server", R"("")", "smtp://HOST:587 or smtps://HOST:465; empty: no mail.",
       text(MEMBER(mail.server))},
      {"mail", "from", R"("")", "Address that the mails come from.", text(MEMBER(mail.from))},
      {"mail", "to", "[]", "Addresses that receive the mails.", texts(MEMBER(mail.to))},
      {"mail", "user", R"("")", "For servers that require one; with password-file.",
       text(MEMBER(mail.user))},
      {"mail", "password-file", R"("")", "File (0600) with the password.",
       text(MEMBER(mail.password_file))},
      {"mail", "starttls", "true",
       "smtp://: nothing is sent before STARTTLS; false only for a server on this machine.",
       flag(MEMBER(mail.starttls))},
      {"mail", "ca-file", R"("")", "PEM of the only CAs to trust; empty: the system's.",
       text(MEMBER(mail.ca_file))},
      {"mail", "timeout", R"("30s")", "Time-out of one attempt.",
       duration(MEMBER(mail.timeout), Seconds(1), Seconds(300))},

      {"failure-ratio", "enabled", "true",
       "Ratio of failed provisioning steps to onboarded devices.",
       flag(MEMBER(failure_ratio.enabled))},
      {"failure-ratio", "above", "0.05", "Raised above this ratio.",
       share(MEMBER(failure_ratio.above), 0.0001, 1000)},
      {"failure-ratio", "below", "0.03", "Resolved after a whole window not above this.",
       share(MEMBER(failure_ratio.below), 0, 1000)},
      {"failure-ratio", "window", R"("10m")", "The period that is looked at.",
       duration(MEMBER(failure_ratio.window), Seconds(2), kDay)},
      {"failure-ratio", "minimum", "20", "Attempts in the window; with fewer no alarm is raised.",
       number(MEMBER(failure_ratio.least), 1, 1'000'000)},

      {"hook-failures", "enabled", "true",
       "Ratio of hook calls that fail or are silent to those that answer.",
       flag(MEMBER(hook_failures.enabled))},
      {"hook-failures", "above", "0.05", "", share(MEMBER(hook_failures.above), 0.0001, 1000)},
      {"hook-failures", "below", "0.03", "", share(MEMBER(hook_failures.below), 0, 1000)},
      {"hook-failures", "window", R"("10m")", "",
       duration(MEMBER(hook_failures.window), Seconds(2), kDay)},
      {"hook-failures", "minimum", "20", "", number(MEMBER(hook_failures.least), 1, 1'000'000)},

      {"hook-rejections", "enabled", "true",
       "Ratio of devices that hooks deny to those that they allow.",
       flag(MEMBER(hook_rejections.enabled))},
      {"hook-rejections", "above", "0.2", "", share(MEMBER(hook_rejections.above), 0.0001, 1000)},
      {"hook-rejections", "below", "0.1", "", share(MEMBER(hook_rejections.below), 0, 1000)},
      {"hook-rejections", "window", R"("10m")", "",
       duration(MEMBER(hook_rejections.window), Seconds(2), kDay)},
      {"hook-rejections", "minimum", "20", "", number(MEMBER(hook_rejections.least), 1, 1'000'000)},

      {"no-success", "enabled", "true",
       "A claim with max-devices, of which some are registered and some not, stands still.",
       flag(MEMBER(no_success.enabled))},
      {"no-success", "after", R"("30m")", "For how long it stands still.",
       duration(MEMBER(no_success.after), Seconds(2), 30 * kDay)},

      {"claim-new-place", "enabled", "true", "A claim used from a network for the first time.",
       flag(MEMBER(claim_new_place.enabled))},
      {"claim-new-place", "after-devices", "20",
       "Networks are learned until this many devices are registered.",
       number(MEMBER(claim_new_place.after_devices), 1, 1'000'000)},
      {"claim-new-place", "most-places", "4",
       "A claim used from more networks by then counts as used everywhere: no alarm.",
       number(MEMBER(claim_new_place.most_places), 1, 32)},

      {"expiry", "enabled", "true",
       "Of certificates (certificates-expiring) and CAs (ca-expiring).",
       flag(MEMBER(expiry.enabled))},
      {"expiry", "certificates", R"("30d")",
       "How long before the end of device certificates and of the server's.",
       duration(MEMBER(expiry.certificates), Seconds(60), kLongest)},
      {"expiry", "claims", R"("2d")", "Of claims with devices left.",
       duration(MEMBER(expiry.claims), Seconds(60), kLongest)},
      {"expiry", "authorities", R"("90d")", "Of the deployment's CAs and of registered ones.",
       duration(MEMBER(expiry.authorities), Seconds(60), kLongest)},

      {"store-trouble", "enabled", "true", "Transactions that could not be written.",
       flag(MEMBER(store_trouble.enabled))},
      {"store-trouble", "window", R"("1m")", "Resolved after this long without one.",
       duration(MEMBER(store_trouble.window), Seconds(2), kDay)},

      {"disk-low", "enabled", "true", "Free space on the disk of the deployment.",
       flag(MEMBER(disk_low.enabled))},
      {"disk-low", "least-mib", "512", "", number(MEMBER(disk_low.least_mib), 1, 1'000'000'000)},

      {"points", "quiet", R"("24h")",
       "duplicate-device, key-in-two-places and claim-new-place are resolved when they have not "
       "happened again for this long.",
       duration(MEMBER(points.quiet), Seconds(2), 365 * kDay)},
  };
  return table;
}
#undef MEMBER

std::string path_of(std::string_view table, std::string_view name) {
  return table.empty() ? fmt::format("alarms.{}", name) : fmt::format("alarms.{}.{}", table, name);
}

bool is_table(std::string_view name) {
  return !name.empty() &&
         std::ranges::any_of(alarm_keys(), [&](const AlarmKey& key) { return key.table == name; });
}

std::string names_in(std::string_view table) {
  std::string out;
  for (const AlarmKey& key : alarm_keys()) {
    if (key.table == table) out += fmt::format("{}{}", out.empty() ? "" : ", ", key.name);
  }
  return out;
}

std::string table_names() {
  std::string out;
  std::string_view last;
  for (const AlarmKey& key : alarm_keys()) {
    if (key.table != last) out += fmt::format("{}[alarms.{}]", out.empty() ? "" : ", ", key.table);
    last = key.table;
  }
  return out;
}

Result<void> apply_table(Options& options, const ConfigFile& file, std::string_view table,
                         const toml::table& values) {
  for (const auto& [name, node] : values) {
    const std::string path = path_of(table, name.str());
    const auto key = std::ranges::find_if(alarm_keys(), [&](const AlarmKey& one) {
      return one.table == table && one.name == name.str();
    });
    if (key != alarm_keys().end()) {
      if (auto applied = key->apply(options, node); !applied) {
        return wrong(file.at(node.source()),
                     fmt::format("{} = {}: {}", path, shown(node), applied.error().message));
      }
    } else if (table.empty() && is_table(name.str()) && node.is_table()) {
      TRY(apply_table(options, file, name.str(), *node.as_table()));
    } else if (table.empty() && is_table(name.str())) {
      return wrong(file.at(node.source()),
                   fmt::format("{} = {}: must be a table; write [{}]", path, shown(node), path));
    } else {
      return wrong(
          file.at(node.source()),
          fmt::format("{} = {}: there is no such key; [alarms{}{}] may hold: {}{}", quote(path),
                      shown(node), table.empty() ? "" : ".", table, names_in(table),
                      table.empty() ? "; and the tables " + table_names() : ""));
    }
  }
  return {};
}

/// The node of a key such as "mail.to"; its table when the key is absent.
const toml::node& named_by(const toml::table& alarms, std::string_view where) {
  const auto found = alarms.at_path(where);
  return found.node() == nullptr ? static_cast<const toml::node&>(alarms) : *found.node();
}

}  // namespace

Result<Options> read_alarms(const ConfigFile& file, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr) {
    return wrong(file.at(node.source()),
                 fmt::format("alarms = {}: must be a table; write [alarms]", shown(node)));
  }
  Options options;
  TRY(apply_table(options, file, "", *table));
  if (const auto checked = alarms::check(options); !checked) {
    const toml::node& at = named_by(*table, checked.error().where);
    return wrong(file.at(at.source()),
                 fmt::format("alarms.{}{}: {}", checked.error().where,
                             at.is_table() ? "" : " = " + shown(at), checked.error().message));
  }
  return options;
}

std::string default_alarms_text() {
  std::string out =
      "\n# Alarms: what is watched, and who is notified (docs/alarms.md). SIGHUP applies changes.\n"
      "[alarms]\n";
  std::string_view last;
  for (const AlarmKey& key : alarm_keys()) {
    if (key.table != last) out += fmt::format("\n[alarms.{}]\n", key.table);
    last = key.table;
    out += key.comment.empty()
               ? fmt::format("#{} = {}\n", key.name, key.default_text)
               : fmt::format("#{} = {}  # {}\n", key.name, key.default_text, key.comment);
  }
  return out;
}

}  // namespace imprint::deployment
