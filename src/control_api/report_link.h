// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "bulk/reports.h"
#include "control_api/call.h"
#include "control_api/http.h"

/// GET /imprint/v1/reports/{task}/{type}/{part}?expires=&token=: what
/// ListThingRegistrationTaskReports links to. The link itself is the permission, so that it can be
/// opened by curl, as AWS's presigned ones can.
namespace imprint::control_api {

/// Nothing for any other request. UnauthorizedException for a link that is false or old.
std::optional<Result<bulk::ReportPart>> linked_report(const HttpRequest& request,
                                                      const Dependencies& server);

/// Lines of JSON.
runtime::Task<HttpResponse> answer_report(const Dependencies& server, bulk::ReportPart part,
                                          std::string request_id);

}  // namespace imprint::control_api
