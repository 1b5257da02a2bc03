// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alarms/options.h"
#include "base/network.h"
#include "registry/keys.h"

/// Where a claim is used from, for the alarm claim-new-place. It refuses nobody; the budget does
/// (learn-networks).
namespace imprint::provisioning {

/// The sites (Network::site) that a claim was used from; stored as a setting.
struct ClaimPlaces {
  std::vector<Network> learned = {};  ///< while its first devices registered
  std::vector<Network> alarmed = {};  ///< later ones, each of which raised an alarm
  std::int64_t first_devices = 0;     ///< registered when the first place was noted
  std::int64_t version = 0;           ///< of the record; 0: there is none

  friend bool operator==(const ClaimPlaces&, const ClaimPlaces&) = default;
};

registry::KeyOf<registry::Setting> places_key(const CertificateId& claim);
/// The records beside a claim's certificate that are removed with it.
std::vector<registry::Key> keys_beside(const CertificateId& claim);
/// A setting that cannot be read counts as absent.
ClaimPlaces read_places(const std::optional<registry::Setting>& setting);
registry::Setting write_places(const CertificateId& claim, const ClaimPlaces& places,
                               Timestamp now);

struct PlaceVerdict {
  std::optional<ClaimPlaces> remember = {};  ///< what has changed
  std::string alarm = {};                    ///< its sentence; empty: no alarm
};

/// Decides about one use from `site`, after `devices` were registered; pure. Learns the places of
/// the claim's first devices. A claim that has too many by then is used everywhere, and raises no
/// alarm. What is remembered for each claim is bounded.
PlaceVerdict judge_place(const alarms::NewPlaceOptions& options, const ClaimPlaces& known,
                         const Network& site, std::int64_t devices);

}  // namespace imprint::provisioning
