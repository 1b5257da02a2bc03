// SPDX-License-Identifier: Apache-2.0
#include "control_api/device_facts.h"

#include "base/nearest.h"
#include "control_api/event_detail.h"
#include "outcome/causes.h"

namespace imprint::control_api {

using registry::AuditEvent;
using registry::Certificate;

namespace {

/// The template that a step asked for: as it was recorded, or from the topic that was refused.
std::string template_asked_for(const AuditEvent& event) {
  const EventDetail detail(event);
  if (detail.cause() == "ResourceNotFound"_cause) return detail.text("template");
  constexpr std::string_view kBefore = "$aws/provisioning-templates/";
  const std::string topic = detail.text("resource");
  if (event.outcome != "denied" || !topic.starts_with(kBefore)) return {};
  return topic.substr(kBefore.size(), topic.find('/', kBefore.size()) - kBefore.size());
}

}  // namespace

runtime::Task<Result<std::string>> did_you_mean(registry::Store& store, const AuditEvent* event) {
  constexpr std::size_t kMostTemplates = 1'000;
  const std::string asked = event == nullptr ? std::string() : template_asked_for(*event);
  if (asked.empty()) co_return std::string();
  CO_TRY_ASSIGN(const auto templates, co_await list_some<registry::ProvisioningTemplate>(
                                          store, registry::query::Templates{}, kMostTemplates));
  std::vector<std::string> names;
  for (const registry::ProvisioningTemplate& one : templates) names.push_back(one.name.str());
  const auto meant = nearest(asked, names);
  if (!meant || *meant == asked) co_return std::string();
  co_return fmt::format(" Did you mean the template {} in place of {}?", *meant, quote(asked));
}

runtime::Task<Result<DeviceFacts>> facts_about(registry::Store& store,
                                               const registry::AuditEvent* event) {
  DeviceFacts facts;
  if (event == nullptr) co_return facts;
  const auto id = CertificateId::parse(event->certificate);
  if (!id) co_return facts;
  CO_TRY_ASSIGN(facts.certificate,
                co_await find_record<Certificate>(store, registry::certificate_key(*id)));
  if (!facts.certificate) {
    CO_TRY_ASSIGN(const auto tombstone,
                  co_await find_record<registry::Tombstone>(store, registry::tombstone_key(*id)));
    facts.was_revoked = tombstone.has_value();
    co_return facts;
  }
  if (facts.certificate->status != registry::CertificateStatus::pending_activation ||
      !facts.certificate->requested_by)
    co_return facts;
  CO_TRY_ASSIGN(auto claim,
                co_await find_record<Certificate>(
                    store, registry::certificate_key(*facts.certificate->requested_by)));
  if (claim && claim->frozen) facts.certificate = std::move(claim);
  co_return facts;
}

}  // namespace imprint::control_api
