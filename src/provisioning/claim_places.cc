// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_places.h"

#include <algorithm>
#include <fmt/ranges.h>

#include "encoding/json.h"
#include "provisioning/claim_budget.h"

namespace imprint::provisioning {

namespace {

namespace json = encoding::json;

/// The most new places of one claim that raise an alarm.
constexpr std::size_t kMostTold = 32;

bool holds(const std::vector<Network>& places, const Network& site) {
  return std::ranges::find(places, site) != places.end();
}

json::array write_networks(const std::vector<Network>& networks) {
  json::array out;
  for (const Network& network : networks) out.emplace_back(network.text());
  return out;
}

std::vector<Network> read_networks(const json::object& object, std::string_view member) {
  std::vector<Network> out;
  const auto* list = object.if_contains(member);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& text : list->get_array()) {
    if (!text.is_string()) continue;
    if (const auto network = Network::parse(std::string_view(text.get_string())))
      out.push_back(*network);
  }
  return out;
}

}  // namespace

std::vector<registry::Key> keys_beside(const CertificateId& claim) {
  return {registry::counter_key(devices_counter(claim)), places_key(claim)};
}

registry::KeyOf<registry::Setting> places_key(const CertificateId& claim) {
  return registry::setting_key("claim-places/" + claim.hex());
}

ClaimPlaces read_places(const std::optional<registry::Setting>& setting) {
  if (!setting) return {};
  ClaimPlaces out{.version = setting->version};
  const auto parsed = encoding::parse_json(setting->value);
  if (!parsed || !parsed->is_object()) return out;
  const json::object& object = parsed->get_object();
  out.learned = read_networks(object, "learned");
  out.told = read_networks(object, "told");
  const auto* first = object.if_contains("firstDevices");
  if (first != nullptr && first->is_int64()) out.first_devices = first->get_int64();
  return out;
}

registry::Setting write_places(const CertificateId& claim, const ClaimPlaces& places,
                               Timestamp now) {
  return {.name = places_key(claim).first,
          .value = encoding::to_json(json::object{{"learned", write_networks(places.learned)},
                                                  {"told", write_networks(places.told)},
                                                  {"firstDevices", places.first_devices}}),
          .created = now,
          .modified = now,
          .version = places.version + 1};
}

PlaceVerdict look_at_place(const alarms::NewPlaceOptions& options, const ClaimPlaces& known,
                           const Network& site, std::int64_t devices) {
  const auto most = static_cast<std::size_t>(options.most_places);
  // More than the most were learned: it is used everywhere.
  if (!options.enabled || known.learned.size() > most || holds(known.learned, site) ||
      holds(known.told, site))
    return {};
  ClaimPlaces next = known;
  if (known.version == 0) next.first_devices = devices;
  if (devices - next.first_devices < options.after_devices) {
    next.learned.push_back(site);
    return {.remember = std::move(next)};
  }
  if (known.told.size() >= kMostTold) return {};
  next.told.push_back(site);
  std::vector<std::string> places;
  for (const Network& place : known.learned) places.push_back(place.text());
  return {.remember = std::move(next),
          .alarm = fmt::format("it is used from {}, where it was never used before: its first {} "
                               "devices came from {}",
                               site.text(), options.after_devices, fmt::join(places, ", "))};
}

}  // namespace imprint::provisioning
