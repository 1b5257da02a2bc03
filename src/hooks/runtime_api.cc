// SPDX-License-Identifier: Apache-2.0
// The Lambda Runtime API (2018-06-01), for workers that come and ask for events: aws-lambda-ric, or
// a loop of a few lines. A worker may fetch an event over one connection and answer over another,
// so a connection that closes says nothing about the event that went out over it; its deadline
// does.
#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <map>
#include <optional>
#include <sys/socket.h>

#include "base/name.h"
#include "encoding/text.h"
#include "hooks/carrier.h"
#include "hooks/runtime_address.h"
#include "hooks/runtime_path.h"

namespace imprint::hooks {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kIdleTime = std::chrono::minutes(5);  // of a connection that sends no request
constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
constexpr std::size_t kSpareSessions = 64;  // in addition to two for each event that may be out
constexpr std::size_t kRememberedEvents = 1000;  // events whose answers came too late
constexpr std::string_view kAccepted = R"({"status":"OK"})";

std::string error_body(std::string_view type, std::string_view message) {
  return encoding::to_json(encoding::json::object{{"errorType", type}, {"errorMessage", message}});
}

/// In the format of AWS X-Ray; nothing here traces.
std::string make_trace_id(Random& random, Timestamp now) {
  std::array<std::uint8_t, 12> bytes{};
  random.fill(bytes);
  return fmt::format("Root=1-{:08x}-{};Sampled=0",
                     static_cast<std::uint32_t>(to_milliseconds(now) / 1000),
                     encoding::to_hex(bytes));
}

class RuntimeApi final : public Carrier {
 public:
  RuntimeApi(tcp::acceptor acceptor, const HookOptions& options, const CarrierParts& parts)
      : acceptor_(std::move(acceptor)),
        max_sessions_(2 * std::size_t{options.concurrency} + kSpareSessions),
        hook_(options.arn),
        clock_(parts.clock),
        random_(parts.random),
        log_(parts.log) {
    error_code ignored;
    const tcp::endpoint at = acceptor_.local_endpoint(ignored);
    address_ = fmt::format(fmt::runtime(at.address().is_v6() ? "[{}]:{}" : "{}:{}"),
                           at.address().to_string(), at.port());
    accept();
  }

  void send(Invocation invocation, Done done) override {
    const std::string id = invocation.request_id;
    ids_.emplace(invocation.number, id);
    held_.emplace(id, Held{std::move(invocation), std::move(done)});
    waiting_.push_back(id);
    hand_out();
  }

  std::string cancel(std::uint64_t number) override {
    const auto id = ids_.extract(number);
    if (id.empty()) return "nothing";
    const auto held = held_.extract(id.mapped());
    std::erase(waiting_, id.mapped());
    if (!held.mapped().is_out) return fmt::format("a worker to ask for it at http://{}", address_);
    remember(id.mapped());
    return "the worker that took it";
  }

  [[nodiscard]] std::string listens() const override { return address_; }

 private:
  class Session;
  struct Held {
    Invocation invocation;
    Done done;
    bool is_out = false;  ///< with a worker
  };

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && static_cast<std::size_t>(presence_.use_count()) <= max_sessions_)
        open(std::move(socket));
      accept();
    });
  }
  void open(tcp::socket socket);
  void hand_out();

  /// A worker's connection broke before it had the whole event: another worker may get it.
  void requeue(const std::string& id) {
    const auto it = held_.find(id);
    if (it == held_.end()) return;
    it->second.is_out = false;
    waiting_.push_front(id);
    hand_out();
  }

  /// False for an event that was never handed out.
  bool answered(const std::string& id, Reply reply) {
    const auto it = held_.find(id);
    if (it == held_.end()) return std::ranges::find(late_, id) != late_.end();
    if (!it->second.is_out) return false;
    Held held = std::move(held_.extract(it).mapped());
    ids_.erase(held.invocation.number);
    remember(id);
    held.done({std::move(reply)});
    return true;
  }

  void remember(const std::string& id) {
    late_.push_back(id);
    if (late_.size() > kRememberedEvents) late_.pop_front();
  }

  tcp::acceptor acceptor_;
  std::size_t max_sessions_;
  std::string hook_;
  const Clock& clock_;
  Random& random_;
  telemetry::Log& log_;
  std::string address_;
  std::map<std::uint64_t, std::string> ids_;  ///< number -> request id
  std::map<std::string, Held> held_;          ///< by request id
  std::deque<std::string> waiting_;           ///< request ids that nobody has taken yet
  std::deque<std::shared_ptr<Session>> polling_;
  std::deque<std::string> late_;
  /// Its use count limits the sessions: each holds a share, because a session may outlive this
  /// object.
  std::shared_ptr<const bool> presence_ = std::make_shared<const bool>(true);
};

/// One connection of a worker: requests in turn. It keeps itself alive through its pending
/// operation.
class RuntimeApi::Session : public std::enable_shared_from_this<RuntimeApi::Session> {
 public:
  Session(RuntimeApi& api, tcp::socket socket)
      : api_(api), stream_(std::move(socket)), presence_(api.presence_) {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxAnswerBytes);
    stream_.expires_after(kIdleTime);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (error) return self->refuse(error);
                       self->handle();
                     });
  }

  /// Writes an event to the worker that waits; false when it does not wait any more.
  bool deliver(const Invocation& invocation) {
    if (!is_polling_ || has_hung_up()) return false;
    is_polling_ = false;
    error_code ignored;
    stream_.socket().cancel(ignored);  // the watch for its hanging up
    http::response<http::string_body> out(http::status::ok, version_);
    out.set("Lambda-Runtime-Aws-Request-Id", invocation.request_id);
    out.set("Lambda-Runtime-Deadline-Ms", std::to_string(to_milliseconds(invocation.deadline)));
    out.set("Lambda-Runtime-Invoked-Function-Arn", invocation.arn);
    out.set("Lambda-Runtime-Trace-Id", make_trace_id(api_.random_, api_.clock_.now()));
    out.body() = *invocation.event;
    write(std::move(out), invocation.request_id);
    return true;
  }

 private:
  void handle() {
    const auto request = parser_->release();
    version_ = request.version();
    keep_alive_ = request.keep_alive();
    if (!is_loopback_host(request[http::field::host]) || request.count(http::field::origin) > 0)
      return answer(http::status::forbidden,
                    error_body("Forbidden", "workers of this machine only"));
    const auto call = parse_runtime_call(std::string_view(request.method_string()),
                                         std::string_view(request.target()));
    if (!call)
      return answer(http::status::not_found, error_body("NotFound", "no call of the Runtime API"));
    switch (call->kind) {
      case RuntimeCall::Kind::next:
        return wait_for_work();
      case RuntimeCall::Kind::response:
        return acknowledge(api_.answered(call->request_id, read_answer(request.body())));
      case RuntimeCall::Kind::error:
        return acknowledge(api_.answered(call->request_id, read_function_error(request.body())));
      case RuntimeCall::Kind::init_error:
        api_.log_.error(
            "a hook's worker could not start",
            {{"hook", api_.hook_}, {"because", read_function_error(request.body()).because}});
        return answer(http::status::accepted, std::string(kAccepted));
    }
  }

  void acknowledge(bool is_known) {
    if (is_known) return answer(http::status::accepted, std::string(kAccepted));
    answer(http::status::bad_request, error_body("InvalidRequestID", "Invalid request ID"));
  }

  void wait_for_work() {
    is_polling_ = true;
    stream_.expires_never();
    stream_.socket().async_wait(tcp::socket::wait_read,
                                [self = shared_from_this()](const error_code& error) {
                                  // It has hung up, or talks out of turn.
                                  if (!error && self->is_polling_) self->close();
                                });
    api_.polling_.push_back(shared_from_this());
    api_.hand_out();
  }

  bool has_hung_up() {
    char byte = 0;
    return ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }

  void refuse(const error_code& error) {
    if (error != http::error::body_limit && error != http::error::header_limit) return close();
    const auto& request = parser_->get();
    const auto call = parse_runtime_call(std::string_view(request.method_string()),
                                         std::string_view(request.target()));
    if (error == http::error::body_limit && call && !call->request_id.empty()) {
      const bool ignored = api_.answered(
          call->request_id,
          {.because = fmt::format("the worker's answer is larger than {} bytes", kMaxAnswerBytes)});
      static_cast<void>(ignored);
    }
    keep_alive_ = false;
    answer(http::status::payload_too_large,
           error_body("RequestEntityTooLarge", fmt::format("at most {} bytes", kMaxAnswerBytes)));
  }

  void answer(http::status status, std::string body) {
    http::response<http::string_body> out(status, version_);
    out.body() = std::move(body);
    write(std::move(out), {});
  }

  void write(http::response<http::string_body> response, std::string event) {
    response.set(http::field::content_type, "application/json");
    response.keep_alive(keep_alive_);
    response.prepare_payload();
    response_ = std::move(response);
    stream_.expires_after(kIdleTime);
    http::async_write(stream_, response_,
                      [self = shared_from_this(), event = std::move(event)](const error_code& error,
                                                                            std::size_t) {
                        if (error && !event.empty()) self->api_.requeue(event);
                        if (error || !self->keep_alive_) return self->close();
                        self->read();
                      });
  }

  void close() {
    is_polling_ = false;
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
    std::erase(api_.polling_, shared_from_this());
  }

  RuntimeApi& api_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool is_polling_ = false;
  std::shared_ptr<const bool> presence_;
};

void RuntimeApi::open(tcp::socket socket) {
  std::make_shared<Session>(*this, std::move(socket))->read();
}

void RuntimeApi::hand_out() {
  while (!waiting_.empty() && !polling_.empty()) {
    const auto session = polling_.front();
    polling_.pop_front();
    Held& held = held_.at(waiting_.front());
    if (!session->deliver(held.invocation)) continue;
    held.is_out = true;
    waiting_.pop_front();
  }
}

}  // namespace

Result<std::unique_ptr<Carrier>> make_runtime_carrier(const HookOptions& options,
                                                      const CarrierParts& parts) {
  TRY_ASSIGN(const RuntimeAddress address, RuntimeAddress::parse(options.listen));
  tcp::acceptor acceptor(parts.loop);
  error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address.address, error), address.port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return fail_at(Fault::unavailable, "listen", "cannot listen on {}: {}; choose another port",
                   quote(options.listen), error.message());
  }
  return std::make_unique<RuntimeApi>(std::move(acceptor), options, parts);
}

}  // namespace imprint::hooks
