// SPDX-License-Identifier: Apache-2.0
#include "server/last_will.h"

#include "server/access_check.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

std::optional<Error> check_will_now(const Services& services, const identity::Principal& principal,
                                    const LastWill& last) {
  if (auto error = check_certificate(services, principal)) return error;
  const identity::Rights rights = principal.rights_of(last.facts.client_id);
  const auto check = [&](policy::Action action) {
    return check_policy(services, principal, rights, last.facts, action, last.will.message->topic);
  };
  if (auto error = check(policy::Action::publish)) return error;
  return last.will.retain ? check(policy::Action::retain_publish) : std::nullopt;
}

}  // namespace

runtime::Task<void> publish_will(Shard& shard, LastWill last) {
  Services& services = shard.services();
  const auto principal = co_await services.access.principal(last.certificate);
  const auto error =
      principal ? check_will_now(services, **principal, last) : std::optional(principal.error());
  if (error) {
    services.log.info("a last will was not published", {{"client", last.facts.client_id},
                                                        {"topic", last.will.message->topic},
                                                        {"because", error->message}});
    co_return;
  }
  shard.switchboard().publish(last.will.message, last.will.qos, last.will.retain, last.from);
}

}  // namespace imprint::server
