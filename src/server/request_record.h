// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "device_api/provisioning_api.h"
#include "server/journal.h"

/// What provisioning requests come to: metrics, log and audit trail are written in one place, once
/// for each request.
namespace imprint::server {

struct Services;

/// Who asked; the client may have left when its answer is known.
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

/// Counts, logs and adds to the audit trail what a request came to.
void record_request(Services& services, const RequestRecord& record);

/// The same for a device whose just-in-time provisioning failed. `template_name` is empty if it
/// failed before the template was known.
void record_failed_first_connection(Services& services, const Requester& requester,
                                    std::string_view template_name, const Error& error,
                                    std::chrono::duration<double> took);

}  // namespace imprint::server
