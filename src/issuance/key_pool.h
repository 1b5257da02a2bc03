// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
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
  std::size_t threads = 1;
};

/// Private keys made ahead of need, because an RSA key costs 50 ms of CPU and more. One per
/// process, called from every shard. Background threads fill it with the kernel's idle priority, so
/// that refilling never slows a handshake, and with ordinary priority while somebody waits. Each
/// caller who has to wait makes the pool keep one more key, up to four times its size. Keys live in
/// memory only.
class KeyPool {
 public:
  using Generate = std::function<Result<x509::PrivateKey>()>;
  /// Called once, on a pool thread or on the destroying thread, never inside take(); the receiver
  /// posts it to its own shard. Must not block.
  using Ready = std::function<void(Result<x509::PrivateKey>)>;

  explicit KeyPool(KeyPoolOptions options);
  /// With another source of keys: for tests, and for keys made in a token.
  KeyPool(KeyPoolOptions options, Generate generate);
  /// Callers that still wait get Fault::unavailable. Waits for a key being generated.
  ~KeyPool();
  KeyPool(const KeyPool&) = delete;
  KeyPool& operator=(const KeyPool&) = delete;

  /// A ready key, or nothing. Never waits.
  std::optional<x509::PrivateKey> try_take();

  /// A ready key, or nothing now and `ready` later, in the order of the calls. Fault::exhausted
  /// when max_waiting callers wait already. `ready` is called if and only if the result is an empty
  /// optional.
  Result<std::optional<x509::PrivateKey>> take(Ready ready);

  /// Refuses callers (Fault::unavailable) that have waited for `patience` or more since a call of
  /// this first saw them; call it every second or so.
  void refuse_late(Monotonic now, Milliseconds patience);

  /// Refuses all who wait and all who come later. The destructor does it too.
  void stop();

  [[nodiscard]] std::size_t available() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  void fill();
  void hurry(bool is_urgent);
  std::optional<x509::PrivateKey> take_ready();

  const KeyPoolOptions options_;
  const Generate generate_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;
  bool is_urgent_ = false;  ///< the threads have ordinary priority
  std::size_t target_;      ///< keys to keep ready: the size, and what demand has shown
  std::size_t generating_ = 0;
  // Invariant: keys are ready only while nobody waits.
  std::deque<x509::PrivateKey> keys_;
  struct Waiter {
    Ready ready;
    std::optional<Monotonic> seen = {};
  };
  std::deque<Waiter> waiting_;
  std::vector<std::thread> threads_;
};

}  // namespace imprint::issuance
