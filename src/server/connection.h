// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "mqtt/server_session.h"
#include "server/client.h"
#include "server/mqtt_tls.h"

namespace imprint::server {

class Shard;

/// One TLS connection on one shard: the socket, the handshake, and the MQTT session whose actions
/// it carries out. Never blocks. Client makes all decisions about the client.
class Connection {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  Connection(Shard& shard, std::uint64_t number, Socket socket, SslPtr ssl, std::string source_ip);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Carries out the pending actions of the session and sends pending output. Call after using
  /// session().
  void pump();
  /// Checks the time limits; must be called at deadline() at the latest.
  void tick(Monotonic now);
  [[nodiscard]] std::optional<Monotonic> deadline() const;
  /// Another connection needs its place: ends a handshake in progress.
  void give_way();

  [[nodiscard]] mqtt::ServerSession& session() { return session_; }
  /// Resumes reading after deferred requests had stopped it.
  void resume_reading();
  /// Null until the handshake has succeeded.
  [[nodiscard]] Client* client() { return client_.get(); }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const std::string& source_ip() const { return source_ip_; }
  /// The domain name of the endpoint that the client connected to: the one that it named (RFC 6066,
  /// server_name), or the first endpoint if it named none of them.
  [[nodiscard]] std::string domain_name() const;

 private:
  enum class Phase {
    handshaking,
    open,
    closing,    ///< the last bytes are on their way out
    lingering,  ///< all is sent; further input is read and dropped, so that no reset overtakes our
                ///< last bytes
    dead,
  };

  [[nodiscard]] ConnectedClient* connected() const;
  void on_ready();
  void shake_hands();
  void handshake_failed(int ssl_error);
  void note_unknown_certificate();
  void note_failed_handshake(TlsFailure failure, const std::string& cause);
  void note_refusal(Cause cause, const std::string& certificate, const std::string& because);
  void read_some();
  void carry_out(mqtt::ServerAction action);
  void flush();
  void drop_written();
  void begin_closing(mqtt::Close close);
  void finish_closing();
  void linger();
  void begin_lingering();
  void die();
  void note_first_byte();
  void give_up(const char* reason);
  void wait_for_input();
  void wait_for_output();

  Shard& shard_;
  const std::uint64_t number_;
  Socket socket_;
  SslPtr ssl_;
  std::string source_ip_;
  SeenClient seen_;
  mqtt::ServerSession session_;
  std::unique_ptr<Client> client_;  ///< null until the handshake has succeeded
  Bytes output_;
  std::size_t written_ = 0;       ///< of output_
  const Monotonic silence_ends_;  ///< deadline for the first byte of a handshake
  bool has_spoken_ = false;
  Monotonic closing_deadline_ = {};
  Phase phase_ = Phase::handshaking;
  bool waits_for_input_ = false;
  bool waits_for_output_ = false;
  bool is_pumping_ = false;
};

}  // namespace imprint::server
