// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alarms/options.h"
#include "base/network.h"
#include "registry/keys.h"

/// The networks that a claim is used from, for the alarm claim-new-place. They do not affect which
/// devices get in; the rule learn-networks of the claim's budget does.
namespace imprint::provisioning {

/// The sites (Network::site) that a claim was used from; stored as a setting.
struct ClaimPlaces {
  std::vector<Network> learned = {};  ///< before `after_devices` had registered; no alarm
  std::vector<Network> told = {};     ///< later ones; each raised an alarm
  std::int64_t first_devices = 0;     ///< devices registered before the first site was noted
  std::int64_t version = 0;           ///< of the stored setting; 0 if there is none

  friend bool operator==(const ClaimPlaces&, const ClaimPlaces&) = default;
};

registry::KeyOf<registry::Setting> places_key(const CertificateId& claim);
/// The records that are kept for a claim besides its certificate, and deleted with it.
std::vector<registry::Key> keys_beside(const CertificateId& claim);
/// Places that cannot be read count as none.
ClaimPlaces read_places(const std::optional<registry::Setting>& setting);
registry::Setting write_places(const CertificateId& claim, const ClaimPlaces& places,
                               Timestamp now);

struct PlaceVerdict {
  std::optional<ClaimPlaces> remember = {};  ///< to store; absent if unchanged
  std::string alarm = {};                    ///< its text; empty: no alarm
};

/// Decides about one use from `site`, when the claim has registered `devices`; pure. The sites of
/// the first devices are learned; later ones raise an alarm. A claim that has learned more than
/// `most_places` is considered to be used from anywhere. The number of stored sites is bounded.
PlaceVerdict look_at_place(const alarms::NewPlaceOptions& options, const ClaimPlaces& known,
                           const Network& site, std::int64_t devices);

}  // namespace imprint::provisioning
