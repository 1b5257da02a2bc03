// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "deployment/layout.h"
#include "encoding/json.h"

namespace imprint::tool {

/// Where a deployment's server is: as the running server says, else as imprint.toml does.
struct ServerAddress {
  std::string http;  ///< "https://127.0.0.1:8443"
  std::string mqtt;  ///< "127.0.0.1:8883"
  std::string region;
};

/// Fault::invalid when the directory is no deployment.
Result<void> expect_deployment(const deployment::Layout& layout);

/// Fault::invalid when the directory is no deployment.
Result<ServerAddress> find_server(const deployment::Layout& layout);

/// The variables with which the AWS CLI, boto3 and Terraform speak to this server; IMPRINT_MQTT is
/// for people: HOST:PORT, where devices connect.
std::vector<std::pair<std::string, std::string>> aws_environment(const deployment::Layout& layout,
                                                                 const ServerAddress& server);

/// A native call (/imprint/v1/...), signed with the deployment's admin credentials; an empty body
/// is not sent. Errors carry the server's own sentence; Fault::unavailable when it does not answer.
Result<encoding::json::value> call(const deployment::Layout& layout, const ServerAddress& server,
                                   const std::string& method, const std::string& path,
                                   const encoding::json::object& body = {});

/// Every row of a listing, page after page: the objects in `member` of each answer.
Result<encoding::json::array> call_all(const deployment::Layout& layout,
                                       const ServerAddress& server, const std::string& path,
                                       std::string_view member);

struct Fetched {
  long status = 0;
  std::string body = {};
};

/// GET of what the server answers to anybody, such as /readyz. Fault::unavailable when it does not.
Result<Fetched> fetch(const deployment::Layout& layout, const ServerAddress& server,
                      const std::string& path);

/// A member of an answer; empty when it is absent or no text.
std::string text_of(const encoding::json::object& object, std::string_view member);

/// Seconds since 1970 as "2026-03-01 12:00:00.123", UTC.
std::string shown_time(double seconds);

}  // namespace imprint::tool
