// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"

/// The account's registration code: 64 hexadecimal digits that whoever registers a CA certificate
/// in DEFAULT mode must have that CA sign as a common name. The same until it is deleted.
namespace imprint::control_api {

/// Nothing until GetRegistrationCode has made one.
runtime::Task<Result<std::optional<registry::Setting>>> find_registration_code(
    registry::Store& store);

}  // namespace imprint::control_api
