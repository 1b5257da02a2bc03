// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/live_checks.h"

#include <algorithm>
#include <cstdlib>
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

bool has_run_file(const deployment::Layout& layout) {
  std::error_code ignored;
  return std::filesystem::exists(layout.run_file(), ignored);
}

/// Whether a server runs on this directory; a copied directory contains the run file, too.
bool is_running(const deployment::Layout& layout) {
  return has_run_file(layout) && registry::is_in_use(layout.store());
}

}  // namespace

std::optional<std::uint64_t> files_of_server(const std::filesystem::path& directory) {
  constexpr std::string_view kMetric = "\nprocess_max_fds ";
  const deployment::Layout layout(directory);
  if (!is_running(layout)) return std::nullopt;
  const auto server = find_server(layout);
  if (!server) return std::nullopt;
  const auto metrics = fetch(layout, *server, "/metrics");
  if (!metrics || metrics->status != 200) return std::nullopt;
  const auto at = metrics->body.find(kMetric);
  if (at == std::string::npos) return std::nullopt;
  const double files = std::strtod(metrics->body.c_str() + at + kMetric.size(), nullptr);
  if (!(files >= 1 && files < 1e18)) return std::nullopt;
  return static_cast<std::uint64_t>(files);
}

std::vector<Check> examine_server(const std::filesystem::path& directory) {
  const deployment::Layout layout(directory);
  if (!has_run_file(layout)) return {};
  if (!is_running(layout)) {
    // The run file gives the address of another server, running or stopped.
    return {
        {"server", Health::warn,
         fmt::format(
             "no server runs on this directory (no process holds {}.lock), though it has {}: it "
             "is a copy of a directory that is served, or its server was killed",
             layout.store().string(), layout.run_file().string()),
         "remove " + layout.run_file().string() + "; imprintd writes it when it starts"}};
  }
  const auto server = find_server(layout);
  if (!server) return {{"server", Health::fail, server.error().message, "correct imprint.toml"}};
  std::vector<Check> checks{check_answer(layout, *server)};
  if (checks.front().health == Health::fail) return checks;
  checks.push_back(check_readiness(layout, *server));
  std::ranges::move(check_alarms(layout, *server), std::back_inserter(checks));
  return checks;
}

}  // namespace imprint::tool
