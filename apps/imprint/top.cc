// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>
#include <thread>
#include <unistd.h>

#include "apps/imprint/access.h"
#include "apps/imprint/terminal.h"
#include "apps/imprint/verbs.h"
#include "base/clock.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint top /var/lib/imprint\n"
    "  imprint top /var/lib/imprint --once\n"
    "\n"
    "Shows a running server live: devices per second, what is refused and why, connections of\n"
    "each shard, alarms and what to do. Ends with Ctrl-C. --once, or an output that is not a\n"
    "terminal, prints one snapshot.";

constexpr auto kPeriod = std::chrono::seconds(1);
constexpr std::string_view kHomeAndClear = "\x1b[H\x1b[2J";
constexpr std::size_t kMostAlarms = 8;

struct Arguments {
  std::string directory;
  bool once = false;
};

double number_in(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

bool is_null(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value == nullptr || value->is_null();
}

json::array list_in(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_array() ? value->get_array() : json::array();
}

json::object object_in(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

std::string time_of(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

/// 1234567 -> "1,234,567".
std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

/// One character per step, scaled to the highest step.
std::string bars(const json::array& steps) {
  constexpr std::array<std::string_view, 9> kHeights = {" ", "▁", "▂", "▃", "▄",
                                                        "▅", "▆", "▇", "█"};
  double most = 0;
  for (const json::value& step : steps) most = std::max(most, step.to_number<double>());
  std::string out;
  for (const json::value& step : steps) {
    const double value = step.to_number<double>();
    const double height = most > 0 ? value / most * (kHeights.size() - 1) : 0;
    // A value above zero is always visible.
    const auto index = static_cast<std::size_t>(height + 0.5);
    out += kHeights[value > 0 ? std::max<std::size_t>(index, 1) : 0];
  }
  return out;
}

std::string write_rates(const json::object& now, const json::object& latency) {
  std::string out =
      fmt::format("onboarded {}   now {:.1f}/s   refused {}   connections {}",
                  grouped(number_in(now, "onboarded")), number_in(now, "perSecond"),
                  grouped(number_in(now, "failed")), grouped(number_in(now, "connections")));
  if (const json::array shards = list_in(now, "shards"); !shards.empty()) {
    out += " (by shard:";
    for (const json::value& shard : shards)
      out += fmt::format(" {}", grouped(shard.to_number<double>()));
    out += ")";
  }
  out += "\n";
  if (!is_null(now, "ratio")) {
    out += fmt::format("failures per success {:.3f}, alarm above {:.3f}\n", number_in(now, "ratio"),
                       number_in(now, "ratioLimit"));
  }
  if (number_in(latency, "count") > 0) {
    out += fmt::format(
        "from request to answer: half within {:.1f} ms, 95 % {:.1f} ms, 99 % {:.1f} ms\n",
        number_in(latency, "p50") * 1000, number_in(latency, "p95") * 1000,
        number_in(latency, "p99") * 1000);
  }
  return out;
}

std::string write_categories(const json::array& categories) {
  if (categories.empty()) return "nothing was refused in the last hour\n";
  std::string out = "refused in the last hour\n";
  for (const json::value& one : categories) {
    const json::object& category = one.get_object();
    out += fmt::format("{:>9}  {}  ({})\n           -> {}\n", grouped(number_in(category, "count")),
                       shown(category, "title"), shown(category, "category"),
                       shown(category, "remedy"));
  }
  return out;
}

std::string write_alarms(const json::array& alarms) {
  if (alarms.empty()) return "no alarm is raised\n";
  std::string out = fmt::format("alarms raised: {}\n", alarms.size());
  for (std::size_t i = 0; i < std::min(alarms.size(), kMostAlarms); ++i) {
    const json::object& alarm = alarms[i].get_object();
    const std::string subject = shown(alarm, "subject");
    out += fmt::format("  {} {}{}{}, since {}\n    {}\n    -> {}\n", shown(alarm, "severity"),
                       shown(alarm, "alarm"), subject.empty() ? "" : " ", subject,
                       time_of(number_in(alarm, "since")), shown(alarm, "because"),
                       shown(alarm, "next"));
  }
  if (alarms.size() > kMostAlarms) out += "  ... imprint alarm list shows all of them\n";
  return out;
}

Result<std::string> render_screen(const deployment::Layout& layout, const ServerAddress& server) {
  TRY_ASSIGN(const json::value answer,
             call(layout, server, "GET", "/imprint/v1/pipeline?span=hour"));
  TRY_ASSIGN(const json::value raised,
             call(layout, server, "GET", "/imprint/v1/alarms?state=raised"));
  if (!answer.is_object() || !raised.is_object())
    return fail(Fault::internal, "the server's answer is not an object");
  const json::object& pipeline = answer.get_object();
  const json::object now = object_in(pipeline, "now");
  const json::array steps = list_in(object_in(pipeline, "series"), "onboarded");
  return fmt::format(
      "Imprint  {}  {}\n\n{}\ndevices in each minute of the last hour\n|{}|\n\n{}\n{}", server.http,
      time_of(number_in(now, "time")), write_rates(now, object_in(pipeline, "latency")),
      bars(steps), write_categories(list_in(pipeline, "categories")),
      write_alarms(list_in(raised.get_object(), "alarms")));
}

Result<void> watch(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(ServerAddress server, find_server(layout));
  const bool once = arguments.once || ::isatty(STDOUT_FILENO) == 0;
  while (true) {
    const auto screen = render_screen(layout, server);
    if (!screen && (once || screen.error().fault != Fault::unavailable))
      return tl::unexpected(screen.error());
    // The server may be restarting, perhaps on another port: wait for it.
    if (!screen) {
      TRY_ASSIGN(server, find_server(layout));
    }
    fmt::print("{}{}", once ? "" : kHomeAndClear, screen ? *screen : screen.error().message + "\n");
    std::fflush(stdout);
    if (once) return {};
    std::this_thread::sleep_for(kPeriod);
  }
}

}  // namespace

void add_top(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("top", kHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  verb->add_flag("--once", arguments->once, "Print one snapshot and exit");
  verb->callback([arguments, &run] {
    run = [arguments]() -> int {
      const auto done = watch(*arguments);
      return done ? kDone : report(done.error());
    };
  });
}

}  // namespace imprint::tool
