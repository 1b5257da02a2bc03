// SPDX-License-Identifier: Apache-2.0
#include "server/http_server.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/household.h"
#include "server/time_limits.h"

namespace imprint::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeaderBytes = 32 * 1024;
constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{1} << 20U;
/// A longer body is read only if the headers name an access key of an operator.
constexpr std::uint64_t kMaxUnauthenticatedBodyBytes = std::uint64_t{16} << 10U;
/// The number of longer bodies that are read or answered at the same time, in total and for one
/// payer.
constexpr std::size_t kLongBodies = 16;
constexpr std::size_t kLongBodiesPerPayer = 8;
/// Unauthenticated clients may use at most one in this many connections.
constexpr std::size_t kUnauthenticatedDivisor = 3;
constexpr std::size_t kFirstRead = 4096;
constexpr std::size_t kRead = 16 * 1024;
constexpr auto kAcceptPause = std::chrono::milliseconds(20);

using Message = http::request<http::string_body>;

/// The request without its body.
rest::HttpRequest head_of(const Message& in, std::string source_ip) {
  rest::HttpRequest out;
  out.method = std::string(in.method_string());
  out.target = std::string(in.target());
  for (const auto& field : in) out.headers.emplace_back(field.name_string(), field.value());
  out.source_ip = std::move(source_ip);
  return out;
}

/// The bytes of the response, except for the body of a stream.
std::string write_response(const rest::HttpResponse& in, unsigned version, bool keep_alive) {
  std::string out =
      fmt::format("HTTP/{}.{} {} {}\r\n", version / 10, version % 10, in.status,
                  std::string_view(http::obsolete_reason(static_cast<http::status>(in.status))));
  const auto add = [&](std::string_view name, std::string_view value) {
    out += fmt::format("{}: {}\r\n", name, value);
  };
  if (!in.content_type.empty()) add("Content-Type", in.content_type);
  for (const auto& [name, value] : in.headers) add(name, value);
  if (keep_alive && version < 11) add("Connection", "keep-alive");
  if (!keep_alive && version >= 11) add("Connection", "close");
  if (in.stream == nullptr) add("Content-Length", std::to_string(in.body.size()));
  return out + "\r\n" + in.body;
}

}  // namespace

/// One connection: the handshake, then requests and responses in turn. The pending operation keeps
/// it alive.
class HttpServer::Session : public std::enable_shared_from_this<HttpServer::Session> {
 public:
  Session(HttpServer& server, asio::ip::tcp::socket socket)
      : server_(server),
        number_(++server.last_number_),
        tls_(server.tls_),
        stream_(std::move(socket), *tls_) {
    error_code ignored;
    stream_.next_layer().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    source_ip_ = stream_.next_layer().socket().remote_endpoint(ignored).address().to_string();
    server_.sessions_.emplace(number_, this);
    server_.unauthenticated_.take(number_, source_ip_);
  }
  ~Session() {
    server_.long_bodies_.release(number_);
    server_.unauthenticated_.release(number_);
    server_.operators_.release(number_);
    server_.sessions_.erase(number_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    pause_.expires_after(kFirstByteTime);
    pause_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->give_way();
    });
    auto& socket = stream_.next_layer().socket();
    socket.async_wait(asio::ip::tcp::socket::wait_read,
                      [self = shared_from_this()](const error_code& error) {
                        self->pause_.cancel();
                        if (!error) self->shake_hands();
                      });
  }

  /// Another connection needs its place: cancels the pending operation.
  void give_way() { stream_.next_layer().close(); }

 private:
  void shake_hands() {
    server_.unauthenticated_.mark_active(number_);
    stream_.next_layer().expires_after(kHandshakeTime);
    stream_.async_handshake(asio::ssl::stream_base::server,
                            [self = shared_from_this()](const error_code& error) {
                              if (!error) self->read();
                            });
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxBodyBytes);
    if (buffer_.size() > 0) return read_header();
    // The wait for a request may be long; a request that has begun must arrive soon.
    stream_.next_layer().expires_after(key_.empty() ? kUnauthenticatedIdleTime : kIdleTime);
    server_.operators_.mark_idle(number_);
    receive(kFirstRead, &Session::begin);
  }

  void begin() {
    if (begins_with_connect()) return close_on_mqtt();
    read_header();
  }

  // All reads share one function and all writes another: each further instantiation takes the
  // compiler ten seconds.

  using Then = void (Session::*)();

  void receive(std::size_t most, Then then) {
    stream_.async_read_some(buffer_.prepare(most), [self = shared_from_this(), then](
                                                       const error_code& error, std::size_t size) {
      if (error) return self->refuse(error);
      self->buffer_.commit(size);
      std::invoke(then, *self);
    });
  }

  void send(std::string text, Then then) {
    sent_ = std::move(text);
    stream_.next_layer().expires_after(kRequestTime);
    asio::async_write(stream_, asio::buffer(sent_),
                      [self = shared_from_this(), then](const error_code& error, std::size_t) {
                        self->sent_.clear();
                        if (!error) std::invoke(then, *self);
                      });
  }

  /// Parses received bytes; false if they are not HTTP, in which case the answer has been sent.
  template <class Done>
  bool parse(Done is_done) {
    error_code error;
    while (buffer_.size() > 0 && !is_done() && !error)
      buffer_.consume(parser_->put(buffer_.data(), error));
    if (!error || error == http::error::need_more) return true;
    refuse(error);
    return false;
  }

  /// True if the first byte is that of MQTT's CONNECT, with which no HTTP request begins.
  bool begins_with_connect() const {
    constexpr std::uint8_t kConnect = 0x10;
    return *static_cast<const std::uint8_t*>(buffer_.data().data()) == kConnect;
  }

  void close_on_mqtt() {
    server_.handlers_.speaks_mqtt(source_ip_);
    close();
  }

  void read_header() {
    server_.operators_.mark_active(number_);
    stream_.next_layer().expires_after(kHeaderTime);
    go_on_with_header();
  }

  void go_on_with_header() {
    if (!parse([this] { return parser_->is_header_done(); })) return;
    if (!parser_->is_header_done()) return receive(kRead, &Session::go_on_with_header);
    judge_header();
  }

  /// A long body from an unauthenticated client is not read; the answer says that authentication is
  /// needed.
  void judge_header() {
    const auto length = parser_->content_length();
    const bool is_long = parser_->chunked() || length.value_or(0) > kMaxUnauthenticatedBodyBytes;
    if (!is_long) return read_body();
    const auto key = server_.handlers_.named_key(head_of(parser_->get(), source_ip_));
    if (!key) return start_answer(Body::left_unread);
    if (!begin_long_body(*key)) return refuse_for_now();
    read_body();
  }

  /// The client has not proved that it has the key, so the payer includes its address: a client
  /// that names another's key does not use up that operator's share. A body that is still being
  /// read gives way; one that is being answered does not.
  bool begin_long_body(const std::string& key) {
    Slots& places = server_.long_bodies_;
    const std::string payer = key + " from " + household_of(source_ip_);
    if (places.taken_by(payer) >= kLongBodiesPerPayer) return false;
    if (const auto other = places.next_to_evict(); other && !places.is_idle(*other)) return false;
    server_.make_room(places);
    places.take(number_, payer);
    return true;
  }

  void read_body() {
    stream_.next_layer().expires_after(kRequestTime);
    parser_->eager(true);
    continue_body();
  }

  void continue_body() {
    if (!parse([this] { return parser_->is_done(); })) return;
    if (!parser_->is_done()) return receive(kRead, &Session::continue_body);
    start_answer(Body::whole);
  }

  enum class Body { whole, left_unread };

  void start_answer(Body body) {
    server_.long_bodies_.mark_active(number_);
    stream_.next_layer().expires_never();
    runtime::start(answer(shared_from_this(), body));
  }

  static runtime::Task<void> answer(std::shared_ptr<Session> self, Body body) {
    Message message = self->parser_->release();
    const unsigned version = message.version();
    self->keep_alive_ = body == Body::whole && message.keep_alive();
    rest::HttpRequest request = head_of(message, self->source_ip_);
    const auto key = self->server_.handlers_.named_key(request);
    if (body == Body::whole) request.body = std::move(message.body());
    auto response = co_await self->server_.handlers_.answer(std::move(request));
    self->server_.long_bodies_.release(self->number_);
    if (response.is_for_operator) self->authenticated_as(key.value_or(std::string()));
    // The body of a stream ends when the connection closes, so it needs no length (RFC 9112 section
    // 6.3, item 8).
    if (response.stream != nullptr) self->keep_alive_ = false;
    std::string text = write_response(response, version, self->keep_alive_);
    self->body_stream_ = std::move(response.stream);
    self->send(std::move(text), self->body_stream_ == nullptr ? &Session::next : &Session::go_on);
  }

  /// From now on the connection is an operator's and gives way to operators only.
  void authenticated_as(const std::string& key) {
    if (key == key_ || key.empty()) return;
    server_.unauthenticated_.release(number_);
    server_.operators_.release(number_);
    server_.make_room(server_.operators_);
    server_.operators_.take(number_, key);
    server_.operators_.mark_active(number_);
    key_ = key;
  }

  void refuse_for_now() {
    rest::HttpResponse response{
        .status = 503,
        .body = R"({"message":"too many long requests at once; try again in a moment"})",
        .headers = {{"Retry-After", "1"}}};
    keep_alive_ = false;
    send(write_response(response, 11, keep_alive_), &Session::next);
  }

  void refuse(const error_code& error) {
    const bool is_too_large =
        error == http::error::body_limit || error == http::error::header_limit;
    const bool is_http =
        error.category() == http::make_error_code(http::error::bad_method).category();
    if (!is_http) return close();
    rest::HttpResponse response{
        .status = is_too_large ? 413 : 400,
        .body = R"({"message":"the request is not well-formed HTTP, or larger than 1 MiB"})"};
    keep_alive_ = false;
    send(write_response(response, 11, keep_alive_), &Session::next);
  }

  void next() {
    if (!keep_alive_) return close();
    read();
  }

  void go_on() {
    auto text = body_stream_->next();
    if (!text) return close();
    if (text->empty()) return pause();
    send(std::move(*text), &Session::pause);
  }

  void pause() {
    stream_.next_layer().expires_never();
    pause_.expires_after(rest::BodyStream::kPeriod);
    pause_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->go_on();
    });
  }

  void close() {
    server_.operators_.mark_idle(number_);
    stream_.next_layer().expires_after(kHandshakeTime);
    stream_.async_shutdown([self = shared_from_this()](const error_code&) {});
  }

  HttpServer& server_;
  const std::uint64_t number_;
  std::string key_;                          ///< of the authenticated operator; empty if none
  std::shared_ptr<asio::ssl::context> tls_;  // kept, because a reload replaces the server's
  asio::ssl::stream<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string sent_;
  bool keep_alive_ = false;
  std::string source_ip_;
  std::unique_ptr<rest::BodyStream> body_stream_;  ///< of a streamed response
  asio::steady_timer pause_{server_.loop_};
};

HttpServer::HttpServer(Handlers handlers, std::size_t most_connections, telemetry::Log& log)
    : handlers_(std::move(handlers)),
      log_(log),
      most_connections_(most_connections),
      unauthenticated_(most_connections / kUnauthenticatedDivisor),
      operators_(most_connections - most_connections / kUnauthenticatedDivisor),
      long_bodies_(kLongBodies) {}
HttpServer::~HttpServer() = default;

Result<std::shared_ptr<asio::ssl::context>> HttpServer::make_tls(
    const ServerCredentials& credentials) {
  TRY_ASSIGN(SslContextPtr context, make_tls_context(credentials, TlsStacks::current));
  return std::make_shared<asio::ssl::context>(context.release());
}

Result<void> HttpServer::use_credentials_of(const ServerCredentials& credentials) {
  TRY_ASSIGN(auto tls, make_tls(credentials));
  post([this, tls] { tls_ = tls; });
  return {};
}

Result<std::unique_ptr<HttpServer>> HttpServer::make(const ServerCredentials& credentials,
                                                     const Address& address, Handlers handlers,
                                                     std::size_t most_connections,
                                                     telemetry::Log& log) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handlers), most_connections, log));
  TRY_ASSIGN(server->tls_, make_tls(credentials));
  error_code error;
  auto& acceptor = server->acceptor_;
  acceptor.open(address.protocol(), error);
  if (!error) acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    const bool is_taken = error == asio::error::address_in_use;
    return fail(
        is_taken ? Fault::conflict : Fault::unavailable,
        "cannot listen on {}:{}: {}; find the process that does: ss -ltnp 'sport = :{}', or choose "
        "another address or port (listen.http, --http)",
        address.address().to_string(), address.port(), error.message(), address.port());
  }
  server->address_ = acceptor.local_endpoint(error);
  return server;
}

void HttpServer::run() {
  const Executor::Scope scope(*this);
  accept_next();
  loop_.run();
}

std::size_t HttpServer::run_leftovers() {
  const Executor::Scope scope(*this);
  loop_.restart();
  return loop_.poll();
}

void HttpServer::post(std::function<void()> work) { asio::post(loop_, std::move(work)); }

void HttpServer::accept_next() {
  acceptor_.async_accept([this](const error_code& error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (error) {
      // Out of descriptors or memory; try again after a pause.
      log_.warning("cannot accept an HTTPS connection", {{"cause", error.message()}});
      retry_.expires_after(kAcceptPause);
      return retry_.async_wait([this](const error_code&) { accept_next(); });
    }
    make_room(unauthenticated_);
    if (has_room()) std::make_shared<Session>(*this, std::move(socket))->start();
    accept_next();
  });
}

/// A newcomer is always admitted; the connection that least needs its place is closed.
void HttpServer::make_room(Slots& places) {
  while (const auto number = places.next_to_evict()) {
    places.release(*number);
    if (const auto it = sessions_.find(*number); it != sessions_.end()) it->second->give_way();
  }
}

void HttpServer::every(Milliseconds period, std::function<void()> work) {
  auto timer = std::make_shared<asio::steady_timer>(loop_, period);
  auto again = std::make_shared<std::function<void(const error_code&)>>();
  *again = [timer, period, work, weak = std::weak_ptr(again)](const error_code& error) {
    if (error) return;
    work();
    timer->expires_after(period);
    if (const auto next = weak.lock())
      timer->async_wait([next](const error_code& e) { (*next)(e); });
  };
  post(work);
  timer->async_wait([again](const error_code& e) { (*again)(e); });
}

void HttpServer::stop() {
  post([this] {
    error_code ignored;
    acceptor_.close(ignored);
    loop_.stop();
  });
}

}  // namespace imprint::server
