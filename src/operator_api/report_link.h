// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "bulk/registration_tasks.h"
#include "registry/store.h"
#include "rest/operation.h"

namespace imprint::operator_api {

/// GET /imprint/v1/reports/{task}/{type}/{part}?expires=&token=: the reports, as lines of JSON,
/// that ListThingRegistrationTaskReports links to. The link itself is the permission, so that curl
/// can open it, as it can AWS's presigned links. UnauthorizedException for a forged or expired
/// link.
rest::Link report_link(const bulk::RegistrationTasks& registrations, registry::Store& store,
                       const Clock& clock);

}  // namespace imprint::operator_api
