// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provisioning/just_in_time.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"
#include "test/support/registered_ca.h"
#include "test/support/scripted_hooks.h"

namespace imprint::test {

/// A registered CA with a template body, and what provisions its devices.
struct JustInTimeWorld {
  JustInTimeWorld() {
    put(registry::Policy{.name = *PolicyName::parse("DevicePolicy")});
    memory.watch([this](const registry::ChangeSet& changes) { pending.apply(changes); });
    set_ca([](registry::CaCertificate&) {});
  }
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(runtime::run_blocking(memory.commit(std::move(changes))));
  }
  template <class Change>
  void set_ca(Change change) {
    registry::CaCertificate record = registered_ca(ca, jitp_template("DevicePolicy"), ++ca_version);
    change(record);
    put(std::move(record));
  }
  Result<provisioning::Introduced> connect(const Identity& device) {
    return runtime::run_blocking(
        just_in_time.run({device.certificate, ca.certificate.id(), "c", "x"}));
  }
  Identity device(const std::string& name) { return make_device(ca, name); }
  std::optional<registry::Certificate> find(const Identity& of) {
    const auto found = runtime::run_blocking(
        registry::get(memory, registry::certificate_key(of.certificate.id())));
    return found ? std::optional(*found) : std::nullopt;
  }
  registry::CertificateStatus status(const Identity& of) { return find(of)->status; }
  template <class T>
  std::vector<T> all(registry::Query query) {
    return *runtime::run_blocking(registry::list_all<T>(memory, std::move(query)));
  }
  std::vector<std::string> steps() {
    std::vector<std::string> out;
    for (const auto& event : all<registry::AuditEvent>(registry::query::AuditEvents{}))
      out.push_back(event.step);
    return out;
  }

  MemoryStore memory;
  FaultyStore store{memory};
  FakeClock clock;
  SystemRandom random;
  Identity ca = make_root("Factory CA");
  std::int64_t ca_version = 0;
  Current<provisioning::Settings> settings{provisioning::Settings{}};
  provisioning::TemplateCache templates;
  provisioning::PendingCertificates pending;
  alarms::PointAlarms alarms{store, clock};
  ScriptedHooks hooks;
  provisioning::JustInTime just_in_time{
      store,          templates,          pending, hooks, alarms, settings,
      "000000000000", "arn:aws:iot:r:a:", clock,   random};
};

}  // namespace imprint::test
