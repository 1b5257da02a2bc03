// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <thread>

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/name.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint explain /var/lib/imprint\n"
    "  imprint explain /var/lib/imprint --serial A1B2C3\n"
    "  imprint explain /var/lib/imprint --client bench-7 --follow\n"
    "\n"
    "Shows what one device did, step by step, what decided each step, and what to do next.\n"
    "Without a device: which devices were refused last, including those without a name, by\n"
    "what, and what to do. Asks the running server.";

/// How often --follow asks for new events.
constexpr auto kPeriod = std::chrono::milliseconds(500);

struct Arguments {
  std::string directory;
  std::string serial;
  std::string thing;
  std::string certificate;
  std::string client;
  bool follow = false;
  Output output = Output::text;
};

/// The device as a query: CLI11 has made sure that at most one name is given.
std::string device_of(const Arguments& arguments) {
  const std::pair<std::string_view, std::string> names[] = {
      {"certificateId", arguments.certificate.substr(arguments.certificate.rfind('/') + 1)},
      {"clientId", arguments.client},
      {"serialNumber", arguments.serial},
      {"thingName", arguments.thing}};
  for (const auto& [name, value] : names) {
    if (!value.empty()) return fmt::format("{}={}", name, encoding::percent_encode(value));
  }
  return {};
}

void print_event(const json::object& event) {
  const std::string correlation = text_of(event, "correlationId");
  const bool is_good = text_of(event, "outcome") == "ok";
  fmt::print("{}  {:<8}  {} {}\n", shown_time(event.at("time").to_number<double>()),
             correlation.substr(0, 8), is_good ? "-" : "!", text_of(event, "sentence"));
}

void print_events(const json::object& story, Output output) {
  for (const json::value& event : story.at("events").as_array()) {
    if (output == Output::json) {
      fmt::print("{}\n", encoding::to_json(event));
    } else {
      print_event(event.as_object());
    }
  }
  std::fflush(stdout);
}

/// Asks what has happened since `after`, and advances `after`.
Result<json::object> ask(const deployment::Layout& layout, const ServerAddress& server,
                         const std::string& device, std::int64_t& after) {
  TRY_ASSIGN(
      json::value answer,
      call(layout, server, "GET", fmt::format("/imprint/v1/explain?after={}&{}", after, device)));
  if (!answer.is_object() || !answer.get_object().contains("events") ||
      !answer.get_object().contains("last"))
    return fail(Fault::internal, "the server's answer has no events");
  after = answer.at("last").to_number<std::int64_t>();
  return std::move(answer.get_object());
}

Result<void> follow(const deployment::Layout& layout, const ServerAddress& server,
                    const Arguments& arguments, std::int64_t after) {
  ServerAddress at = server;
  while (true) {
    std::this_thread::sleep_for(kPeriod);
    const auto story = ask(layout, at, device_of(arguments), after);
    if (story) {
      print_events(*story, arguments.output);
      continue;
    }
    // The server may be restarting, perhaps on another port: wait for it.
    if (story.error().fault != Fault::unavailable) return tl::unexpected(story.error());
    TRY_ASSIGN(at, find_server(layout));
  }
}

/// "client \"bench-7\" from 10.0.0.3, 12 times".
std::string who(const json::object& refused) {
  const std::pair<std::string_view, std::string_view> names[] = {{"serialNumber", "serial number"},
                                                                 {"thingName", "thing"},
                                                                 {"clientId", "client"},
                                                                 {"certificateId", "certificate"}};
  const auto* known = std::ranges::find_if(
      names, [&](const auto& name) { return !text_of(refused, name.first).empty(); });
  std::string out = known == std::end(names) ? std::string("a device without a name")
                                             : fmt::format("{} {}", known->second,
                                                           quote(text_of(refused, known->first)));
  if (const std::string from = text_of(refused, "from"); !from.empty()) out += " from " + from;
  const auto times = refused.at("times").to_number<std::int64_t>();
  return times == 1 ? out : fmt::format("{}, {} times", out, times);
}

Result<void> list_refused(const Arguments& arguments, const deployment::Layout& layout,
                          const ServerAddress& server) {
  TRY_ASSIGN(const json::value answer, call(layout, server, "GET", "/imprint/v1/refused-devices"));
  const auto* devices = answer.is_object() ? answer.get_object().if_contains("devices") : nullptr;
  if (devices == nullptr || !devices->is_array())
    return fail(Fault::internal, "the server's answer has no devices");
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
    return {};
  }
  if (devices->get_array().empty()) fmt::print("No device was refused\n");
  for (const json::value& one : devices->get_array()) {
    const json::object& refused = one.as_object();
    fmt::print("{}  {}\n  ! {}\n  Next: {}\n\n", shown_time(refused.at("time").to_number<double>()),
               who(refused), text_of(refused, "sentence"), text_of(refused, "next"));
  }
  return {};
}

Result<void> explain(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  if (device_of(arguments).empty()) {
    if (!arguments.follow) return list_refused(arguments, layout, server);
    return fail(Fault::invalid,
                "--follow needs a device: --serial, --thing, --certificate or "
                "--client");
  }
  std::int64_t after = 0;
  TRY_ASSIGN(const json::object story, ask(layout, server, device_of(arguments), after));
  if (arguments.output == Output::json && !arguments.follow) {
    fmt::print("{}\n", encoding::to_json(story));
    return {};
  }
  print_events(story, arguments.output);
  if (arguments.output == Output::text) {
    const bool is_good = text_of(story, "standing") == "good";
    fmt::print("\nNext: {}{}\n", is_good ? "nothing to do. " : "", text_of(story, "next"));
  }
  std::fflush(stdout);
  return arguments.follow ? follow(layout, server, arguments, after) : Result<void>();
}

}  // namespace

void add_explain(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("explain", kHelp);
  noun->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  CLI::Option_group* device = noun->add_option_group(
      "Device", "Which device; one of these, or none for the devices refused last");
  const CLI::Validator not_empty(
      [](const std::string& text) {
        return text.empty() ? std::string("is empty") : std::string();
      },
      "");
  device->add_option("--serial", arguments->serial, "The parameter SerialNumber that it sent")
      ->check(not_empty)
      ->option_text("S");
  device->add_option("--thing", arguments->thing, "Its thing name")
      ->check(not_empty)
      ->option_text("T");
  device
      ->add_option("--certificate", arguments->certificate,
                   "The id or ARN of a certificate of its own")
      ->check(not_empty)
      ->option_text("ID");
  device->add_option("--client", arguments->client, "Its MQTT client id")
      ->check(not_empty)
      ->option_text("C");
  device->require_option(0, 1);
  noun->add_flag("--follow", arguments->follow, "Keep showing what it does, until interrupted");
  add_output(*noun, arguments->output);
  noun->callback([arguments, &run] {
    run = [arguments] {
      const auto done = explain(*arguments);
      return done ? kDone : report(done.error());
    };
  });
}

}  // namespace imprint::tool
