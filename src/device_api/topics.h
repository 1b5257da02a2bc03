// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/name.h"
#include "base/result.h"
#include "trail/steps.h"

/// The topics of the AWS IoT fleet provisioning MQTT API:
///   $aws/certificates/create/{format}
///   $aws/certificates/create-from-csr/{format}
///   $aws/provisioning-templates/{templateName}/provision/{format}
/// each with /accepted and /rejected for the answers.
namespace imprint::device_api {

enum class Operation { create_keys_and_certificate, create_certificate_from_csr, register_thing };
enum class Format { json, cbor };

/// As AWS names it: "RegisterThing".
std::string_view to_string(Operation operation);
/// The metric label: "keys", "csr", "register".
std::string_view method_of(Operation operation);
/// The step in the audit trail: "register_thing".
trail::Step step_of(Operation operation);

struct ProvisioningTopic {
  enum class Role { request, accepted, rejected };

  Operation operation;
  Format format;
  Role role = Role::request;
  std::optional<TemplateName> template_name = {};

  /// The topic of an answer to this request.
  [[nodiscard]] std::string answer(Role answer_role) const;
};

/// True for every topic or filter whose meaning is defined by a service and not by clients: those
/// that begin with '$', except shared subscriptions.
bool is_reserved(std::string_view topic);

/// A topic or filter below $aws/events/ or $imprint/alarms/. The server publishes these messages;
/// clients receive them if their policy allows it, and never send them.
bool is_event(std::string_view topic);

/// A filter below $aws/events/ that matches no event of this server, which publishes only events of
/// certificates registered by a CA: none of presence, subscriptions, jobs or the registry.
bool is_absent_event(std::string_view filter);

/// A topic or filter of an AWS IoT service that this server does not have (shadows, jobs, Device
/// Defender, rules, commands). Devices with an AWS SDK routinely use them: they may, but it has no
/// effect.
bool is_absent_service(std::string_view topic);

/// Parses a topic below $aws/certificates or $aws/provisioning-templates; nullopt for other topics.
/// The error says what is wrong with a topic that is almost right ("the format is json or cbor, not
/// JSON").
std::optional<Result<ProvisioningTopic>> parse_provisioning_topic(std::string_view topic);

/// The topic of the API that the author of this topic probably meant; nullopt for valid topics, and
/// for those that resemble none.
std::optional<std::string> suggested_topic(std::string_view topic);
/// The end of a message about this topic: "; did you mean ...?", or empty.
std::string suggestion_for(std::string_view topic);

/// Whether a client may publish there. Refusals name the mistake and the remedy, for example for a
/// token published to .../accepted, as a well-known sketch does.
Result<void> check_publish(std::string_view topic);

/// Whether a client may subscribe to a filter below "$". Answers are sent only to the requesting
/// connection, so a wildcard gives access to nothing more.
Result<void> check_subscribe(std::string_view filter);

}  // namespace imprint::device_api
