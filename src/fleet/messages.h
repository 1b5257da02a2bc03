// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "fleet/failure.h"
#include "fleet/options.h"

/// The device's side of the AWS IoT fleet provisioning MQTT API.
namespace imprint::fleet {

/// $aws/certificates/create/{format} or .../create-from-csr/{format}
std::string create_topic(Flow flow, Format format);
/// $aws/provisioning-templates/{template}/provision/{format}
std::string register_topic(const TemplateName& name, Format format);
/// The topics on which the answers to a request arrive.
std::vector<std::string> answers_of(const std::string& request_topic);

/// CreateKeysAndCertificate has no input, so `csr_pem` is empty for it.
Bytes write_create(Format format, const std::string& csr_pem);
Bytes write_register(Format format, const Secret& ownership_token,
                     const std::map<std::string, std::string>& parameters);

struct Created {
  std::string certificate_id;
  std::string certificate_pem;
  Secret private_key;  ///< PEM; empty after a CSR
  Secret ownership_token;
};
struct Registered {
  std::string thing_name;
};

// Each takes the topic that the answer arrived on: an answer on .../rejected is a failure with its
// errorCode; an answer that lacks a member or is malformed is a verification failure.
Attempt<Created> read_created(Format format, std::string_view topic, BytesView payload);
Attempt<Registered> read_registered(Format format, std::string_view topic, BytesView payload);

}  // namespace imprint::fleet
