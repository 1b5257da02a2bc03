// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/secret.h"
#include "device_api/topics.h"
#include "encoding/json.h"
#include "provisioning/create_certificate.h"
#include "provisioning/register_thing.h"

/// Payloads of the fleet provisioning MQTT API, in JSON and CBOR with the same members.
namespace imprint::device_api {

/// CreateCertificateFromCsr: the member certificateSigningRequest (PEM, 1 to 4096 characters).
Result<std::string> read_csr_request(Format format, BytesView payload);

/// CreateKeysAndCertificate: an empty payload, or an object whose members are ignored.
Result<void> read_keys_request(Format format, BytesView payload);

/// RegisterThing: certificateOwnershipToken, and parameters (text to text). Other members are
/// ignored, such as the templateName that the classic SDK sends.
Result<provisioning::RegisterThingRequest> read_register_thing(Format format, BytesView payload,
                                                               TemplateName name);

/// {certificateId, certificatePem, privateKey, certificateOwnershipToken}; no privateKey for a CSR.
Bytes write_created(Format format, const provisioning::CreatedCertificate& created);

/// {deviceConfiguration, thingName}; no thingName when the template has no thing.
Bytes write_registered(Format format, const provisioning::RegisteredThing& registered);

/// {statusCode, errorCode, errorMessage}. The message ends with the operation, the place in the
/// request and whether the same request can succeed later. It omits internal detail.
struct Rejection {
  int status_code = 500;
  std::string error_code;
  std::string message;
  bool may_retry = false;
  Error error = {};  ///< the original error, with internal detail: for log, metrics and audit trail
};
Rejection rejection_of(Operation operation, const Error& error);
Bytes write_rejected(Format format, const Rejection& rejection);

}  // namespace imprint::device_api
