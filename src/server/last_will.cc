// SPDX-License-Identifier: Apache-2.0
#include "server/last_will.h"

#include "server/shard.h"

namespace imprint::server {

namespace {

std::optional<std::string> obstacle(const Services& services, const identity::Principal& principal,
                                    const LastWill& last) {
  const Timestamp now = services.clock.now();
  const registry::Certificate& certificate = principal.certificate;
  if (services.directory.status(last.certificate) != registry::CertificateStatus::active ||
      now > certificate.not_after || now < certificate.not_before)
    return "its certificate is not in use any more";
  const identity::Rights rights = principal.rights_of(last.facts.client_id);
  const policy::Context context =
      identity::context_of(principal, last.facts, services.account, now);
  const auto lacks = [&](policy::Action action) -> std::optional<std::string> {
    const policy::Request request{action, last.will.message->topic};
    const policy::Decision decision = policy::evaluate(rights.set(), request, context);
    if (decision.allowed()) return std::nullopt;
    return policy::explain(decision, rights.set(), request, context);
  };
  if (auto lack = lacks(policy::Action::publish)) return lack;
  return last.will.retain ? lacks(policy::Action::retain_publish) : std::nullopt;
}

}  // namespace

runtime::Task<void> publish_will(Shard& shard, LastWill last) {
  Services& services = shard.services();
  const auto principal = co_await services.access.principal(last.certificate);
  const auto because =
      principal ? obstacle(services, **principal, last) : std::optional(principal.error().message);
  if (because) {
    services.log.info("a last will was not published", {{"client", last.facts.client_id},
                                                        {"topic", last.will.message->topic},
                                                        {"because", *because}});
    co_return;
  }
  shard.switchboard().publish(last.will.message, last.will.qos, last.will.retain, last.from);
}

}  // namespace imprint::server
