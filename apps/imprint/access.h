// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "deployment/layout.h"
#include "encoding/json.h"

namespace imprint::tool {

/// The address of a deployment's server: as the running server reports it, or else from
/// imprint.toml.
struct ServerAddress {
  std::string http;  ///< "https://127.0.0.1:8443"
  std::string mqtt;  ///< "127.0.0.1:8883"
  std::string region;
};

/// Fault::invalid when the directory is not a deployment.
Result<void> expect_deployment(const deployment::Layout& layout);

/// Fault::invalid when the directory is not a deployment.
Result<ServerAddress> find_server(const deployment::Layout& layout);

/// The variables with which the AWS CLI, boto3 and Terraform reach this server; IMPRINT_MQTT is for
/// people: HOST:PORT, where devices connect.
std::vector<std::pair<std::string, std::string>> aws_environment(const deployment::Layout& layout,
                                                                 const ServerAddress& server);

/// A native call (/imprint/v1/...), signed with the deployment's admin credentials; an empty body
/// is not sent. Errors carry the server's own message; Fault::unavailable when it does not answer.
Result<encoding::json::value> call(const deployment::Layout& layout, const ServerAddress& server,
                                   const std::string& method, const std::string& path,
                                   const encoding::json::object& body = {});

/// Every row of a listing, page by page: the objects in `member` of each answer.
Result<encoding::json::array> call_all(const deployment::Layout& layout,
                                       const ServerAddress& server, const std::string& path,
                                       std::string_view member);

struct Fetched {
  long status = 0;
  std::string body = {};
};

/// GET of a resource that needs no credentials, such as /readyz. Fault::unavailable when the server
/// does not answer.
Result<Fetched> fetch(const deployment::Layout& layout, const ServerAddress& server,
                      const std::string& path);

/// A member of an answer; empty when it is absent or not text.
std::string text_of(const encoding::json::object& object, std::string_view member);

/// Seconds since 1970 as "2026-03-01 12:00:00.123", UTC.
std::string shown_time(double seconds);

}  // namespace imprint::tool
