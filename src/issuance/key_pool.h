// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/private_key.h"

namespace imprint::issuance {

struct KeyPoolOptions {
  x509::KeyAlgorithm algorithm = x509::KeyAlgorithm::rsa_2048;
  std::size_t size = 64;          ///< keys kept ready
  std::size_t max_waiting = 256;  ///< callers that may wait for a key
  std::size_t threads = 1;        ///< of each kind
};

/// Private keys made ahead of need, because an RSA key costs 50 ms of CPU or more. One per process,
/// called from every shard. Threads of the kernel's idle priority fill it, so that refilling never
/// slows a handshake; others, of ordinary priority, make keys only while somebody waits. (A thread
/// cannot leave the idle priority without CAP_SYS_NICE, hence the two kinds.) Each caller that has
/// to wait makes the pool keep one more key, up to four times its size. Waiting callers are served
/// payer by payer in turn, and when the queue is full, the payer with the most callers in it gives
/// way. Keys live in memory only.
class KeyPool {
 public:
  using Generate = std::function<Result<x509::PrivateKey>()>;
  /// Called once: on a pool thread, on the destroying thread, or within another caller's take()
  /// that displaces this one. The receiver posts the result to its own shard. Must not block.
  using Ready = std::function<void(Result<x509::PrivateKey>)>;

  explicit KeyPool(KeyPoolOptions options);
  /// Uses another source of keys: for tests, and for keys made in a token.
  KeyPool(KeyPoolOptions options, Generate generate);
  /// Callers that still wait get Fault::unavailable. Waits for the key that is being generated.
  ~KeyPool();
  KeyPool(const KeyPool&) = delete;
  KeyPool& operator=(const KeyPool&) = delete;

  /// A ready key, or nullopt. Never waits.
  std::optional<x509::PrivateKey> try_take();

  /// A ready key; or nullopt now and a call of `ready` later, in the order of the payer's calls;
  /// payers take turns. When max_waiting callers wait already, the last caller of the payer that
  /// has the most gets Fault::exhausted; it may be this one. `ready` is called if and only if the
  /// result is an empty optional.
  Result<std::optional<x509::PrivateKey>> take(std::string payer, Ready ready);

  /// Refuses callers (Fault::unavailable) that have waited for `patience` or more since a call of
  /// this function first saw them; call it every second or so.
  void refuse_late(Monotonic now, Milliseconds patience);

  /// Refuses all callers, waiting and future ones. The destructor does so too.
  void stop();

  [[nodiscard]] std::size_t available() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Waiter {
    Ready ready;
    std::optional<Monotonic> seen = {};
  };
  struct Payer {
    std::string name;
    std::deque<Waiter> waiting = {};  ///< never empty
  };

  void refill();
  void serve();
  /// Gives a generated key to the longest-waiting caller of the payer whose turn it is, or to the
  /// pool.
  void hand_out(Result<x509::PrivateKey> key, std::unique_lock<std::mutex>& lock);
  Waiter next_in_turn();
  std::optional<Waiter> make_room_for(std::string_view payer);
  std::optional<x509::PrivateKey> take_ready();

  const KeyPoolOptions options_;
  const Generate generate_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;
  std::size_t target_;         ///< keys to keep ready: the size, plus what demand has added
  std::size_t refilling_ = 0;  ///< keys being made at idle priority
  std::size_t serving_ = 0;    ///< keys being made at ordinary priority
  // Invariant: keys are ready only while nobody waits.
  std::deque<x509::PrivateKey> keys_;
  std::deque<Payer> payers_;  ///< in the order of their turns
  std::size_t waiting_ = 0;   ///< callers of all payers together
  std::vector<std::thread> threads_;
};

}  // namespace imprint::issuance
