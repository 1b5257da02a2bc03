// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// [alarms] of imprint.toml (docs/alarms.md): when each kind is raised and resolved, and who is
/// notified. File names are relative to the deployment directory.
namespace imprint::alarms {

/// The ratio of failures to successes within a sliding window. A few attempts are not significant:
/// one refused device of three raises no alarm.
struct RatioOptions {
  bool enabled = true;
  double above = 0.05;      ///< raised above this
  double below = 0.03;      ///< resolved when not above this for a whole window
  Seconds window{600};      ///< at least 2 seconds
  std::int64_t least = 20;  ///< minimum of attempts in the window
  friend bool operator==(const RatioOptions&, const RatioOptions&) = default;
};

struct NoSuccessOptions {
  bool enabled = true;
  Seconds after{1800};
  friend bool operator==(const NoSuccessOptions&, const NoSuccessOptions&) = default;
};

struct NewPlaceOptions {
  bool enabled = true;
  std::int64_t after_devices = 20;  ///< up to this many, a claim's networks are learned
  std::int64_t most_places = 4;     ///< a claim used from more has no expected networks
  friend bool operator==(const NewPlaceOptions&, const NewPlaceOptions&) = default;
};

struct ExpiryOptions {
  bool enabled = true;
  Seconds certificates = std::chrono::hours(24 * 30);  ///< of devices and of the server
  Seconds claims = std::chrono::hours(24 * 2);         ///< of claims with devices left
  Seconds authorities = std::chrono::hours(24 * 90);
  friend bool operator==(const ExpiryOptions&, const ExpiryOptions&) = default;
};

struct StoreOptions {
  bool enabled = true;
  Seconds window{60};  ///< resolved after this time without a failure
  friend bool operator==(const StoreOptions&, const StoreOptions&) = default;
};

struct DiskOptions {
  bool enabled = true;
  std::int64_t least_mib = 512;  ///< minimum of free space on the deployment's file system
  friend bool operator==(const DiskOptions&, const DiskOptions&) = default;
};

/// For alarms about single events: claim-new-place, duplicate-device, key-in-two-places.
struct PointOptions {
  Seconds quiet = std::chrono::hours(24);  ///< resolved after this time without another event
  friend bool operator==(const PointOptions&, const PointOptions&) = default;
};

struct WebhookOptions {
  std::string url = {};  ///< empty: no webhook
  std::string hmac_key_file = {};
  std::string bearer_file = {};
  std::string ca_file = {};
  Seconds timeout{10};
  friend bool operator==(const WebhookOptions&, const WebhookOptions&) = default;
};

struct MailOptions {
  std::string server = {};  ///< "smtp://mail.example.net:587"; empty: no mail
  std::string from = {};
  std::vector<std::string> to = {};
  std::string user = {};
  std::string password_file = {};
  bool starttls = true;  ///< required
  std::string ca_file = {};
  Seconds timeout{30};
  friend bool operator==(const MailOptions&, const MailOptions&) = default;
};

struct Options {
  bool enabled = true;
  bool log = true;
  bool topics = false;  ///< MQTT topics: $imprint/alarms/ and the kind
  RatioOptions failure_ratio = {};
  RatioOptions hook_failures = {};
  RatioOptions hook_rejections = {.above = 0.2, .below = 0.1};
  NoSuccessOptions no_success = {};
  NewPlaceOptions claim_new_place = {};
  ExpiryOptions expiry = {};
  StoreOptions store_trouble = {};
  DiskOptions disk_low = {};
  PointOptions points = {};
  WebhookOptions webhook = {};
  MailOptions mail = {};
  friend bool operator==(const Options&, const Options&) = default;
};

/// Checks options that depend on each other. Errors are Fault::invalid; `where` is the key below
/// [alarms] in imprint.toml, such as "failure-ratio.below".
Result<void> check(const Options& options);

}  // namespace imprint::alarms
