// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "encoding/json.h"
#include "test/support/test_server.h"
#include "x509/csr.h"

/// The messages that devices exchange with the provisioning API over MQTT.
namespace imprint::test {

inline const std::string kCreate = "$aws/certificates/create/json";
inline const std::string kFromCsr = "$aws/certificates/create-from-csr/json";
inline const std::string kRegister = "$aws/provisioning-templates/T/provision/json";
inline constexpr const char* kHookArn = "arn:aws:lambda:us-east-1:000000000000:function:pre";

/// The next answer and its topic; empty if none arrives.
inline encoding::json::object next_object(MqttDevice& device, std::string* topic = nullptr) {
  const auto message = device.next();
  if (!message) return {};
  if (topic != nullptr) *topic = message->message->topic;
  auto value = encoding::parse_json(as_text(message->message->payload));
  return value && value->is_object() ? value->get_object() : encoding::json::object();
}
inline std::string text(const encoding::json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
inline void listen(MqttDevice& device, const std::string& topic) {
  ASSERT_EQ(device.subscribe(topic + "/accepted"), mqtt::ReasonCode::granted_qos_1);
  ASSERT_EQ(device.subscribe(topic + "/rejected"), mqtt::ReasonCode::granted_qos_1);
}
inline std::string csr_request(const x509::PrivateKey& key) {
  return encoding::to_json(encoding::json::object{
      {"certificateSigningRequest", *x509::make_csr_pem(key, common_name("d"))}});
}
inline std::string register_request(const std::string& token, const std::string& serial) {
  return encoding::to_json(
      encoding::json::object{{"certificateOwnershipToken", token},
                             {"parameters", {{"SerialNumber", serial}, {"FirmwareVersion", "1"}}}});
}

/// Connects with the claim, gets a certificate, and requests its registration.
struct Applicant {
  Applicant(TestServer& server, const Enrolled& claim, const std::string& name, std::size_t shard)
      : serial(name) {
    EXPECT_TRUE(device.connect(server.port(shard), claim.tls, "applicant-" + name));
    listen(device, kFromCsr);
    listen(device, kRegister);
    EXPECT_TRUE(device.send(kFromCsr, csr_request(make_key())));
    token = text(next_object(device), "certificateOwnershipToken");
  }
  void ask() { ASSERT_TRUE(device.send(kRegister, register_request(token, serial))); }

  MqttDevice device;
  std::string serial;
  std::string token;
};

}  // namespace imprint::test
