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

/// `csr_pem` is empty for CreateKeysAndCertificate, which has no input.
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

// `topic` is the topic on which the answer arrived. An answer on .../rejected is a failure with its
// errorCode; a malformed answer or one without a required member is a verification failure.
Attempt<Created> read_created(Format format, std::string_view topic, BytesView payload);
Attempt<Registered> read_registered(Format format, std::string_view topic, BytesView payload);

}  // namespace imprint::fleet
