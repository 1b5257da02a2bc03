// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <string>

#include "base/error.h"
#include "registry/store.h"
#include "runtime/task.h"
#include "test/support/test_ca.h"
#include "x509/digest.h"

/// Registries as large as those of real fleets, for measurements: the records that RegisterThing
/// leaves for a device, without the onboarding.
namespace imprint::test {

inline constexpr std::string_view kFilledGroup = "unprovisioned-devices";
inline constexpr std::string_view kFilledPolicy = "FleetDevicePolicy";

inline std::string filled_device_name(std::int64_t number) {
  return fmt::format("device-{:07}", number);
}

/// Adds one device to `changes`: its thing (every thousandth has the type Rare), certificate,
/// policy, group, and the two events of its onboarding. All certificates have the text `pem`.
inline void add_device(registry::ChangeSet& changes, std::int64_t number, const std::string& pem) {
  const std::string name = filled_device_name(number);
  const ThingName thing = *ThingName::parse(name);
  const CertificateId certificate(x509::sha256(as_bytes(name)));
  const auto put = [&](registry::Record record) {
    changes.changes.emplace_back(registry::Put{std::move(record)});
  };
  const Timestamp created = kToday + Seconds(number);
  put(registry::Thing{.name = thing,
                      .id = fmt::format("id-{}", number),
                      .type = *ThingTypeName::parse(number % 1000 == 0 ? "Rare" : "Common"),
                      .attributes = {{"firmwareVersion", fmt::format("1.0.{}", number % 10)},
                                     {"pressure", fmt::format("{}", number)}},
                      .created = created});
  put(registry::Certificate{.id = certificate,
                            .pem = pem,
                            .status = registry::CertificateStatus::active,
                            .serial = fmt::format("{:016x}", number),
                            .common_name = name,
                            .public_key = certificate.bytes(),
                            .not_before = created,
                            .not_after = created + 3650 * kDay,
                            .created = created,
                            .modified = created});
  put(registry::ThingPrincipal{.thing = thing, .certificate = certificate, .created = created});
  put(registry::PolicyAttachment{
      .policy = *PolicyName::parse(kFilledPolicy), .target = certificate, .created = created});
  put(registry::GroupMembership{
      .thing = thing, .group = *ThingGroupName::parse(kFilledGroup), .created = created});
  for (const char* step : {"create_certificate_from_csr", "register_thing"}) {
    changes.events.push_back({.time = created,
                              .step = step,
                              .outcome = "ok",
                              .correlation = name,
                              .thing = name,
                              .certificate = certificate.hex(),
                              .client = name,
                              .serial_number = fmt::format("{:07}", number)});
  }
}

/// Devices 0 to `devices` - 1, in large commits.
inline void fill(registry::Store& store, std::int64_t devices) {
  constexpr std::int64_t kAtOnce = 5'000;
  const std::string pem = make_root("device").certificate.pem();
  for (std::int64_t first = 0; first < devices; first += kAtOnce) {
    registry::ChangeSet changes;
    for (std::int64_t i = first; i < std::min(devices, first + kAtOnce); ++i)
      add_device(changes, i, pem);
    IMPRINT_ASSERT(runtime::run_blocking(store.commit(std::move(changes))).has_value());
  }
}

}  // namespace imprint::test
