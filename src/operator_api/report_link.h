// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "bulk/registration_tasks.h"
#include "registry/store.h"
#include "rest/operation.h"

namespace imprint::operator_api {

/// GET /imprint/v1/reports/{task}/{type}/{part}?expires=&token=: what
/// ListThingRegistrationTaskReports links to, lines of JSON. The link itself is the permission, so
/// that it can be opened by curl, as AWS's presigned ones can. UnauthorizedException for a link
/// that is false or old.
rest::Link report_link(const bulk::RegistrationTasks& registrations, registry::Store& store,
                       const Clock& clock);

}  // namespace imprint::operator_api
