// SPDX-License-Identifier: Apache-2.0
#include "server/connection.h"

#include <algorithm>
#include <array>
#include <openssl/err.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/household.h"
#include "encoding/text.h"
#include "outcome/causes.h"
#include "server/shard.h"
#include "server/time_limits.h"
#include "trail/event.h"

namespace imprint::server {

namespace {

constexpr int kReadsAtOnce = 4;
constexpr std::size_t kWriteAtOnce = 16 * 1024;

/// The cause for refusing a certificate that is neither registered nor introduced: the one from the
/// check against its CA, if there was one.
Cause cause_of_refusal(const Error& refusal) {
  if (refusal.cause) return refusal.cause;
  return refusal.fault == Fault::not_found ? "unknown-certificate"_cause : "ChainNotAccepted"_cause;
}

}  // namespace

Connection::Connection(Shard& shard, std::uint64_t number, Socket socket, SslPtr ssl,
                       std::string source_ip)
    : shard_(shard),
      number_(number),
      socket_(std::move(socket)),
      ssl_(std::move(ssl)),
      source_ip_(std::move(source_ip)),
      session_(shard.services().mqtt, shard.services().clock.monotonic()),
      silence_ends_(shard.services().clock.monotonic() + kFirstByteTime) {
  MqttTls::report_client(ssl_.get(), seen_);
}

Connection::~Connection() = default;

ConnectedClient* Connection::connected() const { return client_ ? client_->connected() : nullptr; }

void Connection::start() {
  on_ready();
  shard_.schedule(*this);
}

void Connection::on_ready() {
  switch (phase_) {
    case Phase::handshaking:
      shake_hands();
      break;
    case Phase::open:
      read_some();
      break;
    case Phase::closing:
      flush();
      break;
    case Phase::lingering:
      linger();
      break;
    case Phase::dead:
      return;
  }
  if (phase_ != Phase::dead) shard_.schedule(*this);
}

void Connection::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  note_first_byte();
  if (result != 1) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return wait_for_input();
    if (error == SSL_ERROR_WANT_WRITE) return wait_for_output();
    return handshake_failed(error);
  }
  IMPRINT_ASSERT(seen_.certificate.has_value());
  client_ = std::make_unique<Client>(shard_, *this, *seen_.certificate, std::move(seen_.contact));
  seen_ = {};
  phase_ = Phase::open;
  shard_.handshake_ended(number_);
  read_some();
}

std::string Connection::domain_name() const {
  const std::vector<std::string>& endpoints = shard_.services().endpoints;
  const char* const named = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  const auto found = named == nullptr
                         ? endpoints.end()
                         : std::ranges::find_if(endpoints, [&](const std::string& endpoint) {
                             return ::strcasecmp(endpoint.c_str(), named) == 0;
                           });
  return found == endpoints.end() ? endpoints.front() : *found;
}

void Connection::note_first_byte() {
  if (has_spoken_ || BIO_number_read(SSL_get_rbio(ssl_.get())) == 0) return;
  has_spoken_ = true;
  shard_.spoke(number_);
}

void Connection::handshake_failed(int ssl_error) {
  const bool is_closed = ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_ZERO_RETURN;
  TlsFailure failure = is_closed ? TlsFailure::closed : tls_failure_of(ERR_peek_error());
  if (SSL_get_verify_result(ssl_.get()) == X509_V_ERR_CERT_UNTRUSTED)
    failure = TlsFailure::unknown_certificate;
  const std::string cause = is_closed ? "the client closed the connection" : take_tls_error();
  shard_.services().metrics.handshake_failed(failure == TlsFailure::unknown_certificate
                                                 ? "unknown_certificate"
                                             : is_closed ? "closed"
                                                         : "tls");
  if (failure == TlsFailure::unknown_certificate) {
    note_unknown_certificate();
  } else {
    note_failed_handshake(failure, cause);
  }
  // The alert with the reason is on its way: a reset must not overtake it.
  shard_.handshake_ended(number_);
  begin_lingering();
}

void Connection::note_unknown_certificate() {
  Services& services = shard_.services();
  const std::string certificate = seen_.certificate ? seen_.certificate->hex() : std::string();
  services.log.warning(
      "refused a client certificate that the registry does not know; register it or its CA, or "
      "let the device start again with its claim",
      {telemetry::pays({"from", source_ip_}),
       {"certificate", certificate},
       {"because", seen_.refusal.message}});
  note_refusal(cause_of_refusal(seen_.refusal), certificate,
               fmt::format("the registry does not know this client certificate, and {}",
                           seen_.refusal.message));
}

void Connection::note_failed_handshake(TlsFailure failure, const std::string& cause) {
  const std::string because = explain(failure, seen_.offer, ssl_.get());
  shard_.services().log.info(
      "a TLS handshake failed",
      {{"from", source_ip_}, {"cause", cause}, {"because", because.empty() ? cause : because}});
  if (!because.empty()) note_refusal(cause_of(failure), {}, because);
}

void Connection::note_refusal(Cause cause, const std::string& certificate,
                              const std::string& because) {
  constexpr auto kCategory = outcome::FailureCategory::handshake_refused;
  Services& services = shard_.services();
  services.metrics.device_refused("handshake", kCategory);
  services.journal.note(
      {household_of(source_ip_), "refused handshakes"},
      trail::record(
          {.certificate = certificate}, "tls_handshake"_step, trail::Outcome::denied,
          {.from = source_ip_, .because = because, .cause = cause, .category = kCategory}));
}

void Connection::read_some() {
  for (int i = 0; i < kReadsAtOnce && phase_ == Phase::open; ++i) {
    // Deferred requests wait for the rights to be read; resume_reading() continues.
    if (connected() != nullptr && connected()->has_deferred_requests()) return;
    ERR_clear_error();
    const std::span<std::uint8_t> buffer = shard_.read_buffer();
    const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) {
      session_.receive(BytesView(buffer).first(static_cast<std::size_t>(got)),
                       shard_.services().clock.monotonic());
      pump();
      if (ConnectedClient* client = connected()) client->note_activity();
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    if (error == SSL_ERROR_WANT_READ) return wait_for_input();
    if (error == SSL_ERROR_WANT_WRITE) return wait_for_output();
    session_.connection_lost();
    return pump();
  }
  // More input may be pending: let other connections have their turn first.
  if (phase_ == Phase::open) shard_.post_to(number_, [](Connection& self) { self.on_ready(); });
}

void Connection::resume_reading() {
  shard_.post_to(number_, [](Connection& self) {
    if (self.phase_ == Phase::open) self.on_ready();
  });
}

void Connection::pump() {
  if (is_pumping_ || phase_ == Phase::dead) return;
  is_pumping_ = true;
  bool has_more = true;
  while (has_more && phase_ != Phase::dead) {
    while (auto action = session_.next_action()) carry_out(std::move(*action));
    flush();
    // What was written has made room for more, and a lost connection must be closed.
    auto action = session_.next_action();
    has_more = action.has_value();
    if (has_more) carry_out(std::move(*action));
  }
  is_pumping_ = false;
  if (phase_ != Phase::dead) shard_.schedule(*this);
}

void Connection::carry_out(mqtt::ServerAction action) {
  if (auto* send = std::get_if<mqtt::SendBytes>(&action)) {
    output_.insert(output_.end(), send->bytes.begin(), send->bytes.end());
  } else if (auto* close = std::get_if<mqtt::Close>(&action)) {
    begin_closing(std::move(*close));
  } else if (client_) {
    client_->handle(std::move(action));
  }
}

void Connection::flush() {
  while (written_ < output_.size() && (phase_ == Phase::open || phase_ == Phase::closing)) {
    ERR_clear_error();
    const std::size_t size = std::min(output_.size() - written_, kWriteAtOnce);
    const int sent = SSL_write(ssl_.get(), output_.data() + written_, static_cast<int>(size));
    if (sent > 0) {
      written_ += static_cast<std::size_t>(sent);
      session_.written(static_cast<std::size_t>(sent), shard_.services().clock.monotonic());
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), sent);
    if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ) {
      drop_written();
      return error == SSL_ERROR_WANT_WRITE ? wait_for_output() : wait_for_input();
    }
    output_.clear();
    written_ = 0;
    if (phase_ == Phase::closing) return die();
    session_.connection_lost();
    return;
  }
  // An idle connection keeps no buffer.
  output_ = Bytes();
  written_ = 0;
  if (phase_ == Phase::closing) finish_closing();
}

/// Without this, a reader that is always a little behind would make the buffer grow forever.
void Connection::drop_written() {
  output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(written_));
  written_ = 0;
}

void Connection::begin_closing(mqtt::Close close) {
  phase_ = Phase::closing;
  closing_deadline_ = shard_.services().clock.monotonic() + kClosingTime;
  const bool is_lost = close.reason == mqtt::CloseReason::connection_lost;
  if (client_) client_->closed(std::move(close));
  if (is_lost) die();
}

void Connection::finish_closing() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  begin_lingering();
}

void Connection::begin_lingering() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  phase_ = Phase::lingering;
  closing_deadline_ = shard_.services().clock.monotonic() + kLingeringTime;
  linger();
}

void Connection::linger() {
  std::array<std::uint8_t, 4096> unread;
  const ssize_t got = ::recv(socket_.native_handle(), unread.data(), unread.size(), MSG_DONTWAIT);
  if (got > 0) return shard_.post_to(number_, [](Connection& self) { self.on_ready(); });
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return wait_for_input();
  die();
}

void Connection::die() {
  if (phase_ == Phase::dead) return;
  if (phase_ == Phase::handshaking) shard_.handshake_ended(number_);
  phase_ = Phase::dead;
  boost::system::error_code ignored;
  socket_.close(ignored);
  shard_.remove(number_);
}

void Connection::tick(Monotonic now) {
  if (phase_ == Phase::handshaking || phase_ == Phase::open) {
    if (phase_ == Phase::handshaking && !has_spoken_ && now >= silence_ends_)
      return give_up("timeout");
    if (ConnectedClient* client = connected()) client->tick(now);
    session_.tick(now);
    if (phase_ == Phase::handshaking && session_.is_closed()) return give_up("timeout");
    return pump();
  }
  if (now >= closing_deadline_) die();
}

void Connection::give_way() {
  if (phase_ == Phase::handshaking) give_up("crowded_out");
}

void Connection::give_up(const char* reason) {
  shard_.services().metrics.handshake_failed(reason);
  die();
}

std::optional<Monotonic> Connection::deadline() const {
  if (phase_ == Phase::dead) return std::nullopt;
  if (phase_ == Phase::closing || phase_ == Phase::lingering) return closing_deadline_;
  std::optional<Monotonic> soonest = session_.next_deadline();
  const auto sooner = [&soonest](std::optional<Monotonic> other) {
    if (other && soonest) soonest = std::min(*soonest, *other);
  };
  if (phase_ == Phase::handshaking && !has_spoken_) {
    if (!soonest) soonest = silence_ends_;
    sooner(silence_ends_);
  }
  if (const ConnectedClient* client = connected()) sooner(client->deadline());
  return soonest;
}

void Connection::wait_for_input() {
  if (waits_for_input_ || phase_ == Phase::dead) return;
  waits_for_input_ = true;
  socket_.async_wait(Socket::wait_read, shard_.handler(number_, [](Connection& self) {
    self.waits_for_input_ = false;
    self.on_ready();
  }));
}

void Connection::wait_for_output() {
  if (waits_for_output_ || phase_ == Phase::dead) return;
  waits_for_output_ = true;
  socket_.async_wait(Socket::wait_write, shard_.handler(number_, [](Connection& self) {
    self.waits_for_output_ = false;
    if (self.phase_ == Phase::open) self.pump();
    self.on_ready();
  }));
}

}  // namespace imprint::server
