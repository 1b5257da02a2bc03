// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "identity/access_change.h"
#include "runtime/executor.h"
#include "server/connection.h"
#include "server/household_counts.h"
#include "server/mqtt_tls.h"
#include "server/services.h"
#include "server/slots.h"
#include "server/switchboard.h"

namespace imprint::server {

/// One thread with everything that its connections use: listener socket, TLS context, event loop,
/// sessions, subscriptions. Shards share only what Services holds and send each other messages.
class Shard final : public runtime::Executor {
 public:
  using Address = boost::asio::ip::tcp::endpoint;

  /// Listens at once. The shards listen on the same address (SO_REUSEPORT), and the kernel spreads
  /// the connections over them. For the first shard (index 0), Fault::conflict if another process
  /// listens on the address.
  static Result<std::unique_ptr<Shard>> make(std::uint16_t index, std::uint16_t shards,
                                             Services& services, MqttTls tls,
                                             const Address& address);
  ~Shard() override;

  [[nodiscard]] Address address() const { return address_; }
  [[nodiscard]] std::uint16_t index() const { return index_; }

  /// Accepts and works until stop(); the calling thread becomes the shard.
  void run();
  /// After run(): runs what has been posted since, on the calling thread. Returns the number of
  /// tasks run.
  std::size_t run_leftovers();

  // From any thread.
  void post(std::function<void()> work) override;
  /// Notifies the affected clients. Changes in quick succession are passed on together.
  void access_changed(const identity::AccessChange& change);
  /// The time since the shard last checked the clock, which it does every second; zero before
  /// run().
  [[nodiscard]] Milliseconds silence() const;
  /// Replaces the TLS settings for new connections.
  void use_tls(MqttTls tls);
  /// Stops accepting, disconnects every client, and ends run() when all are gone or `grace` has
  /// passed.
  void stop(Milliseconds grace);

  // On the shard's own thread.
  [[nodiscard]] Services& services() { return services_; }
  [[nodiscard]] Switchboard& switchboard() { return switchboard_; }
  [[nodiscard]] Client* client(std::uint64_t number);
  /// Also null if its CONNECT has not been accepted or its MQTT session has ended.
  [[nodiscard]] ConnectedClient* connected_client(std::uint64_t number);
  [[nodiscard]] Connection* connection(std::uint64_t number);
  std::span<std::uint8_t> read_buffer() { return read_buffer_; }
  void schedule(Connection& connection);
  void remove(std::uint64_t number);
  /// A client has sent something in its handshake.
  void spoke(std::uint64_t number) { handshakes_.mark_active(number); }
  void handshake_ended(std::uint64_t number) { handshakes_.release(number); }
  /// Add a connection to, or remove it from, the indexes by certificate and by thing; called by
  /// ClientRights.
  void enlist(std::uint64_t number, const CertificateId& certificate,
              const identity::Principal& principal);
  void delist(std::uint64_t number, const CertificateId& certificate,
              const identity::Principal& principal);

  /// Applies the changes that access_changed() has reported so far, for clients that are about to
  /// use their rights in the middle of other work.
  void apply_changes() {
    if (has_changes_.load(std::memory_order_acquire)) notify_clients();
  }
  /// Schedules the reading of a client's rights. Only a few clients' rights are read at the same
  /// time, urgent ones first.
  void refresh_rights(std::uint64_t number, bool is_urgent);

  /// Posts `work`, which runs if the connection still exists then.
  template <class Work>
  void post_to(std::uint64_t number, Work work) {
    post([this, number, work] {
      if (Connection* c = connection(number)) work(*c);
    });
  }
  /// A handler for Asio that runs `work` if the connection still exists.
  template <class Work>
  auto handler(std::uint64_t number, Work work) {
    return [this, number, work](const boost::system::error_code&) {
      if (Connection* c = connection(number)) work(*c);
    };
  }

 private:
  Shard(std::uint16_t index, std::uint16_t shards, Services& services, MqttTls tls);
  Result<void> listen(const Address& address);
  Result<void> listen_alone(const Address& address);
  Result<void> let_others_in();
  void accept_next();
  void accepted(boost::asio::ip::tcp::socket socket);
  bool admit(const std::string& address);
  void make_room();
  void tick();
  void arm_timer();
  void notify_clients();
  void start_refreshing();
  runtime::Task<void> refresh_stale();
  void end_if_idle();

  const std::uint16_t index_;
  Services& services_;
  const ConnectionLimits share_;  ///< this shard's part of the deployment's limits
  MqttTls tls_;
  boost::asio::io_context loop_{1};
  boost::asio::ip::tcp::acceptor acceptor_{loop_};
  boost::asio::steady_timer timer_{loop_};
  boost::asio::steady_timer retry_{loop_};
  Address address_;
  Switchboard switchboard_;
  std::array<std::uint8_t, 16 * 1024> read_buffer_{};
  // Declared before connections_, whose clients delist themselves when destroyed.
  std::unordered_multimap<CertificateId, std::uint64_t> by_certificate_;
  std::unordered_multimap<ThingName, std::uint64_t> by_thing_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  HouseholdCounts per_address_;              ///< of connections_
  std::unordered_set<std::uint64_t> stale_;  ///< clients whose rights must be read again
  std::deque<std::uint64_t> urgent_;         ///< those of stale_ that come first
  std::vector<std::uint64_t> unread_;  ///< rights that could not be read; read again a second later
  std::size_t refreshing_ = 0;         ///< reads in progress, at most kMaxRefreshing
  std::uint64_t last_number_ = 0;
  Slots handshakes_;  ///< in progress
  std::atomic<Monotonic> ticked_{Monotonic{}};
  bool accepting_ = false;
  bool stopping_ = false;

  // When the deadline of each connection must be checked. If the deadline has moved to a later
  // time, the check notices it.
  std::multimap<Monotonic, std::uint64_t> deadlines_;
  std::unordered_map<std::uint64_t, Monotonic> noted_deadline_;
  Monotonic armed_for_ = Monotonic::max();
  Monotonic parked_due_ = {};
  Monotonic grace_ends_ = Monotonic::max();

  std::mutex changes_mutex_;
  std::atomic<bool> has_changes_ = false;
  identity::AccessChange changes_;
};

/// "127.0.0.1:8883", "[::1]:8883".
std::string to_text(const Shard::Address& address);

}  // namespace imprint::server
