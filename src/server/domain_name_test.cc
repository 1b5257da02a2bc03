// SPDX-License-Identifier: Apache-2.0
// iot:DomainName: the endpoint that a client connected to, as named in its handshake.
#include <gmock/gmock.h>

#include "test/support/test_server.h"

namespace imprint::server {
namespace {

using test::MqttDevice;
using test::TestServer;

TEST(DomainName, IsTheEndpointThatTheClientNamed) {
  TestServer server;
  const auto client = server.enroll("c", "P");
  const auto connects = [&](const std::string& name, const std::string& effect,
                            const std::string& condition) {
    server.set_policy("P", fmt::format(R"({{"Version":"2012-10-17","Statement":[
               {{"Effect":"Allow","Action":"iot:Connect","Resource":"{}"}},
               {{"Effect":"{}","Action":"iot:Connect","Resource":"*","Condition":{}}}]}})",
                                       effect == "Deny" ? "*" : "arn:aws:iot:*:*:client/nobody",
                                       effect, condition));
    MqttDevice device;
    test::TlsOptions tls = client.tls;
    tls.server_name = name;
    return device.connect(server.port(), tls, "c");
  };
  const std::string line = R"({"StringEquals":{"iot:DomainName":"line.example.com"}})";
  const std::string first = R"({"StringEquals":{"iot:DomainName":"iot.example.com"}})";
  for (const std::string effect : {"Allow", "Deny"}) {
    const bool holds = effect == "Allow";
    EXPECT_EQ(connects("line.example.com", effect, line), holds);
    EXPECT_EQ(connects("LINE.example.com", effect, line), holds);
    EXPECT_EQ(connects("iot.example.com", effect, line), !holds);
    EXPECT_EQ(connects("elsewhere.example", effect, line), !holds);
    EXPECT_EQ(connects("elsewhere.example", effect, first), holds)
        << "the client cannot choose the name";
    EXPECT_EQ(connects("", effect, first), holds) << "many devices send no server name";
  }
}

}  // namespace
}  // namespace imprint::server
