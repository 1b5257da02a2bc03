// SPDX-License-Identifier: Apache-2.0
#include "access/sessions.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/household.h"
#include "encoding/text.h"
#include "x509/digest.h"

namespace imprint::access {

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kMostTries = 10'000;  // addresses
constexpr std::size_t kMaxKeyBytes = 128;

std::string random_token(Random& random) {
  std::array<std::uint8_t, kTokenBytes> bytes{};
  random.fill(bytes);
  std::string token = encoding::to_hex(bytes);
  wipe(bytes.data(), bytes.size());
  return token;
}

std::string digest_of(std::string_view token) {
  return encoding::to_hex(x509::sha256(as_bytes(token)));
}

Unexpected refuse_key() {
  return fail(Fault::forbidden, "the access key id or the secret is wrong");
}

}  // namespace

bool Sessions::has_expired(const Entry& entry, Monotonic now) {
  return now - entry.began >= kLifetime || now - entry.used >= kIdle;
}

Sessions::Tries& Sessions::tries_of(const std::string& who, Monotonic now) {
  if (tries_.size() >= kMostTries) {
    // Remove addresses that have regained all attempts. If there are none, reset all: an attacker
    // with that many addresses gains little by it.
    std::erase_if(tries_,
                  [&](const auto& entry) { return now - entry.second.filled >= kTries * kPause; });
    if (tries_.size() >= kMostTries) tries_.clear();
  }
  Tries& tries = tries_.try_emplace(who, Tries{.filled = now}).first->second;
  const std::int64_t earned = (now - tries.filled) / kPause;
  if (earned > 0) {
    tries.left = std::min(kTries, tries.left + std::min(earned, kTries));
    tries.filled += earned * kPause;
  }
  return tries;
}

void Sessions::make_room(std::string_view access_key_id, Monotonic now) {
  std::erase_if(sessions_, [&](const auto& entry) { return has_expired(entry.second, now); });
  const auto remove_oldest = [&](auto&& is_candidate) {
    auto oldest = sessions_.end();
    for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
      if (!is_candidate(it->second)) continue;
      if (oldest == sessions_.end() || it->second.used < oldest->second.used) oldest = it;
    }
    if (oldest != sessions_.end()) sessions_.erase(oldest);
  };
  const auto is_same_key = [&](const Entry& entry) { return entry.access_key_id == access_key_id; };
  const auto of_key = std::ranges::count_if(
      sessions_, [&](const auto& entry) { return is_same_key(entry.second); });
  if (static_cast<std::size_t>(of_key) >= kMostOfOneKey) remove_oldest(is_same_key);
  if (sessions_.size() >= kMost) remove_oldest([](const Entry&) { return true; });
}

Result<Sessions::Started> Sessions::sign_in(std::string_view access_key_id, std::string_view secret,
                                            std::string_view address) {
  const Monotonic now = clock_.monotonic();
  const Found found = operators_.find(access_key_id);
  const bool is_right = found.standing == Standing::usable &&
                        equal_constant_time(as_bytes(found.who->secret.reveal()), as_bytes(secret));
  const std::scoped_lock lock(mutex_);
  Tries& of_address = tries_of(household_of(address), now);
  // Attempts are counted per address only: guesses by others must not lock out the owner of a key.
  if (of_address.left == 0) {
    return fail(Fault::exhausted, "too many wrong secrets; try again in {} seconds",
                kPause.count());
  }
  if (!is_right) {
    --of_address.left;
    return refuse_key();
  }
  make_room(access_key_id, now);
  std::string token = random_token(random_);
  Entry entry{.access_key_id = std::string(access_key_id.substr(0, kMaxKeyBytes)),
              .csrf_token = random_token(random_),
              .started = clock_.now(),
              .began = now,
              .used = now};
  Session session{found.who, entry.csrf_token, entry.started + kLifetime};
  sessions_.insert_or_assign(digest_of(token), std::move(entry));
  return Started{Secret(std::move(token)), std::move(session)};
}

Sessions::Entry* Sessions::look_up(const std::string& digest, std::shared_ptr<const Operator>& who,
                                   Monotonic now) {
  const auto it = sessions_.find(digest);
  if (it == sessions_.end()) return nullptr;
  Found found = operators_.find(it->second.access_key_id);
  if (has_expired(it->second, now) || found.standing != Standing::usable) {
    sessions_.erase(it);
    return nullptr;
  }
  who = std::move(found.who);
  return &it->second;
}

std::optional<Sessions::Session> Sessions::find(std::string_view token) {
  const Monotonic now = clock_.monotonic();
  const std::string digest = digest_of(token);
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const Operator> who;
  Entry* entry = look_up(digest, who, now);
  if (entry == nullptr) return std::nullopt;
  entry->used = now;
  return Session{std::move(who), entry->csrf_token, entry->started + kLifetime};
}

std::optional<std::string> Sessions::key_of(std::string_view token) {
  const Monotonic now = clock_.monotonic();
  const std::string digest = digest_of(token);
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const Operator> who;
  if (look_up(digest, who, now) == nullptr) return std::nullopt;
  return who->access_key_id;
}

void Sessions::sign_out(std::string_view token) {
  const std::string digest = digest_of(token);
  const std::scoped_lock lock(mutex_);
  sessions_.erase(digest);
}

}  // namespace imprint::access
