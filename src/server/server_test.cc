// SPDX-License-Identifier: Apache-2.0
// The whole server in one process, on a real deployment directory.
#include "server/server.h"

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "access/access_key.h"
#include "base/file.h"
#include "deployment/create.h"
#include "issuance/issuer.h"
#include "registry/sqlite/sqlite_store.h"
#include "test/support/quiet_log.h"
#include "test/support/test_server.h"

namespace imprint::server {
namespace {

using test::MqttDevice;
using test::TlsSocket;
using testing::HasSubstr;
using testing::StartsWith;

/// A new deployment directory with one active client, and a server that can be restarted.
class Deployment {
 public:
  Deployment() {
    std::signal(SIGPIPE, SIG_IGN);
    std::string name = (std::filesystem::temp_directory_path() / "imprint-server-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    scratch_ = name;
    layout = deployment::Layout(scratch_ / "d");
    const auto created = deployment::create(layout.directory(), {}, clock, random);
    EXPECT_TRUE(created) << created.error().message;
    config = *deployment::Config::load(layout.config());
    config.listen.mqtt.port = 0;
    config.listen.http.port = 0;
    config.listen.threads = 2;
    config.templates.key_algorithm = x509::KeyAlgorithm::ec_p256;
    enroll();
  }
  ~Deployment() {
    server.reset();
    std::filesystem::remove_all(scratch_);
  }

  void start() {
    auto made = Server::start(layout, config, log);
    ASSERT_TRUE(made) << made.error().message;
    server = std::move(*made);
  }
  [[nodiscard]] static std::uint16_t port_of(const std::string& address) {
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  [[nodiscard]] std::uint16_t mqtt() const { return port_of(server->mqtt_address()); }
  [[nodiscard]] std::uint16_t http() const { return port_of(server->http_address()); }

  SystemClock clock;
  SystemRandom random;
  telemetry::Log log = test::quiet_log();
  deployment::Layout layout{""};
  deployment::Config config;
  std::unique_ptr<Server> server;
  test::TlsOptions client;

 private:
  /// The registry identifies a certificate by its fingerprint, so any certificate will do.
  void enroll() {
    const test::Identity ca = test::make_root("a root");
    const test::Identity made = test::make_device(ca, "client");
    client = {.certificate = made.certificate.pem(),
              .key = std::string(made.key.pem_pkcs8().reveal())};
    auto store = *registry::SqliteStore::open(layout.store());
    registry::ChangeSet changes;
    const PolicyName policy = *PolicyName::parse("All");
    changes.changes.emplace_back(
        registry::Put{registry::Certificate{.id = made.certificate.id(),
                                            .pem = client.certificate,
                                            .status = registry::CertificateStatus::active,
                                            .not_before = clock.now() - test::kDay,
                                            .not_after = clock.now() + test::kDay}});
    changes.changes.emplace_back(
        registry::Put{registry::PolicyVersion{policy, 1, std::string(test::kAllowAll)}});
    changes.changes.emplace_back(registry::Put{registry::Policy{.name = policy}});
    changes.changes.emplace_back(registry::Put{
        registry::PolicyAttachment{policy, registry::PolicyTarget(made.certificate.id())}});
    const auto done = runtime::run_blocking(store->commit(std::move(changes)));
    ASSERT_TRUE(done) << done.error().message;
  }

  std::filesystem::path scratch_;
};

TEST(Server, KeepsItsRecordsAcrossRestarts) {
  Deployment deployment;
  for (int i = 0; i < 3; ++i) {
    deployment.start();
    MqttDevice device;
    EXPECT_TRUE(device.connect(deployment.mqtt(), deployment.client, "c"));
    deployment.server->stop();
    EXPECT_EQ(device.cut_reason(), mqtt::ReasonCode::server_shutting_down);
    deployment.server.reset();
  }
}

TEST(Server, StopsWhileWorkIsInProgress) {
  Deployment deployment;
  deployment.config.templates.key_algorithm = x509::KeyAlgorithm::rsa_2048;
  deployment.config.certificates.key_pool_size = 1;
  deployment.start();
  std::vector<MqttDevice> devices(8);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    ASSERT_TRUE(devices[i].connect(deployment.mqtt(), deployment.client, fmt::format("c{}", i)));
    for (int n = 0; n < 4; ++n)
      ASSERT_TRUE(devices[i].send("$aws/certificates/create/json", "{}"));  // waits for RSA keys
  }
  deployment.server->stop();
  deployment.server.reset();
  for (MqttDevice& device : devices) EXPECT_TRUE(device.is_cut());
  deployment.start();
}

TEST(Server, RefusesADeploymentThatAnotherServerUses) {
  Deployment deployment;
  deployment.start();
  EXPECT_FALSE(Server::start(deployment.layout, deployment.config, deployment.log));
}

TEST(Server, DoesNotShareItsPortWithAnotherDeployment) {
  Deployment first;
  first.start();
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    Deployment second;
    second.config.listen.mqtt = {address, first.mqtt()};
    const auto refused = Server::start(second.layout, second.config, second.log);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().fault, Fault::conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("another process does already"));
  }
  const std::uint16_t port = first.mqtt();
  MqttDevice device;
  ASSERT_TRUE(device.connect(port, first.client, "c"));
  first.server.reset();
  first.config.listen.mqtt.port = port;
  first.start();
}

TEST(Server, StartsWhateverSocketNamesOthersHold) {
  Deployment deployment;
  deployment.start();
  const std::uint16_t port = deployment.mqtt();
  deployment.server.reset();
  // Any process may bind an abstract socket name (unix(7)).
  const int squatter = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string text = fmt::format("imprintd binds port {}", port);
  std::memcpy(name.sun_path + 1, text.data(), text.size());
  ASSERT_EQ(::bind(squatter, reinterpret_cast<const sockaddr*>(&name),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size())),
            0);
  deployment.config.listen.mqtt.port = port;
  deployment.start();
  ::close(squatter);
}

TEST(Server, DoesNotListenOnAPortInUse) {
  for (const int option : {0, SO_REUSEADDR, SO_REUSEPORT}) {
    const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (option != 0) ::setsockopt(other, SOL_SOCKET, option, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(other, reinterpret_cast<const sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(other, 1), 0);
    ASSERT_EQ(::getsockname(other, reinterpret_cast<sockaddr*>(&address), &size), 0);
    Deployment deployment;
    deployment.config.listen.mqtt = {"127.0.0.1", ntohs(address.sin_port)};
    const auto refused = Server::start(deployment.layout, deployment.config, deployment.log);
    ASSERT_FALSE(refused) << option;
    EXPECT_EQ(refused.error().fault, Fault::conflict) << option;
    ::close(other);
  }
}

TEST(Server, WhenTwoStartAtOnceOneServes) {
  Deployment reserved;  // finds a port that is free
  reserved.start();
  const std::uint16_t port = reserved.mqtt();
  reserved.server.reset();
  std::array<Deployment, 2> rivals;
  std::array<bool, 2> serves{};
  std::array<std::thread, 2> threads;
  for (std::size_t i = 0; i < rivals.size(); ++i) {
    rivals[i].config.listen.mqtt.port = port;
    threads[i] = std::thread([&rivals, &serves, i] {
      auto made = Server::start(rivals[i].layout, rivals[i].config, rivals[i].log);
      serves[i] = made.has_value();
      if (made) rivals[i].server = std::move(*made);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(serves[0], serves[1]);
}

TEST(Server, RefusesADeploymentThatHasLostItsStore) {
  const struct {
    const char* name;
    void (*harm)(const deployment::Layout&);
  } rows[] = {
      {"removed", [](const auto& at) { std::filesystem::remove(at.store()); }},
      {"emptied", [](const auto& at) { std::filesystem::resize_file(at.store(), 0); }},
      {"removed with the archive",
       [](const auto& at) {
         std::filesystem::remove(at.store());
         std::filesystem::remove_all(at.audit());
       }},
      {"replaced by a new one",
       [](const auto& at) {
         std::filesystem::remove(at.store());
         std::ignore = registry::SqliteStore::open(at.store());
       }},
  };
  for (const auto& row : rows) {
    Deployment deployment;
    deployment.start();
    MqttDevice device;
    ASSERT_TRUE(device.connect(deployment.mqtt(), deployment.client, "c"));
    deployment.server.reset();
    row.harm(deployment.layout);
    for (int i = 0; i < 2; ++i) {
      const auto refused = Server::start(deployment.layout, deployment.config, deployment.log);
      ASSERT_FALSE(refused) << row.name;
      EXPECT_EQ(refused.error().fault, Fault::conflict) << row.name;
      EXPECT_THAT(refused.error().message, HasSubstr("imprint restore")) << row.name;
      EXPECT_THAT(refused.error().message, HasSubstr("--begin-anew")) << row.name;
    }
    auto anew =
        Server::start(deployment.layout, deployment.config, deployment.log, Beginning::anew);
    ASSERT_TRUE(anew) << row.name << ": " << anew.error().message;
    anew->reset();
    deployment.start();
    deployment.server.reset();
    EXPECT_FALSE(
        Server::start(deployment.layout, deployment.config, deployment.log, Beginning::anew))
        << row.name << ": nothing is lost";
  }
}

TEST(Server, BeginningAnewIsRecordedInTheAuditTrail) {
  const struct {
    bool leaves_a_new_one;
    const char* because;
  } rows[] = {{false, "is missing or empty"}, {true, "lacks events that the audit archive has"}};
  for (const auto& row : rows) {
    Deployment deployment;
    deployment.start();
    MqttDevice device;
    ASSERT_TRUE(device.connect(deployment.mqtt(), deployment.client, "c"));
    deployment.server.reset();
    std::filesystem::remove(deployment.layout.store());
    if (row.leaves_a_new_one) std::ignore = registry::SqliteStore::open(deployment.layout.store());
    auto anew =
        Server::start(deployment.layout, deployment.config, deployment.log, Beginning::anew);
    ASSERT_TRUE(anew) << anew.error().message;
    anew->reset();
    const auto store = registry::SqliteStore::open(deployment.layout.store());
    ASSERT_TRUE(store) << store.error().message;
    const auto events = runtime::run_blocking(
        registry::list_all<registry::AuditEvent>(**store, registry::query::AuditEvents{}));
    ASSERT_TRUE(events && !events->empty());
    const registry::AuditEvent& first = events->front();
    EXPECT_EQ(first.step, "begin_anew") << "before anything else happens";
    EXPECT_EQ(first.actor, "imprintd --begin-anew");
    EXPECT_GT(first.time, Timestamp());
    EXPECT_THAT(first.detail, HasSubstr(row.because));
    EXPECT_THAT(first.detail, HasSubstr(fmt::format(R"("uid":{})", ::getuid())));
    EXPECT_THAT(first.detail, HasSubstr("audit.before-"));
  }
}

TEST(Server, AnErrorAtStartNamesTheFileAndTheRemedy) {
  const struct {
    std::filesystem::path (deployment::Layout::*file)() const;
    const char* remedy;
  } rows[] = {
      {&deployment::Layout::server_certificate, "restore the file"},
      {&deployment::Layout::server_key, "restore the file"},
      {&deployment::Layout::issuing_key, "restore the file"},
      {&deployment::Layout::second_server_certificate, "restore the file"},
      {&deployment::Layout::issuing_certificate, "restore the file"},
      {&deployment::Layout::trusted_root, "restore the file"},
      {&deployment::Layout::store, "imprint restore FILE DIR"},
  };
  for (const auto& row : rows) {
    Deployment deployment;
    const std::filesystem::path path = (deployment.layout.*row.file)();
    ASSERT_TRUE(write_file_durably(path, 0600, std::string(5'000, 'x')));
    const auto refused = Server::start(deployment.layout, deployment.config, deployment.log);
    ASSERT_FALSE(refused) << path;
    EXPECT_THAT(refused.error().message, HasSubstr(path.string()));
    EXPECT_THAT(refused.error().message, HasSubstr(row.remedy)) << path;
    EXPECT_NE(refused.error().fault, Fault::invalid) << path << ": not a usage error";
    std::filesystem::remove(path);
    const auto missing = Server::start(deployment.layout, deployment.config, deployment.log);
    if (missing) continue;  // the second certificate is optional
    EXPECT_THAT(missing.error().message, HasSubstr(row.remedy)) << path;
    EXPECT_NE(missing.error().fault, Fault::invalid) << path;
  }
}

TEST(Server, ABadConfigurationIsAUsageError) {
  Deployment deployment;
  deployment::Config config = deployment.config;
  config.hooks = {{.arn = "x",
                   .transport = hooks::Transport::http,
                   .url = "https://h.example/",
                   .bearer_file = "none"}};
  auto refused = Server::start(deployment.layout, config, deployment.log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::invalid) << refused.error().message;
  EXPECT_THAT(refused.error().message, HasSubstr("bearer-file"));
  config.hooks = {
      {.arn = "x", .transport = hooks::Transport::command, .command = {"/nope/program"}}};
  refused = Server::start(deployment.layout, config, deployment.log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::invalid) << refused.error().message;

  config = deployment.config;
  deployment.start();
  config.listen.mqtt.port = deployment.mqtt();
  config.listen.http = config.listen.mqtt;
  deployment.server.reset();
  refused = Server::start(deployment.layout, config, deployment.log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::invalid) << refused.error().message;
  EXPECT_THAT(refused.error().message, HasSubstr("listen.mqtt and listen.http are both port"));
}

TEST(Server, AnApiPortInUseIsNamedWithTheRemedy) {
  Deployment first;
  first.start();
  Deployment second;
  second.config.listen.http = *deployment::ListenAddress::parse(first.server->http_address());
  const auto refused = Server::start(second.layout, second.config, second.log);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(first.server->http_address()));
  EXPECT_THAT(refused.error().message, HasSubstr("listen.http, --http"));
}

TEST(Server, RefusesUnsupportedSettings) {
  Deployment deployment;
  deployment::Config plain = deployment.config;
  plain.listen.plain_http = *deployment::ListenAddress::parse("127.0.0.1:0");
  const auto refused = Server::start(deployment.layout, plain, deployment.log);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("listen.plain-http is not available"));
  deployment.start();
  EXPECT_FALSE(deployment.server->reload(plain));
}

TEST(Server, ReloadReplacesTheCertificateAndKeepsSessions) {
  Deployment deployment;
  deployment.start();
  MqttDevice before;
  ASSERT_TRUE(before.connect(deployment.mqtt(), deployment.client, "before"));
  const Bytes old_certificate = before.socket().server_certificate();
  TlsSocket in_handshake;  // begun under the old settings, completed under the new
  ASSERT_TRUE(in_handshake.open(deployment.mqtt()));

  const auto issuing =
      x509::Certificate::from_pem(*read_file(deployment.layout.issuing_certificate(), 65536));
  const auto issuing_key = x509::PrivateKey::from_pem(
      read_secret_file(deployment.layout.issuing_key(), 65536)->reveal());
  const auto key = test::make_key();
  const auto renewed =
      deployment::make_server_certificate(key.public_key(), {"localhost"}, *issuing, *issuing_key,
                                          deployment.clock.now(), deployment.random);
  ASSERT_TRUE(renewed);
  ASSERT_TRUE(write_file_durably(deployment.layout.server_key(), 0600, key.pem_pkcs8().reveal()));
  EXPECT_FALSE(deployment.server->reload(deployment.config))
      << "the key does not match the certificate yet";
  ASSERT_TRUE(write_file_durably(deployment.layout.server_certificate(), 0644, renewed->pem()));
  ASSERT_TRUE(deployment.server->reload(deployment.config));

  EXPECT_EQ(before.publish("t", "x"), mqtt::ReasonCode::success);
  EXPECT_TRUE(in_handshake.handshake(deployment.client));
  EXPECT_TRUE(test::eventually([&] {
    MqttDevice after;
    TlsSocket web;
    return after.connect(deployment.mqtt(), deployment.client, "after") &&
           after.socket().server_certificate() != old_certificate &&
           web.connect(deployment.http(), {}) && web.server_certificate() != old_certificate;
  }));
}

// ---- HTTPS ----

std::string get(const std::string& target, const std::string& more = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, more);
}
/// Reads until `marker` has arrived `count` times.
std::string read_until(TlsSocket& socket, const std::string& marker, int count) {
  std::string all;
  const auto seen = [&] {
    int n = 0;
    for (auto at = all.find(marker); at != std::string::npos; at = all.find(marker, at + 1)) ++n;
    return n;
  };
  while (seen() < count) {
    const std::string more = socket.read_text();
    if (more.empty()) break;
    all += more;
  }
  return all;
}

TEST(HttpServer, AnswersAnybodyAboutItsHealthMetricsAndCa) {
  Deployment deployment;
  deployment.start();
  const struct {
    const char* target;
    const char* part;
  } rows[] = {{"/healthz", "ok\n"},
              {"/readyz", "ready\nstore: writable\nissuing: key and certificate are usable\n"},
              {"/metrics", "imprint_"},
              {"/ca/root.pem", "-----END CERTIFICATE-----"},
              {"/ca/issuing.pem", "-----END CERTIFICATE-----"}};
  TlsSocket socket;  // one connection for all
  ASSERT_TRUE(socket.connect(deployment.http(), {}));
  for (const auto& row : rows) {
    ASSERT_TRUE(socket.write(get(row.target)));
    const std::string answer = read_until(socket, row.part, 1);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200")) << row.target;
    EXPECT_THAT(answer, HasSubstr(row.part)) << row.target;
    if (answer.find(row.part) == std::string::npos) break;
    // The metrics continue after the first name.
    while (socket.read(std::chrono::milliseconds(50)).has_value()) {
    }
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  Deployment deployment;
  deployment.start();
  TlsSocket socket;
  ASSERT_TRUE(socket.connect(deployment.http(), {}));
  ASSERT_TRUE(
      socket.write(get("/healthz") + get("/readyz") + get("/healthz", "Connection: close\r\n")));
  const std::string answers = read_until(socket, "ok\n", 2);
  const auto first = answers.find("ok\n");
  const auto second = answers.find("ready\n");
  ASSERT_NE(second, std::string::npos) << answers;
  EXPECT_LT(first, second);
  EXPECT_TRUE(socket.is_ended());
}

TEST(HttpServer, RefusesRequestsThatAreTooLargeOrNotHttp) {
  Deployment deployment;
  deployment.start();
  const struct {
    const char* name;
    std::string request;
    const char* status;
  } rows[] = {
      {"long header", get("/healthz", "X: " + std::string(40'000, 'x') + "\r\n"), " 413 "},
      {"large body", "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", " 413 "},
      {"endless body",
       "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", " 400 "},
      {"no HTTP", "\x16\x03\x01 nonsense\r\n\r\n", " 400 "},
      {"two lengths",
       "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", " 400 "},
  };
  for (const auto& row : rows) {
    TlsSocket socket;
    ASSERT_TRUE(socket.connect(deployment.http(), {}));
    ASSERT_TRUE(socket.write(row.request)) << row.name;
    EXPECT_THAT(socket.read_text(), HasSubstr(row.status)) << row.name;
    EXPECT_TRUE(socket.is_ended()) << row.name;
  }
  TlsSocket good;
  ASSERT_TRUE(good.connect(deployment.http(), {}));
  ASSERT_TRUE(good.write(get("/healthz")));
  EXPECT_THAT(good.read_text(), HasSubstr(" 200 "));
}

TEST(HttpServer, HasTheTlsSettingsOfTheMqttListener) {
  Deployment deployment;
  deployment.start();
  const struct {
    int version;
    const char* groups;
    const char* suites;
    bool is_served;
  } rows[] = {
      {TLS1_3_VERSION, "ffdhe2048", "", false},
      {TLS1_3_VERSION, "ffdhe8192", "", false},
      {TLS1_3_VERSION, "X448", "", false},
      {TLS1_3_VERSION, "P-521", "", true},
      {TLS1_2_VERSION, "", "AES128-SHA", false},
      {TLS1_2_VERSION, "", "ECDHE-ECDSA-AES128-SHA", false},
      {TLS1_2_VERSION, "", "DHE-RSA-AES128-GCM-SHA256", false},
      {TLS1_2_VERSION, "", "ECDHE-RSA-AES256-GCM-SHA384", true},
  };
  for (const auto& row : rows) {
    for (const std::uint16_t port : {deployment.http(), deployment.mqtt()}) {
      test::TlsOptions tls = deployment.client;
      tls.version = row.version;
      tls.groups = row.groups;
      tls.suites = row.suites;
      TlsSocket socket;
      EXPECT_EQ(socket.connect(port, tls).has_value(), row.is_served) << row.groups << row.suites;
    }
  }
}

TEST(HttpServer, AFloodOfUnauthenticatedClientsDelaysNobody) {
  Deployment deployment;
  deployment.start();
  std::vector<TlsSocket> crowd(600);
  for (TlsSocket& socket : crowd) ASSERT_TRUE(socket.open(deployment.http()));
  TlsSocket good;
  ASSERT_TRUE(good.connect(deployment.http(), {.from = "127.0.0.2"}));
  ASSERT_TRUE(good.write(get("/healthz")));
  EXPECT_THAT(good.read_text(), HasSubstr(" 200 "));
  // The oldest of the crowd was closed in favour of the youngest.
  pollfd first{crowd.front().fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&first, 1, 10'000), 1);
}

TEST(HttpServer, ASilentClientIsSoonCut) {
  Deployment deployment;
  deployment.start();
  TlsSocket silent;
  ASSERT_TRUE(silent.open(deployment.http()));
  pollfd ended{silent.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 60'000), 1);
  char byte = 0;
  EXPECT_EQ(::recv(silent.fd(), &byte, 1, 0), 0);
}

TEST(HttpServer, ALongBodyIsReadForOperatorsOnly) {
  Deployment deployment;
  deployment.start();
  const std::string known = access::AccessKey::load(deployment.layout.admin_credentials())->id;
  const auto headers = [](const std::string& key) {
    return "Authorization: AWS4-HMAC-SHA256 Credential=" + key +
           "/20260101/us-east-1/iot/aws4_request, SignedHeaders=host, Signature=" +
           std::string(64, '0') + "\r\nX-Amz-Date: 20260101T000000Z\r\n";
  };
  for (const std::string length :
       {"Content-Length: 1000000\r\n", "Transfer-Encoding: chunked\r\n"}) {
    for (const std::string& who : {std::string(), headers("AKIAIOSFODNN7EXAMPLE")}) {
      TlsSocket socket;
      ASSERT_TRUE(socket.connect(deployment.http(), {}));
      ASSERT_TRUE(
          socket.write("POST /things/x HTTP/1.1\r\nHost: localhost\r\n" + who + length + "\r\n"));
      EXPECT_THAT(socket.read_text(), HasSubstr(" 403 ")) << length << who;
      EXPECT_TRUE(socket.is_ended());
    }
  }
  TlsSocket socket;
  ASSERT_TRUE(socket.connect(deployment.http(), {}));
  ASSERT_TRUE(socket.write("POST /things/x HTTP/1.1\r\nHost: localhost\r\n" + headers(known) +
                           "Content-Length: 20000\r\n\r\n"));
  EXPECT_EQ(socket.read(std::chrono::milliseconds(300)), std::nullopt)
      << "the server waits for the body";
  ASSERT_TRUE(socket.write(std::string(20'000, 'x')));
  EXPECT_THAT(socket.read_text(), HasSubstr(" 403 "));
}

}  // namespace
}  // namespace imprint::server
