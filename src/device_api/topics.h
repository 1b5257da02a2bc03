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

/// True for every topic or filter that a service, not a client, gives meaning to: those that begin
/// with '$', but for shared subscriptions.
bool is_reserved(std::string_view topic);

/// A topic or filter below $aws/events/ or $imprint/alarms/: messages of the server's own, which
/// clients within policy receive as they do any other and never send.
bool is_event(std::string_view topic);

/// A filter below $aws/events/ that matches no event of this server's: it has those of certificates
/// that a CA introduced, and none of presence, subscriptions, jobs or the registry.
bool is_absent_event(std::string_view filter);

/// A topic or filter of an AWS IoT service that this server does not have (shadows, jobs, Device
/// Defender, rules, commands). Devices with an AWS SDK use them as a matter of course: they may,
/// and nothing comes of it.
bool is_absent_service(std::string_view topic);

/// A topic below $aws/certificates or $aws/provisioning-templates. The error says what is wrong
/// with one that is almost right ("the format is json or cbor, not JSON"); nothing for other
/// topics.
std::optional<Result<ProvisioningTopic>> parse_provisioning_topic(std::string_view topic);

/// The topic of the API that somebody who wrote this one probably meant; nothing for one of its own
/// topics, and for those that are like none.
std::optional<std::string> meant_topic(std::string_view topic);
/// The end of a sentence about this topic: "; did you mean ...?", or nothing.
std::string question_of(std::string_view topic);

/// Whether a client may publish there. Refusals name the mistake and what to do instead; sending a
/// token to .../accepted, as a well-known sketch does, is one of them.
Result<void> check_publish(std::string_view topic);

/// Whether a client may subscribe to a filter below "$". Answers are sent to the connection that
/// asked and to nobody else, so a wildcard widens nothing.
Result<void> check_subscribe(std::string_view filter);

}  // namespace imprint::device_api
