// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "access/operators.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace imprint::access {

/// The sessions of people who are signed in to the dashboard. Kept in memory: after a restart
/// people must sign in again. A session is identified by a token in a cookie of the browser; only
/// the token's digest is stored here. A request with the cookie must also contain the session's
/// CSRF token, which pages of other sites cannot know. Any thread.
class Sessions {
 public:
  static constexpr std::chrono::hours kLifetime{12};
  static constexpr std::chrono::hours kIdle{1};  ///< expires earlier when not used
  static constexpr std::size_t kMost = 1'000;
  static constexpr std::size_t kMostOfOneKey = 20;  ///< a new one replaces the least recently used
  /// An address may send this many wrong secrets at once, then one more per kPause.
  static constexpr std::int64_t kTries = 10;
  static constexpr Seconds kPause{6};

  struct Session {
    std::shared_ptr<const Operator> who;
    std::string csrf_token;
    Timestamp expires;  ///< unless it expires earlier because it is idle
  };

  struct Started {
    Secret token;  ///< 64 hexadecimal digits, for the cookie
    Session session;
  };

  Sessions(const Operators& operators, const Clock& clock, Random& random)
      : operators_(operators), clock_(clock), random_(random) {}

  /// Fails with Fault::forbidden, always with the same message, if the key is unknown or revoked or
  /// the secret is wrong, and with Fault::exhausted after too many attempts from `address`, the
  /// caller's address.
  Result<Started> sign_in(std::string_view access_key_id, std::string_view secret,
                          std::string_view address);

  /// The session of a token, whose idle time starts again; nullopt if it has expired or its key is
  /// no longer usable.
  std::optional<Session> find(std::string_view token);
  /// Whether find() would return a session. Does not count as use, so that the session of an idle
  /// page expires.
  bool is_valid(std::string_view token) { return key_of(token).has_value(); }
  /// The access key id of a valid session. Does not count as use either.
  std::optional<std::string> key_of(std::string_view token);

  void sign_out(std::string_view token);

 private:
  struct Entry {
    std::string access_key_id;
    std::string csrf_token;
    Timestamp started;
    Monotonic began;
    Monotonic used;
  };
  /// The remaining attempts of an address.
  struct Tries {
    std::int64_t left = kTries;
    Monotonic filled;
  };

  Tries& tries_of(const std::string& who, Monotonic now);
  /// Removes expired sessions and, if the limits are reached, the least recently used one.
  void make_room(std::string_view access_key_id, Monotonic now);
  /// The entry with its operator. Removes the entry and returns null if it is no longer valid.
  /// Requires the lock.
  Entry* look_up(const std::string& digest, std::shared_ptr<const Operator>& who, Monotonic now);
  [[nodiscard]] static bool has_expired(const Entry& entry, Monotonic now);

  const Operators& operators_;
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> sessions_;  ///< by the digest of the token
  std::unordered_map<std::string, Tries> tries_;
};

}  // namespace imprint::access
