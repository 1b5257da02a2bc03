// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace imprint::server {

/// Places for connections, shared among who pays for them: an address before it is known who asks,
/// an access key after that. When all are taken, one gives way to whoever comes: of the payer that
/// has far more than others, or else of all, the oldest at rest, or else the oldest. So nobody who
/// fills the places makes others wait. Connections have numbers that rise. One thread.
class Slots {
 public:
  explicit Slots(std::size_t places) : places_(places) {}

  /// At rest, until it speaks. `who` is an address, which pays as its household, or another name.
  void take(std::uint64_t number, const std::string& who);
  /// It has sent a byte, or its request is under way; one that has no place is passed over, here
  /// and below.
  void spoke(std::uint64_t number);
  /// Nothing of it is under way any more.
  void rests(std::uint64_t number);
  /// It has proved who it is, or is gone.
  void release(std::uint64_t number);
  /// Who has to go before another one comes; nobody while there are places.
  [[nodiscard]] std::optional<std::uint64_t> gives_way() const;
  [[nodiscard]] bool is_at_rest(std::uint64_t number) const { return silent_.contains(number); }
  [[nodiscard]] std::size_t taken() const { return holders_.size(); }
  [[nodiscard]] std::size_t taken_by(const std::string& who) const;

 private:
  struct Share {
    std::set<std::uint64_t> silent;
    std::set<std::uint64_t> talking;
    [[nodiscard]] std::size_t size() const { return silent.size() + talking.size(); }
    [[nodiscard]] std::uint64_t first() const {
      return silent.empty() ? *talking.begin() : *silent.begin();
    }
  };
  void change(const std::string& payer, std::uint64_t number, bool is_there, bool is_silent);

  const std::size_t places_;
  std::map<std::uint64_t, std::string> holders_;  ///< number to payer
  std::map<std::string, Share> shares_;
  std::set<std::pair<std::size_t, std::string>> by_size_;  ///< of shares_
  std::set<std::uint64_t> silent_;
};

}  // namespace imprint::server
