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
          .rejection = std::move(rejection)};
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
  if (topic.operation == Operation::register_thing)
    co_return co_await register_thing(std::move(caller), std::move(topic), std::move(payload));
  const auto created = co_await create(std::move(caller), topic, std::move(payload));
  co_return created ? created_answer(topic, *created) : rejected(topic, created.error());
}

Answer ProvisioningApi::throttled(const ProvisioningTopic& topic) {
  return rejected(topic, Error{Fault::exhausted,
                               "this connection has too many requests waiting for an answer"});
}

runtime::Task<Result<provisioning::CreatedCertificate>> ProvisioningApi::create(
    provisioning::Caller caller, ProvisioningTopic topic, Bytes payload) {
  if (topic.operation == Operation::create_keys_and_certificate) {
    CO_TRY(read_keys_request(topic.format, payload));
    co_return co_await create_.with_keys(std::move(caller));
  }
  CO_TRY_ASSIGN(std::string csr, read_csr_request(topic.format, payload));
  co_return co_await create_.from_csr(std::move(caller), std::move(csr));
}

runtime::Task<Answer> ProvisioningApi::register_thing(provisioning::Caller caller,
                                                      ProvisioningTopic topic, Bytes payload) {
  auto request = read_register_thing(topic.format, payload, *topic.template_name);
  if (!request) co_return rejected(topic, request.error());
  auto outcome = co_await register_thing_.run(std::move(caller), std::move(*request));
  const auto& registered = outcome.result;
  Answer answer =
      registered ? registered_answer(topic, *registered) : rejected(topic, registered.error());
  answer.hook = std::move(outcome.hook);
  answer.serial_number = std::move(outcome.serial_number);
  co_return answer;
}

}  // namespace imprint::device_api
