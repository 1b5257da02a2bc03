// SPDX-License-Identifier: Apache-2.0
// The keys of a [[hook]] in one table, for parsing and for the commented default file.
#include "deployment/config_hooks.h"

#include <algorithm>
#include <array>

#include "base/name.h"

namespace imprint::deployment {

namespace {

using hooks::HookOptions;
using hooks::Transport;

constexpr std::size_t kMaxHooks = 64;
constexpr Seconds kLongestTimeout{60};
constexpr std::uint64_t kMostAtOnce = 10'000;
constexpr std::uint64_t kMostPrograms = 256;

struct HookKey {
  std::string_view name;
  std::string_view example;  ///< as TOML; for optional keys the default
  std::string_view comment;
  Result<void> (*apply)(HookOptions&, const toml::node&);
};

template <std::string HookOptions::* member>
Result<void> text(HookOptions& hook, const toml::node& node) {
  TRY_ASSIGN(hook.*member, text_of(node));
  return {};
}

template <std::uint32_t HookOptions::* member, std::uint64_t low, std::uint64_t high>
Result<void> number(HookOptions& hook, const toml::node& node) {
  TRY_ASSIGN(const std::uint64_t value, number_of(node, low, high));
  hook.*member = static_cast<std::uint32_t>(value);
  return {};
}

template <Milliseconds HookOptions::* member>
Result<void> duration(HookOptions& hook, const toml::node& node) {
  TRY_ASSIGN(hook.*member, duration_of(node, Seconds(1), kLongestTimeout));
  return {};
}

Result<void> transport(HookOptions& hook, const toml::node& node) {
  const auto found = node.value_exact<std::string>();
  for (const Transport one :
       {Transport::http, Transport::lambda, Transport::runtime, Transport::command}) {
    if (found && *found == hooks::to_string(one)) {
      hook.transport = one;
      return {};
    }
  }
  return fail(Fault::invalid, R"(must be one of "http", "lambda", "runtime", "command")");
}

Result<void> command(HookOptions& hook, const toml::node& node) {
  TRY_ASSIGN(hook.command, texts_of(node));
  return {};
}

Result<void> shadow(HookOptions& hook, const toml::node& node) {
  const auto value = node.value_exact<bool>();
  if (!value) return fail(Fault::invalid, "must be true or false");
  hook.shadow = *value;
  return {};
}

constexpr std::array kHookKeys = {
    HookKey{"arn", R"("arn:aws:lambda:*:*:function:pre-provision")",
            "Of templates' preProvisioningHook.targetArn; * matches any run of characters.",
            text<&HookOptions::arn>},
    HookKey{"transport", R"("lambda")",
            "lambda (Invoke API), http (POST of the event), runtime (Lambda Runtime API served "
            "here) or command.",
            transport},
    HookKey{"url", R"("http://127.0.0.1:9001")", "http and lambda.", text<&HookOptions::url>},
    HookKey{"function", R"("")",
            "lambda: the function's name; empty: the name at the end of the ARN.",
            text<&HookOptions::function>},
    HookKey{"listen", R"("127.0.0.1:9002")", "runtime: the address where workers fetch events.",
            text<&HookOptions::listen>},
    HookKey{"command", R"(["node", "hook.mjs"])", "command: a program that answers line by line.",
            command},
    HookKey{"start-timeout", R"("30s")", "command: time for a copy of the program to start.",
            duration<&HookOptions::start_timeout>},
    HookKey{"timeout", R"("5s")", "Time for waiting, connecting and answering together.",
            duration<&HookOptions::timeout>},
    HookKey{"concurrency", "32", "Requests at the handler at the same time.",
            number<&HookOptions::concurrency, 1, kMostAtOnce>},
    HookKey{"queue", "1000", "Requests that may wait for their turn; more fail at once.",
            number<&HookOptions::queue, 0, 100 * kMostAtOnce>},
    HookKey{"retries", "2", "Retries of requests that never reached a handler.",
            number<&HookOptions::retries, 0, 10>},
    HookKey{"breaker-failures", "10",
            "Failures in a row after which the hook is not called for a while.",
            number<&HookOptions::breaker_failures, 1, kMostAtOnce>},
    HookKey{"breaker-pause", R"("10s")", "How long.", duration<&HookOptions::breaker_pause>},
    HookKey{"shadow", "false", "true: asked and recorded, but does not decide.", shadow},
    HookKey{"ca-file", R"("")", "https: PEM of the only CAs to trust; empty: the system's.",
            text<&HookOptions::ca_file>},
    HookKey{"bearer-file", R"("")", "http and lambda: file (0600) with a bearer token.",
            text<&HookOptions::bearer_file>},
    HookKey{"hmac-key-file", R"("")", "http and lambda: file (0600) with the key of signatures.",
            text<&HookOptions::hmac_key_file>},
};

std::string key_names() {
  std::string out;
  for (const HookKey& key : kHookKeys)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", key.name);
  return out;
}

/// Checks that only a deployment can make, beyond those of the hook's own options.
Result<void> check_deployed(const HookOptions& hook) {
  TRY(hooks::check(hook));
  if (hook.transport == Transport::runtime && hook.listen.ends_with(":0"))
    return fail_at(Fault::invalid, "listen", "must name a port, because workers have to find it");
  if (hook.transport == Transport::command && hook.concurrency > kMostPrograms) {
    return fail_at(Fault::invalid, "concurrency",
                   "starts that many programs; for transport \"command\" at most {}",
                   kMostPrograms);
  }
  return {};
}

Result<HookOptions> read_hook(const ConfigFile& file, const toml::table& table) {
  HookOptions hook;
  for (const auto& [name, node] : table) {
    const auto* const key = std::ranges::find(kHookKeys, name.str(), &HookKey::name);
    if (key == kHookKeys.end()) {
      return wrong(
          file.at(node.source()),
          fmt::format("{} = {}: there is no such key; [[hook]] may hold: {}",
                      quote(fmt::format("hook.{}", name.str())), shown(node), key_names()));
    }
    if (auto applied = key->apply(hook, node); !applied) {
      return wrong(file.at(node.source()), fmt::format("hook.{} = {}: {}", key->name, shown(node),
                                                       applied.error().message));
    }
  }
  if (!table.contains("transport")) {
    return wrong(file.at(table.source()),
                 "hook.transport: is missing; write \"http\", \"lambda\", \"runtime\" or "
                 "\"command\"");
  }
  if (auto checked = check_deployed(hook); !checked) {
    const toml::node* node = table.get(checked.error().where);
    return wrong(file.at(node == nullptr ? table.source() : node->source()),
                 fmt::format("hook.{}{}: {}", checked.error().where,
                             node == nullptr ? "" : " = " + shown(*node), checked.error().message));
  }
  return hook;
}

}  // namespace

Result<std::vector<HookOptions>> read_hooks(const ConfigFile& file, const toml::node& node) {
  const toml::array* tables = node.as_array();
  const bool is_list = tables != nullptr && std::ranges::all_of(*tables, &toml::node::is_table);
  if (!is_list) {
    return wrong(file.at(node.source()),
                 fmt::format("hook = {}: must be a list of tables; write [[hook]]", shown(node)));
  }
  if (tables->size() > kMaxHooks) {
    return wrong(file.at(node.source()), fmt::format("hook: there are {}; at most {} are allowed",
                                                     tables->size(), kMaxHooks));
  }
  std::vector<HookOptions> out;
  for (const toml::node& table : *tables) {
    TRY_ASSIGN(HookOptions hook, read_hook(file, *table.as_table()));
    out.push_back(std::move(hook));
  }
  return out;
}

std::string default_hooks_text() {
  std::string out =
      "\n# Pre-provisioning hooks, which templates name by ARN: the first [[hook]] that matches "
      "is\n"
      "# asked. Not part of the defaults; docs/hooks.md has an example of each transport.\n"
      "# [[hook]]\n";
  for (const HookKey& key : kHookKeys)
    out += fmt::format("# {} = {}  # {}\n", key.name, key.example, key.comment);
  return out;
}

}  // namespace imprint::deployment
