// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/claim_options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>

#include "base/name.h"
#include "deployment/config.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr std::string_view kNone = "none";

Result<json::value> count_of(const std::string& flag, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1)
    return fail(Fault::invalid, "{}: {} is not a number above 0", flag, quote(text));
  return json::value(number);
}

Result<json::value> rate_of(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos)
    return fail(Fault::invalid, "--rate: {} is not a rate such as 60/1m", quote(text));
  TRY_ASSIGN(json::value devices, count_of("--rate", std::string_view(text).substr(0, slash)));
  TRY_ASSIGN(const Seconds per, deployment::parse_duration(text.substr(slash + 1)));
  return json::value(json::object{{"devices", std::move(devices)}, {"seconds", per.count()}});
}

Result<json::value> serials_of(const std::string& text) {
  const auto dots = text.find("..");
  if (dots == std::string::npos)
    return fail(Fault::invalid, "--serials: {} is not a range such as A-0001..A-0100", quote(text));
  return json::value(
      json::object{{"first", text.substr(0, dots)}, {"last", text.substr(dots + 2)}});
}

Result<json::value> plain_text(const std::string& text) { return json::value(text); }

Result<json::value> list_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return json::value(std::move(out));
}

void overlay_list(json::object& budget, std::string_view member,
                  const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  if (texts == std::vector<std::string>{std::string(kNone)}) {
    budget.erase(member);
  } else {
    budget[member] = *list_of(texts);
  }
}

}  // namespace

void BudgetOptions::add_to(CLI::App& verb) {
  verb.add_option("--max-devices", max_devices, "How many devices it may register in all")
      ->option_text("N");
  verb.add_option("--rate", rate, "How many devices it may register per period, such as 60/1m")
      ->option_text("N/TIME");
  verb.add_option("--from", from,
                  "The time from which it may be used, such as 2026-03-01T06:00:00Z")
      ->option_text("TIME");
  verb.add_option("--until", until,
                  "The time until which it may be used, such as 2026-03-01T22:00:00Z")
      ->option_text("TIME");
  verb.add_option("--network", networks,
                  "A network it may be used from, such as 10.1.0.0/16; use from another freezes it "
                  "(repeatable)")
      ->option_text("CIDR");
  verb.add_option("--serials", serials,
                  "The serial numbers it is for, such as A-0001..A-0100; another one freezes it")
      ->option_text("FIRST..LAST");
  verb.add_option("--learn-networks", learn_networks,
                  "Remember the networks of the first N devices; later use from another freezes it")
      ->option_text("N");
}

Result<void> BudgetOptions::apply_to(json::object& budget) const {
  const auto overlay = [&](std::string_view member, const std::string& text,
                           auto make) -> Result<void> {
    if (text.empty()) return {};
    if (text == kNone) {
      budget.erase(member);
      return {};
    }
    TRY_ASSIGN(json::value value, make(text));
    budget[member] = std::move(value);
    return {};
  };
  const auto count = [](const char* flag) {
    return [flag](const std::string& text) { return count_of(flag, text); };
  };
  overlay_list(budget, "templateNames", templates);
  overlay_list(budget, "networks", networks);
  TRY(overlay("maxDevices", max_devices, count("--max-devices")));
  TRY(overlay("rate", rate, &rate_of));
  TRY(overlay("from", from, &plain_text));
  TRY(overlay("until", until, &plain_text));
  TRY(overlay("serials", serials, &serials_of));
  TRY(overlay("learningDevices", learn_networks, count("--learn-networks")));
  return {};
}

}  // namespace imprint::tool
