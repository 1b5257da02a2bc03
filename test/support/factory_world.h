// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "test/support/test_server.h"
#include "x509/digest.h"

namespace imprint::test {

/// Makes a thing named after each device's common name, with policy All.
inline constexpr std::string_view kJitpTemplate = R"({
  "Parameters": {
    "AWS::IoT::Certificate::CommonName": {"Type": "String"},
    "AWS::IoT::Certificate::Id": {"Type": "String"}
  },
  "Resources": {
    "thing": {"Type": "AWS::IoT::Thing", "Properties": {
      "ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"}}},
    "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
      "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"}},
    "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "All"}}
  }
})";

/// A server with an operator's own CA, whose devices are registered just in time.
struct FactoryWorld {
  explicit FactoryWorld(const ServerOptions& options = {}) : server(options) {
    set_ca([](registry::CaCertificate&) {});
  }

  /// `change` edits the record before it is stored.
  template <class Change>
  void set_ca(Change change) {
    set_ca(ca, change);
  }
  template <class Change>
  void set_ca(const Identity& of, Change change) {
    registry::CaCertificate record{
        .id = of.certificate.id(),
        .pem = of.certificate.pem(),
        .is_active = true,
        .auto_registration = true,
        .registration = registry::RegistrationConfig{.template_body = std::string(kJitpTemplate)},
        .subject = x509::sha256(of.certificate.subject().der()),
        .not_after = of.certificate.not_after(),
        .version = ++version};
    change(record);
    server.put(std::move(record));
  }
  Enrolled make_device(const std::string& name) { return server.make_client(ca, name); }
  bool connects(const Enrolled& as, const std::string& id) {
    MqttDevice client;
    return client.connect(server.port(), as.tls, id);
  }
  bool is_known(const CertificateId& id) {
    const auto all = server.all<registry::Certificate>(registry::query::Certificates{});
    return std::ranges::any_of(all, [&](const auto& record) { return record.id == id; });
  }
  std::vector<registry::AuditEvent> events(const std::string& step) {
    auto all = server.all<registry::AuditEvent>(registry::query::AuditEvents{});
    std::erase_if(all, [&](const auto& event) { return event.step != step; });
    return all;
  }

  TestServer server;
  Identity ca = make_root("Factory CA");
  std::int64_t version = 0;
};

}  // namespace imprint::test
