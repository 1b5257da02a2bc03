// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "device_api/payloads.h"
#include "device_api/topics.h"
#include "provisioning/create_certificate.h"
#include "provisioning/register_thing.h"

namespace imprint::device_api {

/// The result of a request: the one message for the requesting connection, and the facts to count
/// and log.
struct Answer {
  std::string topic;
  Bytes payload;
  Operation operation = Operation::register_thing;
  std::string template_name = {};  ///< for RegisterThing
  std::optional<Rejection> rejection = {};
  std::string thing = {};
  std::string certificate = {};
  std::string serial_number = {};  ///< from RegisterThing's parameters, as in the audit trail
  bool repeated = false;
  /// The template's hook call; already in the audit trail unless there is a rejection.
  std::optional<provisioning::HookDecision> hook = {};
};

/// Carries out the three operations. One per process; runs on the shard of the connection.
class ProvisioningApi {
 public:
  ProvisioningApi(provisioning::CreateCertificate& create,
                  provisioning::RegisterThing& register_thing)
      : create_(create), register_thing_(register_thing) {}

  /// Carries out one request and returns its one answer. `topic` must have the role `request`.
  runtime::Task<Answer> run(provisioning::Caller caller, ProvisioningTopic topic, Bytes payload);

  /// The answer to a request that is refused because its connection has too many waiting.
  static Answer throttled(const ProvisioningTopic& topic);

 private:
  runtime::Task<Result<provisioning::CreatedCertificate>> create(provisioning::Caller caller,
                                                                 ProvisioningTopic topic,
                                                                 Bytes payload);
  runtime::Task<Answer> register_thing(provisioning::Caller caller, ProvisioningTopic topic,
                                       Bytes payload);

  provisioning::CreateCertificate& create_;
  provisioning::RegisterThing& register_thing_;
};

}  // namespace imprint::device_api
