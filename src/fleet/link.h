// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <coroutine>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fleet/failure.h"
#include "fleet/tls.h"
#include "mqtt/client_session.h"
#include "runtime/task.h"

namespace imprint::fleet {

/// The parts that the links of one thread share.
struct LinkContext {
  boost::asio::io_context& loop;
  const ClientTls& tls;
  const Clock& clock;
  boost::asio::ip::tcp::endpoint server;
  Milliseconds timeout;  ///< for each wait
};

/// One device's connection: TCP, TLS and MQTT, driven by the coroutine that owns it. Used on the
/// loop's thread only; one call at a time. After a failure it is closed, and every later call
/// returns that failure.
class Link : public std::enable_shared_from_this<Link> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  explicit Link(const LinkContext& context);

  /// Connects, completes the TLS handshake, sends CONNECT and waits for CONNACK. `login` must
  /// outlive the call.
  runtime::Task<Attempt<void>> open(const Login& login, mqtt::ConnectOptions options);

  /// With QoS 1; fails when a filter is refused.
  runtime::Task<Attempt<void>> subscribe(std::vector<std::string> filters);

  /// With QoS 1; returns when the message is acknowledged.
  runtime::Task<Attempt<void>> publish(mqtt::Message message);

  /// Publishes with QoS 1 and waits for a message on one of `answers`. The acknowledgement may
  /// come before or after it.
  runtime::Task<Attempt<mqtt::MessagePtr>> call(mqtt::Message message,
                                                std::vector<std::string> answers);

  /// Sends DISCONNECT and close_notify, and closes. What cannot be sent at once is dropped.
  void close();

 private:
  enum class Phase { connecting, handshaking, open, closed };
  struct Suspend;

  runtime::Task<Attempt<mqtt::ClientAction>> next_event();
  Attempt<std::uint16_t> send(const mqtt::Message& message);

  void connected(const boost::system::error_code& error);
  void on_ready();
  void handshake();
  void read_some();
  void pump();
  void flush();
  void fail(Failure failure);
  void fail_tls(int ssl_error);
  void wait_for_input();
  void wait_for_output();
  void arm_timer();
  void wake();
  void release();

  const LinkContext& context_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  SslPtr ssl_;
  std::optional<mqtt::ClientSession> session_;
  mqtt::ConnectOptions connect_options_;
  Bytes output_;
  std::size_t written_ = 0;  ///< of output_
  std::deque<mqtt::ClientAction> events_;
  std::optional<Failure> failure_;
  std::coroutine_handle<> waiter_ = nullptr;
  Monotonic deadline_ = {};
  Phase phase_ = Phase::connecting;
  bool waits_for_input_ = false;
  bool waits_for_output_ = false;
  bool timer_is_armed_ = false;
};

/// Holds a link and closes it, however the code that uses it ends: an open link keeps the loop
/// running.
class OpenLink {
 public:
  explicit OpenLink(const LinkContext& context) : link_(std::make_shared<Link>(context)) {}
  ~OpenLink() { link_->close(); }
  OpenLink(const OpenLink&) = delete;
  OpenLink& operator=(const OpenLink&) = delete;
  Link* operator->() const { return link_.get(); }
  Link& operator*() const { return *link_; }

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace imprint::fleet
