// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/store_access.h"

namespace imprint::control_api {

namespace {

// The same server answers for all of them.
constexpr std::string_view kEndpointTypes[] = {"iot:Data", "iot:Data-ATS", "iot:Jobs"};

Answer describe_endpoint(Call call, std::string endpoint_address) {
  const std::string type = call.in.text("endpointType");
  if (type == "iot:CredentialProvider") {
    co_return refuse(Exception::invalid_request,
                     "Endpoint type iot:CredentialProvider is not available in this version of "
                     "Imprint");
  }
  if (!type.empty() && std::ranges::find(kEndpointTypes, type) == std::end(kEndpointTypes)) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("Endpoint type {} not recognized.", quote(type)));
  }
  co_return json::object{{"endpointAddress", endpoint_address}};
}

using enum Exception;

constexpr InputInfo kDescribe[] = {{.name = "endpointType", .in = Location::query, .most = 128}};

constexpr rest::Row<std::string> kOperations[] = {
    {"DescribeEndpoint",
     "GET",
     "/endpoint",
     kDescribe,
     {internal_failure, invalid_request, unauthorized, throttling},
     describe_endpoint},
};

}  // namespace

Operations endpoint_operations(std::string endpoint_address) {
  return rest::bind(kOperations, endpoint_address);
}

}  // namespace imprint::control_api
