// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace imprint::server {

/// Places for connections that have not proved who they are. When all are taken, one gives way to
/// whoever comes: of the address that has far more than others, or else of all, the oldest that has
/// not said anything, or else the oldest. So nobody who fills the places makes others wait.
/// Connections have numbers that rise. One thread.
class Slots {
 public:
  explicit Slots(std::size_t places) : places_(places) {}

  void take(std::uint64_t number, const std::string& address);
  /// It has sent a byte.
  void spoke(std::uint64_t number);
  /// It has proved who it is, or is gone; one that has no place is passed over.
  void release(std::uint64_t number);
  /// Who has to go before another one comes; nobody while there are places.
  [[nodiscard]] std::optional<std::uint64_t> gives_way() const;
  [[nodiscard]] std::size_t taken() const { return holders_.size(); }

  /// Addresses that one subscriber has share its part: an IPv6 network of /64.
  static std::string payer_of(const std::string& address);

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
