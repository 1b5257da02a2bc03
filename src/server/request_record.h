// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "device_api/provisioning_api.h"
#include "server/journal.h"

/// Records the outcome of each provisioning request once, in the metrics, the log and the audit
/// trail.
namespace imprint::server {

struct Services;

/// The client that made a request; it may have disconnected by the time the answer is known.
struct Requester {
  std::string certificate;
  std::string client;
  std::string address;
  std::string correlation;
  Payer payer;
  bool is_claim;
};

struct RequestRecord {
  Requester requester;
  device_api::Answer answer;
  std::chrono::duration<double> took = {};
};

/// Counts and logs the outcome of a request and adds it to the audit trail.
void record_request(Services& services, const RequestRecord& record);

/// The same for a device whose just-in-time provisioning failed. `template_name` is empty if it
/// failed before the template was known.
void record_failed_first_connection(Services& services, const Requester& requester,
                                    std::string_view template_name, const Error& error,
                                    std::chrono::duration<double> took);

}  // namespace imprint::server
