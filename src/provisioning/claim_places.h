// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alarms/options.h"
#include "base/network.h"
#include "registry/keys.h"

/// Where a claim is used from, for the alarm claim-new-place. It changes nothing about who gets in:
/// that is the budget's (learn-networks freezes, where an operator asks for it).
namespace imprint::provisioning {

/// The sites that a claim was used from (Network::site), in a setting of its own.
struct ClaimPlaces {
  std::vector<Network> learned = {};  ///< by the time it had been used for a while
  std::vector<Network> told = {};     ///< later ones, each of which was an alarm
  std::int64_t first_devices = 0;     ///< that were registered when we began to look
  std::int64_t version = 0;           ///< of the record; 0: there is none

  friend bool operator==(const ClaimPlaces&, const ClaimPlaces&) = default;
};

registry::KeyOf<registry::Setting> places_key(const CertificateId& claim);
/// What is kept of a claim beside its certificate, and goes with it.
std::vector<registry::Key> keys_beside(const CertificateId& claim);
/// What cannot be read is as if there were nothing.
ClaimPlaces read_places(const std::optional<registry::Setting>& setting);
registry::Setting write_places(const CertificateId& claim, const ClaimPlaces& places,
                               Timestamp now);

struct PlaceVerdict {
  std::optional<ClaimPlaces> remember = {};  ///< what has changed
  std::string alarm = {};                    ///< what was seen; empty: no alarm
};

/// One use from `site`, after `devices` were registered. Pure. While few devices came of the claim
/// its places are learned; one that was used from many by then is used everywhere, and no place is
/// news. What is remembered of a claim is bounded.
PlaceVerdict look_at_place(const alarms::NewPlaceOptions& options, const ClaimPlaces& known,
                           const Network& site, std::int64_t devices);

}  // namespace imprint::provisioning
