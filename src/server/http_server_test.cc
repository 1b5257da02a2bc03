// SPDX-License-Identifier: Apache-2.0
// How the HTTPS listener shares its places, tested over the wire with few places.
#include "server/http_server.h"

#include <csignal>
#include <gmock/gmock.h>
#include <thread>

#include "rest/web_session.h"
#include "test/support/control_api_world.h"
#include "test/support/tls_socket.h"

namespace imprint::server {
namespace {

using test::AwsSigner;
using test::TlsSocket;
using testing::HasSubstr;

/// The control plane behind a listener with few places.
class SmallListener {
 public:
  explicit SmallListener(std::size_t places) {
    std::signal(SIGPIPE, SIG_IGN);
    const test::Identity own = test::make_device(world.ca, "localhost");
    const ServerCredentials credentials{
        {{own.certificate.pem(),
          std::make_shared<const Secret>(std::string(own.key.pem_pkcs8().reveal()))}},
        world.ca.certificate.pem()};
    auto made = HttpServer::make(
        credentials, {boost::asio::ip::make_address("127.0.0.1"), 0},
        {.answer = [this](rest::HttpRequest request) { return answer(std::move(request)); },
         .named_key = [this](const rest::HttpRequest& head) { return world.api.named_key(head); },
         .speaks_mqtt = [](const std::string&) {}},
        places, world.log);
    EXPECT_TRUE(made) << made.error().message;
    http_ = std::move(*made);
    thread_ = std::thread([this] { http_->run(); });
  }
  ~SmallListener() {
    http_->stop();
    thread_.join();
    http_->run_leftovers();
  }

  [[nodiscard]] std::uint16_t port() const { return http_->address().port(); }

  TlsSocket connect(const std::string& from = "127.0.0.1") {
    TlsSocket socket;
    EXPECT_TRUE(socket.connect(port(), {.from = from}));
    return socket;
  }
  /// Makes another operator; returns a signer with its access key.
  AwsSigner another_operator(const std::string& name) {
    const test::Reply made =
        world.must("POST", "/imprint/v1/credentials",
                   encoding::to_json(encoding::json::object{{"name", name}, {"role", "admin"}}));
    return {.access_key_id = made.text("accessKeyId"), .secret = made.text("secretAccessKey")};
  }
  /// The request as sent over the wire, without its body.
  std::string head(const AwsSigner& who, const std::string& method, const std::string& target,
                   const std::string& body = "") {
    rest::HttpRequest request{method, target, {}, body, ""};
    who.sign(request, world.clock.now());
    std::string out = method + " " + target + " HTTP/1.1\r\n";
    for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
    return out + fmt::format("Content-Length: {}\r\n\r\n", body.size());
  }
  /// Sends a request on an open connection; returns the start of the answer, or empty if the
  /// connection is closed.
  std::string ask(TlsSocket& socket, const AwsSigner& who) {
    return socket.write(head(who, "GET", "/things")) ? socket.read_text() : std::string();
  }
  std::string sign_in(const std::string& from, const std::string& secret) {
    TlsSocket socket = connect(from);
    const std::string body = encoding::to_json(
        encoding::json::object{{"accessKeyId", test::kAccessKeyId}, {"secretAccessKey", secret}});
    socket.write(
        fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    rest::kSessionTarget, body.size(), body));
    return socket.read_text();
  }
  /// The number of recorded refusals that came from an address.
  std::size_t refusals_from(const std::string& address) {
    const auto events = world.events();
    return static_cast<std::size_t>(std::ranges::count_if(events, [&](const auto& event) {
      return event.outcome != "ok" &&
             event.detail.find(fmt::format(R"("source_ip":"{}")", address)) != std::string::npos;
    }));
  }

  test::ControlApiWorld world;

 private:
  runtime::Task<rest::HttpResponse> answer(rest::HttpRequest request) {
    if (request.target == rest::kSessionTarget)
      co_return co_await world.api.handle_session(std::move(request));
    co_return co_await world.api.handle(std::move(request));
  }

  std::unique_ptr<HttpServer> http_;
  std::thread thread_;
};

TEST(HttpPlaces, AreSharedAmongOperatorsByKey) {
  SmallListener listener(12);
  const AwsSigner greedy = listener.another_operator("greedy");
  const AwsSigner modest = listener.another_operator("modest");
  std::vector<TlsSocket> many;
  const auto take_places = [&](int count) {
    for (int i = 0; i < count; ++i) {
      many.push_back(listener.connect());
      ASSERT_THAT(listener.ask(many.back(), greedy), HasSubstr(" 200 ")) << i;
    }
  };
  take_places(20);
  TlsSocket kept = listener.connect("127.0.0.2");
  ASSERT_THAT(listener.ask(kept, modest), HasSubstr(" 200 "));
  take_places(20);
  EXPECT_THAT(listener.ask(kept, modest), HasSubstr(" 200 ")) << "it was not closed";
  EXPECT_TRUE(many.front().is_ended());
}

TEST(HttpPlaces, NamingAKeyIsNotEnough) {
  SmallListener listener(12);
  AwsSigner pretender;
  pretender.secret = "not the secret";
  TlsSocket pretended = listener.connect();
  ASSERT_THAT(listener.ask(pretended, pretender), HasSubstr(" 403 "));
  TlsSocket proved = listener.connect();
  ASSERT_THAT(listener.ask(proved, listener.world.signer), HasSubstr(" 200 "));
  std::vector<TlsSocket> strangers;
  for (int i = 0; i < 8; ++i) {
    strangers.push_back(listener.connect());
    ASSERT_THAT(listener.ask(strangers.back(), pretender), HasSubstr(" 403 "));
  }
  EXPECT_TRUE(pretended.is_ended()) << "not authenticated, like the others, and the oldest";
  EXPECT_THAT(listener.ask(proved, listener.world.signer), HasSubstr(" 200 "));
}

TEST(HttpPlaces, ForLongBodiesAreSharedByKeyAndAddress) {
  SmallListener listener(90);
  const std::string key(test::kAccessKeyId);
  const AwsSigner other = listener.another_operator("other");
  const std::string body = R"({"policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[]}"})" +
                           std::string(20'000, ' ');
  const auto begin = [&](const std::string& from) {
    TlsSocket socket = listener.connect(from);
    EXPECT_TRUE(socket.write(listener.head(listener.world.signer, "POST", "/policies/p", body)));
    return socket;
  };
  // A request that is not refused at once is being read: it has a place until its body has arrived.
  const auto is_read = [](TlsSocket& socket) {
    return socket.read(std::chrono::milliseconds(300)) == std::nullopt;
  };
  std::vector<TlsSocket> greedy;
  for (int i = 0; i < 8; ++i) greedy.push_back(begin("127.0.0.1"));
  EXPECT_TRUE(is_read(greedy.back()));
  EXPECT_THAT(begin("127.0.0.1").read_text(), HasSubstr(" 503 ")) << "its share is used up";
  for (int i = 0; i < 8; ++i) greedy.push_back(begin("127.0.0.2"));
  EXPECT_TRUE(is_read(greedy.back()));
  for (const char* from : {"127.0.0.1", "127.0.0.3"}) {
    TlsSocket socket = listener.connect(from);
    ASSERT_TRUE(socket.write(listener.head(other, "POST", "/policies/q", body)));
    EXPECT_TRUE(is_read(socket)) << from;
    ASSERT_TRUE(socket.write(body));
    EXPECT_THAT(socket.read_text(), HasSubstr("HTTP/1.1 4")) << from << ": it was judged";
  }
  EXPECT_TRUE(greedy[8].is_ended()) << "the oldest of the payer with the most gave way";
  EXPECT_TRUE(greedy.back().write(body));
  EXPECT_THAT(greedy.back().read_text(), HasSubstr("HTTP/1.1 4"));
}

TEST(HttpRequests, ArriveInAnyPieces) {
  SmallListener listener(90);
  const AwsSigner& who = listener.world.signer;
  const std::string body = R"({"attributePayload":{"attributes":{"a":"b"}}})";
  const std::string create = listener.head(who, "POST", "/things/a", body) + body;
  const std::string twice = create + listener.head(who, "GET", "/things/a");
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, twice.size()}) {
    TlsSocket socket = listener.connect();
    for (std::size_t at = 0; at < twice.size(); at += size)
      ASSERT_TRUE(socket.write(twice.substr(at, size)));
    std::string answers;
    while (answers.find(R"("version":1)") == std::string::npos) {
      const std::string more = socket.read_text();
      ASSERT_NE(more, "") << size << ": " << answers;
      answers += more;
    }
    EXPECT_THAT(answers, testing::StartsWith("HTTP/1.1 200 OK\r\n")) << size;
    EXPECT_THAT(answers, HasSubstr(R"("attributes":{"a":"b"})")) << size;
  }
}

TEST(HttpRequests, MayBeChunked) {
  SmallListener listener(90);
  TlsSocket socket = listener.connect();
  std::string head = listener.head(listener.world.signer, "POST", "/things/a", "{}");
  head.replace(head.find("Content-Length: 2"), 17, "Transfer-Encoding: chunked");
  ASSERT_TRUE(socket.write(head + "1\r\n{\r\n"));
  ASSERT_TRUE(socket.write("1\r\n}\r\n0\r\n\r\n"));
  EXPECT_THAT(socket.read_text(), HasSubstr(R"("thingName":"a")"));
}

TEST(DashboardSignIn, GuessingDoesNotLockOutOthers) {
  SmallListener listener(90);
  const std::string secret(test::kSecretAccessKey);
  for (std::int64_t i = 0; i < access::Sessions::kTries; ++i)
    EXPECT_THAT(listener.sign_in("127.0.0.1", "wrong"), HasSubstr(" 401 "));
  EXPECT_THAT(listener.sign_in("127.0.0.1", secret), HasSubstr("too many wrong secrets"));
  EXPECT_THAT(listener.sign_in("127.0.0.2", secret), HasSubstr(" 200 "));
}

TEST(RefusalsOnRecord, ThoseOfOneAddressDoNotHideOthers) {
  SmallListener listener(90);
  const std::size_t most = telemetry::AuditBudget::kBurst;
  AwsSigner pretender;
  pretender.secret = "not the secret";
  TlsSocket loud = listener.connect("127.0.0.1");
  for (std::size_t i = 0; i < most + 5; ++i)
    ASSERT_THAT(listener.ask(loud, pretender), HasSubstr(" 403 "));
  EXPECT_EQ(listener.refusals_from("127.0.0.1"), most);
  TlsSocket quiet = listener.connect("127.0.0.2");
  ASSERT_THAT(listener.ask(quiet, pretender), HasSubstr(" 403 "));
  EXPECT_EQ(listener.refusals_from("127.0.0.2"), 1U);
  // At the dashboard one address has few tries; several addresses use up the budget for all.
  for (int host = 3; host < 10; ++host) {
    for (std::int64_t i = 0; i < access::Sessions::kTries; ++i)
      listener.sign_in(fmt::format("127.0.0.{}", host), "wrong");
  }
  EXPECT_EQ(listener.refusals_from("127.0.0.9"), access::Sessions::kTries);
}

}  // namespace
}  // namespace imprint::server
