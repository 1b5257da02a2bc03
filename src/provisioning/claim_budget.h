// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/records.h"

/// Whether one use of a claim lies within its budget. Pure: facts in, a verdict out.
namespace imprint::provisioning {

/// The counter of the devices that a claim has registered.
std::string devices_counter(const CertificateId& claim);

/// Whether registering this certificate adds a device: it has never been active.
bool is_new_device(const registry::Certificate& certificate);

/// The ends of a range, such as "A-0001" and "A-0100", must have the same length and be in order.
/// After their common prefix they must consist of digits, or of hexadecimal digits of one case. The
/// range contains the serial numbers of the same length, prefix and kind of digits between its
/// ends; a serial number that merely sorts between them is not in it.
Result<void> check_serial_range(const registry::SerialRange& range);
bool lies_in(const registry::SerialRange& range, std::string_view serial_number);

/// Whether any use could meet the budget: it ends after it begins, its range is sound, and no
/// network has address bits after its prefix.
Result<void> check_budget(const registry::ClaimBudget& budget);

/// What a connection uses its claim for.
struct ClaimUse {
  struct Registration {
    TemplateName template_name;
    std::string serial_number = {};  ///< empty: the request has none
  };
  std::optional<Registration> registers = {};  ///< absent: it asks for a certificate first
  bool is_new_device = true;  ///< a device that comes again is neither counted nor slowed down
  bool counts_for_rate = true;
};

/// Whether a claim can be used at a moment, by anybody.
enum class ClaimState : std::uint8_t {
  in_service,
  frozen,
  inactive,  ///< deactivated by an operator, or not activated yet
  revoked,
  expired,    ///< its certificate has expired
  not_begun,  ///< its budget begins later
  ended,      ///< its budget has ended
  used_up,    ///< every device it may register is registered
};
std::string_view to_string(ClaimState state);  ///< "in-service"
ClaimState state_of(const registry::Certificate& claim, std::int64_t devices, Timestamp now);

/// What is known when the claim is used.
struct ClaimFacts {
  Timestamp now = {};
  std::string source_ip = {};
  std::int64_t devices = 0;  ///< that the claim has registered
};

struct ClaimVerdict {
  enum class Kind : std::uint8_t { allow, refuse, freeze };
  Kind kind = Kind::allow;
  /// The rule that decided, what it allows and what was found. Empty when allowed.
  std::string because = {};
  std::optional<Network> learns = {};  ///< network to add to the claim; with `allow` only
};

/// Refuses what the budget does not allow. Freezes the claim on a use that cannot come from the
/// batch it was made for: after the last device, from another network, or for a serial number of
/// another batch. ClaimRates checks the rate.
ClaimVerdict decide(const registry::Certificate& claim, const ClaimUse& use,
                    const ClaimFacts& facts);

/// The sentence of decide() for a claim that has registered all its devices.
std::string used_up(std::int64_t devices, std::int64_t max_devices);

/// The message for a connection with a frozen claim: since when it is frozen, and why.
std::string told_when_frozen(const CertificateId& claim, const registry::Freeze& freeze);

/// Takes an ACTIVE claim out of service. Store it with registry::update: of many uses at once, only
/// one freezes the claim.
registry::Certificate frozen(registry::Certificate claim, registry::Freeze freeze);

}  // namespace imprint::provisioning
