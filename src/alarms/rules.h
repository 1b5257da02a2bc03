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

/// Judges by the rules what was observed. Pure: observations in, findings out; monitoring/board
/// turns them into alarms.
namespace imprint::alarms {

/// A device as `imprint explain` finds it; both empty: no device.
struct Device {
  std::string serial_number = {};
  std::string client = {};

  friend bool operator==(const Device&, const Device&) = default;
};

/// What one rule says about one subject at this moment.
struct Finding {
  enum class State : std::uint8_t {
    bad,      ///< an alarm, if there is none yet
    between,  ///< neither a reason to raise one nor to resolve one
    calm,
  };
  Kind kind;
  State state = State::calm;
  Seconds hold{0};  ///< calm for this long until it is resolved
  std::string subject = {};
  std::string subject_kind = {};
  std::string because = {};  ///< what was seen, with numbers
  std::string next = {};     ///< what to look at, in words
  /// Commands that an operator with a shell may type; DIR stands for the deployment directory.
  std::vector<std::string> commands = {};
  Device device = {};  ///< an example, if the subject itself is not a device
  int level = 0;       ///< when it grows, an alarm that is already raised is reported again
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
struct Leading {
  std::string category = {};  ///< empty: there is none
  std::string title = {};
  std::string remedy = {};
  std::int64_t count = 0;
  Device example = {};  ///< the last that failed so
};

Finding judge_failures(const RatioOptions& options, const Tally& tally, const Leading& leading);

struct HookTally {
  std::int64_t answered = 0;  ///< allowed or denied
  std::int64_t denied = 0;
  std::int64_t failed = 0;
  std::int64_t timed_out = 0;
};
/// The handler is broken, or in the way...
Finding judge_hook_failures(const RatioOptions& options, const HookTally& tally);
/// ...or it works, and says no to many.
Finding judge_hook_rejections(const RatioOptions& options, const HookTally& tally);

/// A claim whose budget says how many devices there are; some of them are registered, and some are
/// not.
struct OpenBatch {
  std::string claim;  ///< certificate id
  std::int64_t devices = 0;
  std::int64_t most = 0;
  Seconds since_last{0};   ///< since the last device, or since observation began
  bool has_grown = false;  ///< since observation began
};
Finding judge_batch(const NoSuccessOptions& options, const OpenBatch& batch);

/// One certificate that many depend on.
struct Ending {
  enum class What : std::uint8_t { server, claim, root, issuing, registered };
  What what = What::server;
  std::string id;  ///< hex
  std::string name = {};
  Timestamp not_before = {};
  Timestamp not_after = {};
};
/// "Near" is what the options say, but at most a quarter of the certificate's life: a claim for one
/// day is not near its end from the start.
Finding judge_ending(const ExpiryOptions& options, const Ending& one, Timestamp now);
/// ACTIVE certificates of devices that end within options.certificates; `is_least`: there are more.
Finding judge_fleet(const ExpiryOptions& options, std::int64_t certificates, bool is_least);

Finding judge_store(const StoreOptions& options, std::int64_t failures);

struct DiskSpace {
  std::int64_t free_mib = 0;
  std::int64_t total_mib = 0;
};
/// Resolved only a fifth above the bound, so that one file more or less does not raise it again.
Finding judge_disk(const DiskOptions& options, const DiskSpace& space, std::string_view directory);

/// Something that happened in one moment; `subject` is a claim, a thing or a certificate.
Finding point_finding(Kind kind, std::string subject_kind, std::string subject,
                      std::string because);

}  // namespace imprint::alarms
