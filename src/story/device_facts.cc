// SPDX-License-Identifier: Apache-2.0
#include "story/device_facts.h"

#include "base/nearest.h"
#include "outcome/causes.h"

namespace imprint::story {

using registry::Certificate;

namespace {

/// The template that a step asked for: as it was recorded, or from the topic that was refused.
std::string template_asked_for(const trail::Event& event) {
  if (event.told.cause == "ResourceNotFound"_cause)
    return event.detail_as<trail::Rejection>().template_name;
  constexpr std::string_view kBefore = "$aws/provisioning-templates/";
  const std::string& topic = event.told.resource;
  if (event.outcome != trail::Outcome::denied || !topic.starts_with(kBefore)) return {};
  return topic.substr(kBefore.size(), topic.find('/', kBefore.size()) - kBefore.size());
}

}  // namespace

runtime::Task<Result<std::string>> did_you_mean(registry::Store& store, const trail::Event* event) {
  constexpr std::size_t kMostTemplates = 1'000;
  const std::string asked = event == nullptr ? std::string() : template_asked_for(*event);
  if (asked.empty()) co_return std::string();
  CO_TRY_ASSIGN(const registry::Page templates,
                co_await store.list(registry::query::Templates{}, {{}, kMostTemplates}));
  std::vector<std::string> names;
  for (const registry::Record& one : templates.records)
    names.push_back(std::get<registry::ProvisioningTemplate>(one).name.str());
  const auto meant = nearest(asked, names);
  if (!meant || *meant == asked) co_return std::string();
  co_return fmt::format(" Did you mean the template {} in place of {}?", *meant, quote(asked));
}

runtime::Task<Result<DeviceFacts>> facts_about(registry::Store& store, const trail::Event* event) {
  DeviceFacts facts;
  if (event == nullptr) co_return facts;
  const auto id = CertificateId::parse(event->record.certificate);
  if (!id) co_return facts;
  CO_TRY_ASSIGN(facts.certificate, co_await registry::find(store, registry::certificate_key(*id)));
  if (!facts.certificate) {
    CO_TRY_ASSIGN(const auto tombstone,
                  co_await registry::find(store, registry::tombstone_key(*id)));
    facts.was_revoked = tombstone.has_value();
    co_return facts;
  }
  if (facts.certificate->status != registry::CertificateStatus::pending_activation ||
      !facts.certificate->requested_by)
    co_return facts;
  CO_TRY_ASSIGN(
      auto claim,
      co_await registry::find(store, registry::certificate_key(*facts.certificate->requested_by)));
  if (claim && claim->frozen) facts.certificate = std::move(claim);
  co_return facts;
}

}  // namespace imprint::story
