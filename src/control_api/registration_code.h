// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"

/// The account's registration code: 64 hexadecimal digits. To register a CA certificate in DEFAULT
/// mode, the CA must sign a certificate with the code as its common name. The code stays the same
/// until it is deleted.
namespace imprint::control_api {

/// No value until GetRegistrationCode has made one.
runtime::Task<Result<std::optional<registry::Setting>>> find_registration_code(
    registry::Store& store);

}  // namespace imprint::control_api
