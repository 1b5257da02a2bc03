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

/// Who is signed in at the dashboard. In memory: after a restart people sign in again. A session
/// is named by a token that its browser keeps in a cookie and that is known here by its digest
/// only; requests that come with the cookie must also show the session's CSRF token, which another
/// site's page cannot know. Any thread.
class Sessions {
 public:
  static constexpr std::chrono::hours kLifetime{12};
  static constexpr std::chrono::hours kIdle{1};  ///< ends sooner when it is not used
  static constexpr std::size_t kMost = 1'000;
  static constexpr std::size_t kMostOfOneKey = 20;  ///< a new one ends the oldest
  /// Wrong secrets from one address that are answered at once; then one more in each kPause.
  static constexpr std::int64_t kTries = 10;
  static constexpr Seconds kPause{6};

  struct Session {
    std::shared_ptr<const Operator> who;
    std::string csrf_token;
    Timestamp expires;  ///< unless it is left idle
  };

  struct Started {
    Secret token;  ///< 64 hexadecimal digits, for the cookie
    Session session;
  };

  Sessions(const Operators& operators, const Clock& clock, Random& random)
      : operators_(operators), clock_(clock), random_(random) {}

  /// Fault::forbidden for a key that is unknown, revoked, or has another secret, in the same words;
  /// Fault::exhausted for one who tries too often. `address` is the caller's.
  Result<Started> sign_in(std::string_view access_key_id, std::string_view secret,
                          std::string_view address);

  /// The session of a token, used now; nothing when it has ended or its key is not usable any more.
  std::optional<Session> find(std::string_view token);
  /// Whether find() would find it; does not count as use, so that a page left open ends, too.
  bool stands(std::string_view token) { return key_of(token).has_value(); }
  /// The access key id of the session that stands, as above.
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
  /// So many may be tried at once, then one in each kPause.
  struct Tries {
    std::int64_t left = kTries;
    Monotonic filled;
  };

  Tries& tries_of(const std::string& who, Monotonic now);
  /// Forgets what has ended; then at most one more is one too many.
  void make_room(std::string_view access_key_id, Monotonic now);
  /// The entry with its operator, or null; forgets it when it has ended. Called with the lock held.
  Entry* look_up(const std::string& digest, std::shared_ptr<const Operator>& who, Monotonic now);
  [[nodiscard]] static bool has_ended(const Entry& entry, Monotonic now);

  const Operators& operators_;
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> sessions_;  ///< by the digest of the token
  std::unordered_map<std::string, Tries> tries_;
};

}  // namespace imprint::access
