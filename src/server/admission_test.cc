// SPDX-License-Identifier: Apache-2.0
// Which clients are admitted, which are refused and why, and which are cut later.
#include <gmock/gmock.h>

#include "issuance/key_rules.h"
#include "outcome/causes.h"
#include "test/support/shell.h"
#include "test/support/test_server.h"
#include "trail/event.h"

namespace imprint::server {
namespace {

using mqtt::ReasonCode;
using registry::CertificateStatus;
using test::eventually;
using test::MqttDevice;
using test::TestServer;
using test::TlsOptions;
using test::TlsSocket;
using testing::HasSubstr;

std::string policy(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
std::string allow(const std::string& action, const std::string& resource) {
  return R"({"Effect":"Allow","Action":")" + action + R"(","Resource":")" + resource + R"("})";
}
const std::string kAnyone = allow("iot:Connect", "*");

// ---- handshake ----

TEST(Handshake, RefusesUnregisteredCertificates) {
  TestServer server;
  const auto known = server.enroll("known");
  const auto deleted = server.enroll("deleted");
  server.erase(registry::certificate_key(deleted.id));
  const auto stranger = server.make_client("stranger");
  TlsOptions old = known.tls;
  old.version = TLS1_1_VERSION;
  TlsOptions other_protocol = known.tls;
  other_protocol.alpn = "h2";
  const struct {
    const char* name;
    TlsOptions tls;
  } rows[] = {{"unknown certificate", stranger.tls},
              {"deleted certificate", deleted.tls},
              {"no certificate", {}},
              {"TLS 1.1", old},
              {"another ALPN protocol", other_protocol}};
  for (const auto& row : rows) {
    for (const int version : {0, TLS1_2_VERSION}) {
      TlsOptions tls = row.tls;
      if (tls.version == 0) tls.version = version;
      TlsSocket socket;
      ASSERT_TRUE(socket.open(server.port()));
      const auto shaken = socket.handshake(tls);
      EXPECT_TRUE(!shaken || socket.is_ended()) << row.name;
    }
  }
  EXPECT_THAT(server.metrics(), HasSubstr("unknown_certificate"));
  MqttDevice device;
  EXPECT_TRUE(device.connect(server.port(), known.tls, "known"));
}

TEST(Handshake, NegotiatesTheProtocolsThatDevicesUse) {
  TestServer server;
  const auto known = server.enroll("known");
  for (const char* name : {"", "mqtt", "x-amzn-mqtt-ca"}) {
    TlsOptions tls = known.tls;
    tls.alpn = name;
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), tls, "known")) << name;
    EXPECT_EQ(device.socket().alpn(), name);
  }
}

TEST(Handshake, IssuesNoTicketAndResumesNoSession) {
  TestServer server;
  const auto known = server.enroll("known");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsOptions tls = known.tls;
    tls.version = version;
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), tls, "known"));
    const SSL_SESSION* session = SSL_get0_session(device.socket().ssl());
    unsigned size = 0;
    SSL_SESSION_get_id(session, &size);
    EXPECT_EQ(SSL_SESSION_has_ticket(session), 0);
    EXPECT_TRUE(version == TLS1_3_VERSION || size == 0) << "a session id means a cache";
  }
}

TEST(Handshake, AcceptsAClientHelloInSmallPieces) {
  TestServer server;
  TlsSocket upstream;
  ASSERT_TRUE(upstream.open(server.port()));
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, in, out);
  ASSERT_EQ(SSL_connect(ssl), -1);
  std::array<char, 4096> hello{};
  const int size = BIO_read(out, hello.data(), static_cast<int>(hello.size()));
  ASSERT_GT(size, 100);
  for (int at = 0; at < size; at += 3) {
    ASSERT_GT(::send(upstream.fd(), hello.data() + at,
                     static_cast<std::size_t>(std::min(3, size - at)), 0),
              0);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  pollfd waiting{upstream.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, 10'000), 1);
  std::uint8_t type = 0;
  ASSERT_EQ(::recv(upstream.fd(), &type, 1, 0), 1);
  EXPECT_EQ(type, 22) << "a handshake record: the ServerHello";
  SSL_free(ssl);
  SSL_CTX_free(context);
}

x509::PrivateKey key_of(const std::string& options) {
  const test::ScratchFolder folder;
  const auto made = test::shell(folder, "openssl genpkey " + options);
  EXPECT_EQ(made.exit_code, 0) << made.output;
  return *x509::PrivateKey::from_pem(made.output.substr(made.output.find("-----BEGIN")));
}

/// Every key that is accepted in certificates and CSRs (issuance/key_rules.h).
TEST(Handshake, EveryAcceptedKeyConnectsInEveryVersion) {
  test::ServerOptions options;
  options.second_server_key = std::make_shared<const x509::PrivateKey>(
      key_of("-quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048"));
  TestServer server(options);
  const std::string ec = "-algorithm EC -pkeyopt ec_paramgen_curve:";
  const std::string rsa = "-quiet -algorithm RSA -pkeyopt rsa_keygen_bits:";
  for (const std::string& kind :
       {ec + "P-256", ec + "P-384", ec + "P-521", rsa + "2048", rsa + "3072", rsa + "4096"}) {
    const x509::PrivateKey key = key_of(kind);
    ASSERT_TRUE(issuance::check_device_key(key.public_key())) << kind;
    const auto device = server.enroll(server.make_client(test::make_root("a CA"), "d", key), "All",
                                      [](registry::Certificate&) {});
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      for (const std::string signatures : {"", "RSA+SHA256:RSA-PSS+SHA256", "ECDSA+SHA256"}) {
        TlsOptions tls = device.tls;
        tls.version = version;
        // The signatures that the client verifies are independent of the client's own key.
        if (!signatures.empty()) {
          tls.suites = signatures.starts_with("RSA") ? "ECDHE-RSA-AES128-GCM-SHA256"
                                                     : "ECDHE-ECDSA-AES128-GCM-SHA256";
        }
        MqttDevice client;
        ASSERT_TRUE(client.connect(server.port(), tls, "d"))
            << kind << " version " << version << " " << signatures;
        EXPECT_EQ(client.publish("t", "x"), ReasonCode::success);
      }
    }
  }
}

/// The type of the server key that is presented to a client with these limits; empty if there is
/// none.
std::string shown_to(TestServer& server, TlsOptions tls) {
  TlsSocket socket;
  if (!socket.connect(server.port(), tls)) return {};
  const auto certificate = x509::Certificate::from_der(socket.server_certificate());
  return certificate->public_key().type() == x509::KeyType::rsa ? "RSA" : "EC";
}

TEST(Handshake, PresentsTheCertificateThatTheClientCanVerify) {
  test::ServerOptions options;
  options.second_server_key =
      std::make_shared<const x509::PrivateKey>(test::make_key(x509::KeyAlgorithm::rsa_2048));
  TestServer server(options);
  const auto device = server.enroll("d");
  const struct {
    int version;
    const char* suites;
    const char* signatures;
    const char* shown;
  } rows[] = {
      {TLS1_2_VERSION, "", "", "EC"},
      {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", "", "RSA"},
      {TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", "RSA+SHA256:ECDSA+SHA256", "RSA"},
      {TLS1_3_VERSION, "", "", "EC"},
      {TLS1_3_VERSION, "", "RSA-PSS+SHA256:RSA+SHA256", "RSA"},
  };
  for (const auto& row : rows) {
    TlsOptions tls = device.tls;
    tls.version = row.version;
    tls.suites = row.suites;
    tls.signatures = row.signatures;
    EXPECT_EQ(shown_to(server, tls), row.shown) << row.suites << " " << row.signatures;
  }
}

TEST(Handshake, PrefersAes128InEveryVersion) {
  TestServer server;
  TlsOptions tls = server.enroll("d").tls;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls.version = version;
    TlsSocket socket;
    ASSERT_TRUE(socket.connect(server.port(), tls));
    EXPECT_THAT(SSL_get_cipher_name(socket.ssl()), HasSubstr("AES"));
    EXPECT_EQ(SSL_get_cipher_bits(socket.ssl(), nullptr), 128);
  }
}

TEST(Handshake, OldSuitesMustBeEnabled) {
  for (const TlsStacks stacks : {TlsStacks::current, TlsStacks::old_too}) {
    test::ServerOptions options;
    options.stacks = stacks;
    options.second_server_key =
        std::make_shared<const x509::PrivateKey>(test::make_key(x509::KeyAlgorithm::rsa_2048));
    TestServer server(options);
    TlsOptions tls = server.enroll("d").tls;
    tls.version = TLS1_2_VERSION;
    for (const char* suite : {"AES128-SHA", "AES128-SHA256", "AES128-GCM-SHA256",
                              "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256"}) {
      tls.suites = suite;
      EXPECT_EQ(shown_to(server, tls).empty(), stacks == TlsStacks::current) << suite;
    }
  }
}

TEST(Handshake, ExplainsWhatTheDeviceOffersThatTheServerDoesNotSupport) {
  TestServer server;
  const auto known = server.enroll("d");
  const auto with = [&](auto change) {
    TlsOptions tls = known.tls;
    change(tls);
    return tls;
  };
  const struct {
    TlsOptions tls;
    const char* cause;
    const char* part;
  } rows[] = {
      {with([](TlsOptions& tls) { tls.version = TLS1_1_VERSION; }), "no-shared-version",
       "offers only TLS 1.1"},
      {with([](TlsOptions& tls) {
         tls.version = TLS1_2_VERSION;
         tls.suites = "AES128-SHA";
       }),
       "no-shared-cipher", "offers only TLS_RSA_WITH_AES_128_CBC_SHA,"},
      {with([](TlsOptions& tls) {
         tls.version = TLS1_3_VERSION;
         tls.groups = "ffdhe2048";
       }),
       "no-shared-group", "offers only the groups ffdhe2048"},
      {with([](TlsOptions& tls) {
         tls.version = TLS1_2_VERSION;
         tls.groups = "secp256k1";
       }),
       "no-shared-cipher", "offers only the groups secp256k1"},
      {with([](TlsOptions& tls) {
         tls.version = TLS1_3_VERSION;
         tls.signatures = "RSA-PSS+SHA256";
       }),
       "no-shared-signature", "verifies only RSA-PSS with SHA-256"},
      {with([](TlsOptions& tls) { tls.alpn = "h2"; }), "no-shared-protocol",
       "offers only the protocols \\\"h2\\\""},
      {{}, "no-certificate", "showed no certificate"},
  };
  for (const auto& row : rows) {
    TlsSocket socket;
    ASSERT_TRUE(socket.open(server.port()));
    const auto shaken = socket.handshake(row.tls);
    EXPECT_TRUE(!shaken || socket.is_ended()) << row.cause;
    const bool is_told = eventually([&] {
      const auto events = server.all<registry::AuditEvent>(registry::query::AuditEvents{});
      return std::ranges::any_of(events, [&](const registry::AuditEvent& event) {
        return event.step == "tls_handshake" &&
               event.detail.find(fmt::format(R"("cause":"{}")", row.cause)) != std::string::npos &&
               event.detail.find(row.part) != std::string::npos;
      });
    });
    EXPECT_TRUE(is_told) << row.cause << ": " << row.part;
  }
}

// ---- CONNECT ----

TEST(Connect, SaysWhyItRefuses) {
  TestServer server;
  server.set_policy("Nothing", policy(allow("iot:Publish", "*")));
  server.set_policy("OwnThing", policy(allow("iot:Connect",
                                             "arn:aws:iot:us-east-1:000000000000:client/"
                                             "${iot:Connection.Thing.ThingName}")));
  server.set_policy("NoWill",
                    policy(kAnyone + "," + allow("iot:Publish", "arn:aws:iot:*:*:topic/allowed")));
  const auto with_status = [&](CertificateStatus status) {
    return server.enroll("c", "All", [&](registry::Certificate& c) { c.status = status; });
  };
  const auto expired = server.enroll(
      "c", "All", [&](registry::Certificate& c) { c.not_after = server.clock.now() - Seconds(1); });
  const auto early = server.enroll("c", "All", [&](registry::Certificate& c) {
    c.not_before = server.clock.now() + Seconds(100);
  });
  auto message = std::make_shared<mqtt::Message>(mqtt::Message{.topic = "denied"});
  const mqtt::Will will{.message = message};
  const struct {
    const char* name;
    test::Enrolled client;
    const char* reason;
    std::optional<mqtt::Will> will = {};
  } rows[] = {
      {"pending", with_status(CertificateStatus::pending_activation), "PENDING_ACTIVATION"},
      {"inactive", with_status(CertificateStatus::inactive), "INACTIVE"},
      {"revoked", with_status(CertificateStatus::revoked), "REVOKED"},
      {"expired", expired, "expired"},
      {"not yet valid", early, "not valid yet"},
      {"no statement", server.enroll("c", "Nothing"), "iot:Connect"},
      {"no thing", server.enroll("c", "OwnThing"), "iot:Connect"},
      {"will not allowed", server.enroll("c", "NoWill"), "denied", will},
  };
  for (const auto& row : rows) {
    for (const auto version : {mqtt::Version::v5, mqtt::Version::v3_1_1}) {
      MqttDevice device;
      ASSERT_TRUE(device.open(server.port(), row.client.tls)) << row.name;
      device.send_connect("device-1", {.version = version, .will = row.will});
      EXPECT_FALSE(device.await_connack()) << row.name;
      ASSERT_TRUE(device.refused) << row.name;
      EXPECT_EQ(device.refused->code, ReasonCode::not_authorized) << row.name;
      if (version == mqtt::Version::v5)
        EXPECT_THAT(device.refused->reason, HasSubstr(row.reason)) << row.name;
      EXPECT_TRUE(device.is_cut());
    }
  }
  EXPECT_EQ(server.sessions(), 0U);
}

TEST(Connect, IsDecidedByTheCurrentStatusNotByThatAtTheHandshake) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice device;
  ASSERT_TRUE(device.open(server.port(), client.tls));
  server.set_status(client.id, CertificateStatus::revoked);
  device.send_connect("c", {});
  EXPECT_FALSE(device.await_connack());
  ASSERT_TRUE(device.refused);
  EXPECT_THAT(device.refused->reason, HasSubstr("REVOKED"));
}

TEST(Connect, SeesChangesMadeWhileItIsDecided) {
  TestServer server;
  server.set_policy("P", policy(kAnyone));
  const auto revoked = server.enroll("a");
  const auto denied = server.enroll("b", "P");
  MqttDevice one;
  MqttDevice two;
  ASSERT_TRUE(one.open(server.port(), revoked.tls));
  ASSERT_TRUE(two.open(server.port(), denied.tls));
  server.store.hold_lists();
  one.send_connect("a", {});
  two.send_connect("b", {});
  ASSERT_TRUE(eventually([&] { return server.store.waiting() == 2; }));
  server.set_status(revoked.id, CertificateStatus::revoked);
  server.set_policy("P", policy(allow("iot:Publish", "*")));
  server.store.open();
  EXPECT_FALSE(one.await_connack());
  EXPECT_FALSE(two.await_connack());
}

TEST(Connect, IsRefusedWhenTheDecisionTakesTooLong) {
  test::ServerOptions options;
  options.mqtt.decision_timeout = Seconds(1);
  TestServer server(options);
  const auto client = server.enroll("c");
  MqttDevice device;
  ASSERT_TRUE(device.open(server.port(), client.tls));
  server.store.hold_lists();
  device.send_connect("c", {});
  EXPECT_FALSE(device.await_connack());
  ASSERT_TRUE(device.refused);
  EXPECT_EQ(device.refused->code, ReasonCode::server_unavailable);
  server.store.open();
  EXPECT_TRUE(eventually([&] {
    const auto events = server.all<registry::AuditEvent>(registry::query::AuditEvents{});
    return std::ranges::any_of(events, [](const registry::AuditEvent& event) {
      return trail::read(event).told.cause == "NoDecision"_cause;
    });
  }));
  MqttDevice again;
  EXPECT_TRUE(again.connect(server.port(), client.tls, "c"));
  EXPECT_EQ(server.sessions(), 1U);
}

// ---- live sessions ----

TEST(LiveSession, IsCutWhenItsCertificateIsNoLongerActive) {
  TestServer server;
  const auto change = [&](const char* how, const CertificateId& id) {
    if (how == std::string("delete")) return server.erase(registry::certificate_key(id));
    server.set_status(id, how == std::string("revoke") ? CertificateStatus::revoked
                                                       : CertificateStatus::inactive);
  };
  for (const char* how : {"deactivate", "revoke", "delete"}) {
    const auto client = server.enroll("c");
    const auto other = server.enroll("other");
    MqttDevice first;
    MqttDevice second;
    MqttDevice bystander;
    ASSERT_TRUE(first.connect(server.port(0), client.tls, "c1"));
    ASSERT_TRUE(second.connect(server.port(1), client.tls, "c2"));
    ASSERT_TRUE(bystander.connect(server.port(0), other.tls, "other"));
    change(how, client.id);
    EXPECT_EQ(first.cut_reason(), ReasonCode::administrative_action) << how;
    EXPECT_EQ(second.cut_reason(), ReasonCode::administrative_action) << how;
    EXPECT_EQ(bystander.publish("t", "x"), ReasonCode::success) << how;
  }
}

TEST(LiveSession, FollowsChangesOfPolicyThingAndAttachment) {
  TestServer server;
  server.set_policy("P", policy(kAnyone + "," + allow("iot:Publish", "*")));
  const auto client = server.enroll("c", "P");
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), client.tls, "c"));
  ASSERT_EQ(device.publish("t", "x"), ReasonCode::success);
  const auto comes_to = [&](ReasonCode code) {
    return eventually([&] { return device.publish("t", "x") == code; });
  };
  server.set_policy("P", policy(kAnyone));
  EXPECT_TRUE(comes_to(ReasonCode::not_authorized)) << "after the policy";
  server.put(
      registry::PolicyAttachment{*PolicyName::parse("All"), registry::PolicyTarget(client.id)});
  EXPECT_TRUE(comes_to(ReasonCode::success)) << "after an attachment";
  server.erase(
      registry::attachment_key(*PolicyName::parse("All"), registry::PolicyTarget(client.id)));
  EXPECT_TRUE(comes_to(ReasonCode::not_authorized)) << "after a detachment";
  server.set_policy(
      "P", policy(kAnyone + "," +
                  allow("iot:Publish", "arn:aws:iot:*:*:topic/${iot:Connection.Thing.ThingName}")));
  server.put(registry::Thing{.name = *ThingName::parse("t"), .id = "t"});
  server.put(registry::ThingPrincipal{*ThingName::parse("t"), client.id, true});
  EXPECT_TRUE(comes_to(ReasonCode::success)) << "after a thing";
}

// ---- bounds ----

TEST(Bounds, ConnectionsAreLimitedInTotalAndPerAddress) {
  test::ServerOptions options;
  options.shards = 1;
  options.limits.connections = 3;
  options.limits.connections_per_address = 2;
  TestServer server(options);
  const auto client = server.enroll("c");
  TlsOptions elsewhere = client.tls;
  elsewhere.from = "127.0.0.2";
  {
    MqttDevice one;
    MqttDevice two;
    MqttDevice three;
    MqttDevice four;
    ASSERT_TRUE(one.connect(server.port(), client.tls, "1"));
    ASSERT_TRUE(two.connect(server.port(), client.tls, "2"));
    EXPECT_FALSE(four.open(server.port(), client.tls)) << "a third from one address";
    ASSERT_TRUE(three.connect(server.port(), elsewhere, "3"));
    MqttDevice five;
    EXPECT_FALSE(five.open(server.port(), elsewhere)) << "a fourth in total";
  }
  EXPECT_TRUE(eventually([&] {
    MqttDevice again;
    return again.connect(server.port(), client.tls, "again");
  })) << "closed connections no longer count";
}

TEST(Bounds, SilentAndSlowClientsAreCutAndOthersServed) {
  test::ServerOptions options;
  options.shards = 1;
  options.mqtt.connect_timeout = Seconds(1);
  options.mqtt.packet_timeout = Seconds(1);
  TestServer server(options);
  const auto client = server.enroll("c");
  TlsSocket silent;
  ASSERT_TRUE(silent.open(server.port()));
  TlsSocket without_connect;
  ASSERT_TRUE(without_connect.connect(server.port(), client.tls));
  TlsSocket half_connect;
  ASSERT_TRUE(half_connect.connect(server.port(), client.tls));
  ASSERT_TRUE(half_connect.write(std::string_view("\x10\x20\x00\x04MQ", 6)));
  MqttDevice half_packet;
  ASSERT_TRUE(half_packet.connect(server.port(), client.tls, "half"));
  ASSERT_TRUE(half_packet.socket().write(std::string_view("\x30\x7f", 2)));
  MqttDevice good;
  ASSERT_TRUE(good.connect(server.port(), client.tls, "good"));

  pollfd end{silent.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&end, 1, 10'000), 1);
  EXPECT_TRUE(without_connect.is_ended());
  EXPECT_TRUE(half_connect.is_ended());
  EXPECT_TRUE(half_packet.is_cut());
  EXPECT_EQ(good.publish("t", "x"), ReasonCode::success);
  EXPECT_THAT(server.metrics(), HasSubstr("timeout"));
}

TEST(Bounds, AFloodOfHandshakesDelaysNobody) {
  test::ServerOptions options;
  options.shards = 1;
  options.limits.handshakes = 8;
  options.mqtt.connect_timeout = Seconds(3600);  // none of them times out
  TestServer server(options);
  const auto client = server.enroll("c");
  for (const std::string_view said : {"", "\x16"}) {
    std::vector<TlsSocket> crowd(40);
    for (TlsSocket& socket : crowd) {
      ASSERT_TRUE(socket.open(server.port()));
      if (!said.empty()) ASSERT_EQ(::send(socket.fd(), said.data(), said.size(), 0), 1);
    }
    TlsOptions from_elsewhere = client.tls;
    from_elsewhere.from = "127.0.0.2";
    MqttDevice good;
    EXPECT_TRUE(good.connect(server.port(), from_elsewhere, "good"));
  }
  EXPECT_THAT(server.metrics(), HasSubstr("crowded_out"));
}

TEST(Bounds, ASilentClientIsCutLongBeforeTheHandshakeTimeout) {
  test::ServerOptions options;
  options.mqtt.connect_timeout = Seconds(3600);
  TestServer server(options);
  TlsSocket silent;
  ASSERT_TRUE(silent.open(server.port()));
  pollfd ended{silent.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 60'000), 1);
  char byte = 0;
  EXPECT_EQ(::recv(silent.fd(), &byte, 1, 0), 0);
}

TEST(Bounds, GarbageAndOversizedPacketsEndOnlyTheirConnection) {
  TestServer server;
  const auto client = server.enroll("c");
  const struct {
    const char* name;
    std::string_view bytes;
  } rows[] = {{"no CONNECT", {"\x30\x03\x00\x01t", 5}},
              {"HTTP", "GET / HTTP/1.1\r\n\r\n"},
              {"announces 256 MiB", {"\x10\xff\xff\xff\x7f", 5}},
              {"endless length", {"\x10\xff\xff\xff\xff\xff", 6}},
              {"wrong protocol", {"\x10\x0c\x00\x04HTTP\x05\x02\x00\x3c\x00\x00", 14}}};
  for (const auto& row : rows) {
    TlsSocket socket;
    ASSERT_TRUE(socket.connect(server.port(), client.tls)) << row.name;
    ASSERT_TRUE(socket.write(row.bytes)) << row.name;
    EXPECT_TRUE(socket.is_ended()) << row.name;
  }
  MqttDevice good;
  EXPECT_TRUE(good.connect(server.port(), client.tls, "good"));
}

}  // namespace
}  // namespace imprint::server
