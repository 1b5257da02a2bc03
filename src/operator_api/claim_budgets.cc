// SPDX-License-Identifier: Apache-2.0
#include "operator_api/claim_budgets.h"

#include <fmt/chrono.h>

#include "operator_api/words.h"
#include "policy/condition.h"
#include "provisioning/claim_budget.h"

namespace imprint::operator_api {

namespace {

constexpr std::size_t kMaxNetworks = 64;

constexpr InputInfo kRateMembers[] = {
    {.name = "devices", .type = Type::integer, .required = true, .least = 1, .most = 10'000},
    {.name = "seconds", .type = Type::integer, .required = true, .least = 1, .most = 86'400}};
constexpr InputInfo kSerialMembers[] = {
    {.name = "first", .required = true, .least = 1, .most = 128, .rule = members::kPrintable},
    {.name = "last", .required = true, .least = 1, .most = 128, .rule = members::kPrintable}};

Unexpected refuse_member(std::string_view member, const Error& error) {
  return refuse(Exception::invalid_request, fmt::format("{}: {}", member, error.message));
}

/// An object whose members have been validated against their rows.
Result<json::object> read_object(const Call& call, std::string_view member,
                                 std::span<const InputInfo> rows) {
  json::object object = call.in.object(member);
  for (const InputInfo& row : rows) {
    const json::value* value = object.if_contains(row.name);
    if (value == nullptr) {
      return refuse(Exception::invalid_request,
                    fmt::format("{} has no member {}", member, row.name));
    }
    TRY(check_value(row, *value));
  }
  return object;
}

/// The texts of a list, each parsed as a T.
template <class T>
Result<std::vector<T>> read_list(const Call& call, std::string_view member, std::size_t most) {
  const json::array list = call.in.list(member);
  if (list.size() > most) {
    return refuse(
        Exception::invalid_request,
        fmt::format("{} has {} entries; at most {} are allowed", member, list.size(), most));
  }
  std::vector<T> out;
  for (const json::value& value : list) {
    if (!value.is_string()) {
      return refuse(Exception::invalid_request, fmt::format("{}: found {} where text is expected",
                                                            member, encoding::type_name(value)));
    }
    auto parsed = T::parse(std::string_view(value.get_string()));
    if (!parsed) return refuse_member(member, parsed.error());
    if (std::ranges::find(out, *parsed) == out.end()) out.push_back(std::move(*parsed));
  }
  return out;
}

Result<std::optional<Timestamp>> read_time(const Call& call, std::string_view member) {
  if (!call.in.has(member)) return std::optional<Timestamp>();
  const auto parsed = policy::parse_time(call.in.text(member));
  if (!parsed) return refuse_member(member, parsed.error());
  return std::optional(*parsed);
}

std::string write_time(Timestamp time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace

Result<registry::ClaimBudget> read_claim_budget(const Call& call) {
  registry::ClaimBudget budget{.max_devices = call.in.integer(kMaxDevices.name),
                               .learning_devices = call.in.integer(kLearningDevices.name)};
  TRY_ASSIGN(budget.templates,
             read_list<TemplateName>(call, kTemplateNames.name, kMaxTemplatesOfClaim));
  TRY_ASSIGN(budget.networks, read_list<Network>(call, kNetworks.name, kMaxNetworks));
  TRY_ASSIGN(budget.from, read_time(call, kFrom.name));
  TRY_ASSIGN(budget.until, read_time(call, kUntil.name));
  if (call.in.has(kRate.name)) {
    TRY_ASSIGN(const json::object rate, read_object(call, kRate.name, kRateMembers));
    budget.rate = registry::Rate{rate.at("devices").to_number<std::int64_t>(),
                                 Seconds(rate.at("seconds").to_number<std::int64_t>())};
  }
  if (call.in.has(kSerials.name)) {
    TRY_ASSIGN(const json::object serials, read_object(call, kSerials.name, kSerialMembers));
    budget.serials = registry::SerialRange{std::string(serials.at("first").as_string()),
                                           std::string(serials.at("last").as_string())};
  }
  if (const auto sound = provisioning::check_budget(budget); !sound)
    return refuse_member(sound.error().where, sound.error());
  return budget;
}

json::object write_claim_budget(const registry::ClaimBudget& budget) {
  json::object out;
  json::array templates;
  for (const TemplateName& name : budget.templates) templates.emplace_back(name.str());
  if (!templates.empty()) out[kTemplateNames.name] = std::move(templates);
  if (budget.max_devices) out[kMaxDevices.name] = *budget.max_devices;
  if (budget.rate) {
    out[kRate.name] =
        json::object{{"devices", budget.rate->most}, {"seconds", budget.rate->per.count()}};
  }
  if (budget.from) out[kFrom.name] = write_time(*budget.from);
  if (budget.until) out[kUntil.name] = write_time(*budget.until);
  json::array networks;
  for (const Network& network : budget.networks) networks.emplace_back(network.text());
  if (!networks.empty()) out[kNetworks.name] = std::move(networks);
  if (budget.serials) {
    out[kSerials.name] =
        json::object{{"first", budget.serials->first}, {"last", budget.serials->last}};
  }
  if (budget.learning_devices) out[kLearningDevices.name] = *budget.learning_devices;
  return out;
}

}  // namespace imprint::operator_api
