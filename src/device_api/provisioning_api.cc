// SPDX-License-Identifier: Apache-2.0
#include "device_api/provisioning_api.h"

namespace imprint::device_api {

namespace {

using Role = ProvisioningTopic::Role;

Answer accepted(const ProvisioningTopic& topic, Bytes payload) {
  return {.topic = topic.answer(Role::accepted),
          .payload = std::move(payload),
          .operation = topic.operation,
          .template_name = topic.template_name ? topic.template_name->str() : ""};
}

Answer rejected(const ProvisioningTopic& topic, const Error& error) {
  Rejection rejection = rejection_of(topic.operation, error);
  return {.topic = topic.answer(Role::rejected),
          .payload = write_rejected(topic.format, rejection),
          .operation = topic.operation,
          .template_name = topic.template_name ? topic.template_name->str() : "",
          .rejection = std::move(rejection),
          .error = error};
}

Answer created_answer(const ProvisioningTopic& topic,
                      const provisioning::CreatedCertificate& created) {
  Answer answer = accepted(topic, write_created(topic.format, created));
  answer.certificate = created.id.hex();
  answer.repeated = created.repeated;
  return answer;
}

Answer registered_answer(const ProvisioningTopic& topic,
                         const provisioning::RegisteredThing& registered) {
  Answer answer = accepted(topic, write_registered(topic.format, registered));
  answer.certificate = registered.certificate.hex();
  answer.thing = registered.thing ? registered.thing->str() : "";
  answer.repeated = registered.repeated;
  return answer;
}

}  // namespace

runtime::Task<Answer> ProvisioningApi::run(provisioning::Caller caller, ProvisioningTopic topic,
                                           Bytes payload) {
  auto answer = co_await carry_out(caller, topic, std::move(payload));
  if (answer) co_return std::move(*answer);
  Answer refusal = rejected(topic, answer.error());
  // The audit trail need not be durable before a refusal leaves: nothing was changed.
  if (caller.puts_refusals_on_record) {
    runtime::start(record_rejection(std::move(caller), std::move(topic), *refusal.rejection));
  }
  co_return refusal;
}

Answer ProvisioningApi::throttled(const ProvisioningTopic& topic) {
  return rejected(topic, Error{Fault::exhausted,
                               "this connection has too many requests waiting for an answer"});
}

runtime::Task<Result<Answer>> ProvisioningApi::carry_out(provisioning::Caller caller,
                                                         ProvisioningTopic topic, Bytes payload) {
  switch (topic.operation) {
    case Operation::create_keys_and_certificate: {
      CO_TRY(read_keys_request(topic.format, payload));
      CO_TRY_ASSIGN(const provisioning::CreatedCertificate created,
                    co_await create_.with_keys(std::move(caller)));
      co_return created_answer(topic, created);
    }
    case Operation::create_certificate_from_csr: {
      CO_TRY_ASSIGN(std::string csr, read_csr_request(topic.format, payload));
      CO_TRY_ASSIGN(const provisioning::CreatedCertificate created,
                    co_await create_.from_csr(std::move(caller), std::move(csr)));
      co_return created_answer(topic, created);
    }
    case Operation::register_thing:
      break;
  }
  CO_TRY_ASSIGN(provisioning::RegisterThingRequest request,
                read_register_thing(topic.format, payload, *topic.template_name));
  CO_TRY_ASSIGN(const provisioning::RegisteredThing registered,
                co_await register_thing_.run(std::move(caller), std::move(request)));
  co_return registered_answer(topic, registered);
}

runtime::Task<void> ProvisioningApi::record_rejection(provisioning::Caller caller,
                                                      ProvisioningTopic topic,
                                                      Rejection rejection) {
  registry::ChangeSet changes;
  changes.events.push_back({.time = clock_.now(),
                            .step = std::string(to_string(topic.operation)),
                            .outcome = "rejected",
                            .actor = caller.certificate.hex(),
                            .correlation = caller.correlation,
                            .client = caller.client_id,
                            .detail = encoding::to_json(encoding::json::object{
                                {"template", topic.template_name ? topic.template_name->str() : ""},
                                {"statusCode", rejection.status_code},
                                {"errorCode", rejection.error_code},
                                {"errorMessage", rejection.message},
                                {"final", !rejection.may_retry}})});
  // When even this fails the store is in trouble, which it reports itself.
  std::ignore = co_await store_.commit(std::move(changes));
}

}  // namespace imprint::device_api
