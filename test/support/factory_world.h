// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "test/support/registered_ca.h"
#include "test/support/test_server.h"

namespace imprint::test {

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
    registry::CaCertificate record = registered_ca(of, jitp_template("All"), ++version);
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
