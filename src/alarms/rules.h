// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarms/kind.h"
#include "alarms/options.h"
#include "base/clock.h"

/// The alarm rules: pure functions that turn observations into findings. monitoring/board turns
/// findings into alarms.
namespace imprint::alarms {

/// A device by the ids that `imprint explain` accepts; no device if both are empty.
struct Device {
  std::string serial_number = {};
  std::string client = {};

  friend bool operator==(const Device&, const Device&) = default;
};

/// The current result of one rule for one subject.
struct Finding {
  enum class State : std::uint8_t {
    bad,      ///< raises an alarm if there is none
    between,  ///< neither raises nor resolves an alarm
    calm,
  };
  Kind kind;
  State state = State::calm;
  Seconds hold{0};  ///< the alarm is resolved after being calm for this time
  std::string subject = {};
  std::string subject_kind = {};
  std::string because = {};  ///< what was observed, with numbers
  std::string next = {};     ///< what to do next
  /// Shell commands for operators; DIR stands for the deployment directory.
  std::vector<std::string> commands = {};
  Device device = {};  ///< an example, if the subject itself is not a device
  int level = 0;       ///< when it grows, people are notified again
};

/// The successes and failures within a rule's window.
struct Tally {
  std::int64_t good = 0;
  std::int64_t bad = 0;

  [[nodiscard]] std::int64_t attempts() const { return good + bad; }
  /// The ratio of bad to good; with no good ones, as if there were one.
  [[nodiscard]] double ratio() const {
    return static_cast<double>(bad) / static_cast<double>(good > 0 ? good : 1);
  }
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// The most frequent kind of failure (outcome/failure_category.h).
struct TopFailure {
  std::string category = {};  ///< empty if there is none
  std::string title = {};
  std::string remedy = {};
  std::int64_t count = 0;
  Device example = {};  ///< the last device that failed in this way
};

Finding judge_failures(const RatioOptions& options, const Tally& tally,
                       const TopFailure& top_failure);

struct HookTally {
  std::int64_t answered = 0;  ///< allowed or denied
  std::int64_t denied = 0;
  std::int64_t failed = 0;
  std::int64_t timed_out = 0;
};
/// The handler fails or cannot be reached.
Finding judge_hook_failures(const RatioOptions& options, const HookTally& tally);
/// The handler works, but denies many devices.
Finding judge_hook_rejections(const RatioOptions& options, const HookTally& tally);

/// A claim with a limited number of devices, not all of which are registered yet.
struct OpenBatch {
  std::string claim;  ///< certificate id
  std::int64_t devices = 0;
  std::int64_t most = 0;
  Seconds since_last{0};   ///< since the last device, or since observation began
  bool has_grown = false;  ///< since observation began
};
Finding judge_batch(const NoSuccessOptions& options, const OpenBatch& batch);

/// A certificate that many devices depend on.
struct WatchedCertificate {
  enum class What : std::uint8_t { server, claim, root, issuing, registered };
  What what = What::server;
  std::string id;  ///< hex
  std::string name = {};
  Timestamp not_before = {};
  Timestamp not_after = {};
};
/// The finding is bad if the remaining time is below the limit in the options, or below a quarter
/// of the certificate's lifetime if that is less, so that a new claim for one day raises no alarm.
Finding judge_certificate(const ExpiryOptions& options, const WatchedCertificate& one,
                          Timestamp now);
/// Judges the number of ACTIVE device certificates that expire within options.certificates.
/// `has_more`: there are more than that.
Finding judge_fleet(const ExpiryOptions& options, std::int64_t certificates, bool has_more);

Finding judge_store(const StoreOptions& options, std::int64_t failures);

struct DiskSpace {
  std::int64_t free_mib = 0;
  std::int64_t total_mib = 0;
};
/// Resolved only when the free space is a fifth above the limit, so that the alarm does not flap.
Finding judge_disk(const DiskOptions& options, const DiskSpace& space, std::string_view directory);

/// A finding about a single event; `subject` is a claim, a thing or a certificate.
Finding point_finding(Kind kind, std::string subject_kind, std::string subject,
                      std::string because);

}  // namespace imprint::alarms
