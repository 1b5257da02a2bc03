// SPDX-License-Identifier: Apache-2.0
#include "fleet/link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <openssl/err.h>

namespace imprint::fleet {

namespace {

using boost::asio::ip::tcp;

constexpr std::size_t kReadBytes = 16 * 1024;

bool is_refusal(mqtt::ReasonCode code) {
  return code >= mqtt::ReasonCode::unspecified_error;  // MQTT 5.0 section 2.4
}

tl::unexpected<Failure> refused(mqtt::ReasonCode code, std::string_view what,
                                const std::string& reason) {
  const bool may_retry =
      code == mqtt::ReasonCode::server_unavailable || code == mqtt::ReasonCode::server_busy;
  return failed(Cause::refused, to_string(code),
                reason.empty() ? fmt::format("{} was refused", what)
                               : fmt::format("{} was refused: {}", what, reason),
                may_retry);
}

Failure lost(std::string message) {
  return {.cause = Cause::closed,
          .code = "connection lost",
          .message = std::move(message),
          .may_retry = true};
}

Failure to_failure(const mqtt::Closed& closed) {
  return {.cause = Cause::closed,
          .code = std::string(to_string(closed.code)),
          .message = closed.detail,
          .may_retry = closed.code == mqtt::ReasonCode::server_shutting_down ||
                       closed.code == mqtt::ReasonCode::server_busy};
}

}  // namespace

/// Suspends until there is an event or a failure.
struct Link::Suspend {
  Link& link;
  [[nodiscard]] bool await_ready() const noexcept {
    return !link.events_.empty() || link.failure_.has_value();
  }
  void await_suspend(std::coroutine_handle<> waiter) const noexcept { link.waiter_ = waiter; }
  void await_resume() const noexcept {}
};

Link::Link(const LinkContext& context)
    : context_(context), socket_(context.loop), timer_(context.loop) {}

// ---- operations ----

runtime::Task<Attempt<void>> Link::open(const Login& login, mqtt::ConnectOptions options) {
  boost::system::error_code error;
  socket_.open(context_.server.protocol(), error);
  if (error) co_return failed(Cause::local, "no socket", error.message());
  socket_.non_blocking(true, error);
  socket_.set_option(tcp::no_delay(true), error);
  ssl_ = context_.tls.connect(socket_.native_handle(), login);
  connect_options_ = std::move(options);
  socket_.async_connect(context_.server,
                        [self = shared_from_this()](const boost::system::error_code& outcome) {
                          self->connected(outcome);
                          self->wake();
                        });
  const Attempt<mqtt::ClientAction> event = co_await next_event();
  if (!event) co_return tl::unexpected(event.error());
  if (const auto* no = std::get_if<mqtt::Refused>(&*event)) {
    co_return refused(no->code, "CONNECT", no->reason);
  }
  co_return Attempt<void>();
}

runtime::Task<Attempt<void>> Link::subscribe(std::vector<std::string> filters) {
  std::vector<mqtt::SubscribePacket::Entry> entries;
  for (const std::string& filter : filters) {
    entries.push_back({.filter = filter, .options = {.qos = mqtt::QoS::at_least_once}});
  }
  if (failure_) co_return tl::unexpected(*failure_);
  const auto sent = session_->subscribe(entries, context_.clock.monotonic());
  if (!sent) co_return failed(Cause::local, "cannot subscribe", sent.error().message);
  pump();
  while (true) {
    const Attempt<mqtt::ClientAction> event = co_await next_event();
    if (!event) co_return tl::unexpected(event.error());
    const auto* answer = std::get_if<mqtt::Subscribed>(&*event);
    if (answer == nullptr) continue;
    for (std::size_t i = 0; i < answer->codes.size(); ++i) {
      if (is_refusal(answer->codes[i])) {
        co_return refused(answer->codes[i], "SUBSCRIBE to " + filters.at(i), answer->reason);
      }
    }
    co_return Attempt<void>();
  }
}

Attempt<std::uint16_t> Link::send(const mqtt::Message& message) {
  if (failure_) return tl::unexpected(*failure_);
  const auto sent =
      session_->publish(message, mqtt::QoS::at_least_once, false, context_.clock.monotonic());
  if (!sent) return failed(Cause::local, "cannot publish", sent.error().message);
  pump();
  return *sent;
}

runtime::Task<Attempt<void>> Link::publish(mqtt::Message message) {
  const Attempt<std::uint16_t> packet = send(message);
  if (!packet) co_return tl::unexpected(packet.error());
  while (true) {
    const Attempt<mqtt::ClientAction> event = co_await next_event();
    if (!event) co_return tl::unexpected(event.error());
    const auto* answer = std::get_if<mqtt::Acknowledged>(&*event);
    if (answer == nullptr || answer->packet_id != *packet) continue;
    if (is_refusal(answer->code)) {
      co_return refused(answer->code, "PUBLISH to " + message.topic, answer->reason);
    }
    co_return Attempt<void>();
  }
}

runtime::Task<Attempt<mqtt::MessagePtr>> Link::call(mqtt::Message message,
                                                    std::vector<std::string> answers) {
  const Attempt<std::uint16_t> packet = send(message);
  if (!packet) co_return tl::unexpected(packet.error());
  while (true) {
    Attempt<mqtt::ClientAction> event = co_await next_event();
    if (!event) co_return tl::unexpected(std::move(event).error());
    if (const auto* answer = std::get_if<mqtt::Acknowledged>(&*event)) {
      if (answer->packet_id == *packet && is_refusal(answer->code)) {
        co_return refused(answer->code, "PUBLISH to " + message.topic, answer->reason);
      }
    } else if (auto* received = std::get_if<mqtt::MessageReceived>(&*event)) {
      if (std::ranges::find(answers, received->message->topic) != answers.end()) {
        co_return std::move(received->message);
      }
    }
  }
}

void Link::close() {
  if (phase_ == Phase::closed) return;
  if (session_ && phase_ == Phase::open) {
    session_->disconnect();
    pump();
  }
  if (phase_ == Phase::open) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  release();
}

// ---- events ----

runtime::Task<Attempt<mqtt::ClientAction>> Link::next_event() {
  deadline_ = context_.clock.monotonic() + context_.timeout;
  arm_timer();
  co_await Suspend{*this};
  if (events_.empty()) co_return tl::unexpected(*failure_);
  mqtt::ClientAction event = std::move(events_.front());
  events_.pop_front();
  co_return event;
}

void Link::wake() {
  if (!waiter_ || (events_.empty() && !failure_)) return;
  // Must be last: the coroutine may release this link.
  std::exchange(waiter_, nullptr).resume();
}

void Link::arm_timer() {
  // One timer serves all waits: when it fires too early, it is set again.
  if (timer_is_armed_ || phase_ == Phase::closed) return;
  timer_is_armed_ = true;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    self->timer_is_armed_ = false;
    if (error || self->phase_ == Phase::closed) return;
    if (self->context_.clock.monotonic() < self->deadline_ || !self->waiter_) {
      if (self->waiter_) self->arm_timer();
      return;
    }
    self->fail({.cause = Cause::timeout,
                .code = "no answer",
                .message = fmt::format("no answer within {} ms", self->context_.timeout.count()),
                .may_retry = true});
    self->wake();
  });
}

void Link::fail(Failure failure) {
  if (!failure_) failure_ = std::move(failure);
  release();
}

void Link::release() {
  phase_ = Phase::closed;
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

// ---- input and output ----

void Link::connected(const boost::system::error_code& error) {
  if (phase_ == Phase::closed) return;
  if (error) {
    return fail({.cause = Cause::connect,
                 .code = error.message(),
                 .message = fmt::format("no connection to the server: {}", error.message()),
                 .may_retry = true});
  }
  phase_ = Phase::handshaking;
  handshake();
}

void Link::on_ready() {
  if (phase_ == Phase::handshaking) {
    handshake();
  } else if (phase_ == Phase::open) {
    read_some();
  }
  wake();
}

void Link::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return wait_for_input();
    if (error == SSL_ERROR_WANT_WRITE) return wait_for_output();
    return fail_tls(error);
  }
  phase_ = Phase::open;
  session_.emplace(connect_options_, context_.clock.monotonic());
  pump();
  wait_for_input();
}

void Link::fail_tls(int ssl_error) {
  const int system_error = errno;
  const bool is_handshake = phase_ == Phase::handshaking;
  const bool is_eof = ssl_error == SSL_ERROR_ZERO_RETURN ||
                      ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
                      (ssl_error == SSL_ERROR_SYSCALL && system_error == 0);
  const long verdict = SSL_get_verify_result(ssl_.get());
  const std::string reason = x509::take_openssl_error();
  if (is_handshake && verdict != X509_V_OK) {
    const char* why = X509_verify_cert_error_string(verdict);
    return fail(
        {.cause = Cause::tls,
         .code = why,
         .message = fmt::format("the server's certificate does not verify: {}; does the root "
                                "CA belong to this deployment, and is the endpoint one of the "
                                "names in its certificate?",
                                why)});
  }
  if (ssl_error == SSL_ERROR_SSL && !is_eof) {
    return fail({.cause = Cause::tls,
                 .code = reason,
                 .message = fmt::format("TLS failed: {}{}", reason,
                                        reason.find("alert") == std::string::npos
                                            ? ""
                                            : "; is the client certificate registered there?")});
  }
  const std::string what =
      is_eof ? "the server closed the connection" : std::strerror(system_error);
  if (!is_handshake) {
    // TLS 1.3 lets a client finish before the server has verified its certificate, and the alert of
    // a server that closes at once can get lost.
    return fail(lost(session_->is_connected()
                         ? what
                         : what + " before CONNACK; is the client certificate registered there?"));
  }
  fail({.cause = Cause::tls,
        .code = is_eof ? "closed during the handshake" : what,
        .message = what + " during the TLS handshake",
        .may_retry = true});
}

void Link::read_some() {
  std::array<std::uint8_t, kReadBytes> buffer;
  while (phase_ == Phase::open) {
    ERR_clear_error();
    errno = 0;
    const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) {
      session_->receive(BytesView(buffer).first(static_cast<std::size_t>(got)),
                        context_.clock.monotonic());
      pump();
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    if (error == SSL_ERROR_WANT_READ) return wait_for_input();
    if (error == SSL_ERROR_WANT_WRITE) return wait_for_output();
    return fail_tls(error);
  }
}

void Link::pump() {
  std::optional<Failure> end;
  while (auto action = session_->next_action()) {
    if (const auto* send = std::get_if<mqtt::SendBytes>(&*action)) {
      output_.insert(output_.end(), send->bytes.begin(), send->bytes.end());
    } else if (const auto* closed = std::get_if<mqtt::Closed>(&*action)) {
      if (closed->reason != mqtt::CloseReason::host_disconnected) end = to_failure(*closed);
    } else {
      events_.push_back(std::move(*action));
    }
  }
  flush();
  if (end) fail(std::move(*end));
}

void Link::flush() {
  while (written_ < output_.size() && phase_ == Phase::open) {
    ERR_clear_error();
    errno = 0;
    const int sent = SSL_write(ssl_.get(), output_.data() + written_,
                               static_cast<int>(output_.size() - written_));
    if (sent > 0) {
      written_ += static_cast<std::size_t>(sent);
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), sent);
    if (error == SSL_ERROR_WANT_WRITE) return wait_for_output();
    if (error == SSL_ERROR_WANT_READ) return wait_for_input();
    fail_tls(error);
  }
  output_.clear();
  written_ = 0;
}

void Link::wait_for_input() {
  if (waits_for_input_ || phase_ == Phase::closed) return;
  waits_for_input_ = true;
  socket_.async_wait(Socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       self->waits_for_input_ = false;
                       self->on_ready();
                     });
}

void Link::wait_for_output() {
  if (waits_for_output_ || phase_ == Phase::closed) return;
  waits_for_output_ = true;
  socket_.async_wait(Socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       self->waits_for_output_ = false;
                       if (self->phase_ == Phase::open) self->flush();
                       self->on_ready();
                     });
}

}  // namespace imprint::fleet
