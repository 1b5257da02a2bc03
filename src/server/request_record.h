// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "device_api/provisioning_api.h"
#include "server/journal.h"

/// What provisioning requests come to, for the books: metrics, log and audit trail are written in
/// one place, once for each request.
namespace imprint::server {

struct Services;

/// Who asked; the client may have left when its answer is known.
struct Asker {
  std::string certificate;
  std::string client;
  std::string address;
  std::string correlation;
  Payer payer;
  bool is_claim;
};

struct RequestRecord {
  Asker asker;
  device_api::Answer answer;
  std::chrono::duration<double> took = {};
};

/// Counts, logs and puts on record what a request came to.
void enter(Services& services, const RequestRecord& record);

/// The same of a device that its CA introduced and that could not be provisioned. `template_name`
/// is empty where it failed before one was known.
void enter_failed_introduction(Services& services, const Asker& asker,
                               std::string_view template_name, const Error& error,
                               std::chrono::duration<double> took);

}  // namespace imprint::server
