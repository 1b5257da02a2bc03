// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/live_checks.h"

#include <algorithm>
#include <fmt/format.h>

#include "apps/imprint/access.h"
#include "apps/imprint/terminal.h"
#include "registry/sqlite/snapshot.h"

namespace imprint::tool {

namespace {

using deployment::Check;
using deployment::Health;
namespace json = encoding::json;

Check check_answer(const deployment::Layout& layout, const ServerAddress& server) {
  const auto health = fetch(layout, server, "/healthz");
  if (health && health->status == 200)
    return {"server", Health::ok, fmt::format("answers at {}", server.http)};
  return {"server", Health::fail,
          health ? fmt::format("{} answers with status {}", server.http, health->status)
                 : health.error().message,
          "look at its log; if it was killed, remove imprintd.json, or start it again"};
}

Check check_readiness(const deployment::Layout& layout, const ServerAddress& server) {
  const auto ready = fetch(layout, server, "/readyz");
  if (!ready) return {"readiness", Health::fail, ready.error().message, "look at its log"};
  std::string found = ready->body;
  while (found.ends_with('\n')) found.pop_back();
  std::string line;
  for (const char c : found) line += c == '\n' ? std::string("; ") : std::string(1, c);
  if (ready->status == 200) return {"readiness", Health::ok, line};
  return {"readiness", Health::fail, line, "look at its log, at the disk and at the issuing key"};
}

std::vector<Check> check_alarms(const deployment::Layout& layout, const ServerAddress& server) {
  const auto answer = call(layout, server, "GET", "/imprint/v1/alarms?state=raised");
  if (!answer || !answer->is_object() || !answer->get_object().contains("alarms")) {
    return {{"alarms", Health::fail,
             answer ? "the server's answer has no alarms" : answer.error().message,
             "look at its log"}};
  }
  const json::array& alarms = answer->get_object().at("alarms").as_array();
  if (alarms.empty()) return {{"alarms", Health::ok, "none is raised"}};
  std::vector<Check> checks;
  for (const json::value& one : alarms) {
    const json::object& alarm = one.as_object();
    checks.push_back({fmt::format("alarm {}", shown(alarm, "alarm")), Health::warn,
                      shown(alarm, "because"), shown(alarm, "next")});
  }
  return checks;
}

}  // namespace

std::vector<Check> examine_server(const std::filesystem::path& directory) {
  const deployment::Layout layout(directory);
  std::error_code ignored;
  if (!std::filesystem::exists(layout.run_file(), ignored)) return {};
  if (!registry::is_in_use(layout.store())) {
    // What it says is where another server listens, or listened.
    return {{"server", Health::warn,
             fmt::format("none runs on this directory (nobody holds {}.lock), though it has {}: it "
                         "is a copy of one that is served, or its server was killed",
                         layout.store().string(), layout.run_file().string()),
             "remove " + layout.run_file().string() + "; imprintd writes it when it starts"}};
  }
  const auto server = find_server(layout);
  if (!server) return {{"server", Health::fail, server.error().message, "mend imprint.toml"}};
  std::vector<Check> checks{check_answer(layout, *server)};
  if (checks.front().health == Health::fail) return checks;
  checks.push_back(check_readiness(layout, *server));
  std::ranges::move(check_alarms(layout, *server), std::back_inserter(checks));
  return checks;
}

}  // namespace imprint::tool
