// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace imprint::server {

/// A limited number of places for connections, each charged to a payer: an address until the client
/// is authenticated, an access key after that. When all places are taken, one connection gives way
/// to the newcomer: the oldest idle one, or else the oldest, of the payer that has far more than
/// others, or else of all payers. So a payer that fills the places cannot keep others out. The
/// numbers of connections ascend. Not thread-safe.
class Slots {
 public:
  explicit Slots(std::size_t places) : places_(places) {}

  /// Gives the connection a place; it is idle until mark_active(). `who` is an address, which is
  /// charged to its household, or another name.
  void take(std::uint64_t number, const std::string& who);
  /// The connection has sent a byte, or its request is in progress. Here and below, a connection
  /// without a place is ignored.
  void mark_active(std::uint64_t number);
  /// The connection has no request in progress any more.
  void mark_idle(std::uint64_t number);
  /// The connection has authenticated or is gone.
  void release(std::uint64_t number);
  /// The connection that must go before another can be admitted; empty while places are free.
  [[nodiscard]] std::optional<std::uint64_t> next_to_evict() const;
  [[nodiscard]] bool is_idle(std::uint64_t number) const { return idle_.contains(number); }
  [[nodiscard]] std::size_t taken() const { return holders_.size(); }
  [[nodiscard]] std::size_t taken_by(const std::string& who) const;

 private:
  struct Share {
    std::set<std::uint64_t> idle;
    std::set<std::uint64_t> active;
    [[nodiscard]] std::size_t size() const { return idle.size() + active.size(); }
    [[nodiscard]] std::uint64_t first() const {
      return idle.empty() ? *active.begin() : *idle.begin();
    }
  };
  void change(const std::string& payer, std::uint64_t number, bool is_there, bool idle);

  const std::size_t places_;
  std::map<std::uint64_t, std::string> holders_;  ///< number to payer
  std::map<std::string, Share> shares_;
  std::set<std::pair<std::size_t, std::string>> by_size_;  ///< of shares_
  std::set<std::uint64_t> idle_;
};

}  // namespace imprint::server
