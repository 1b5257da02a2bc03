// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/certificate_id.h"
#include "base/name.h"
#include "base/result.h"
#include "runtime/task.h"

namespace imprint::provisioning {

/// The connection that sends a request.
struct Caller {
  CertificateId certificate;
  std::string client_id = {};
  std::string correlation = {};  ///< in all events of the connection
  std::string source_ip = {};
  /// Whether its policies still allow the request. Absent: only its certificate decides.
  std::function<runtime::Task<Result<void>>()> may_still = {};
};

/// Checks a request again after it has waited for a hook or a key: AccessDenied if its permission
/// has been revoked in the meantime.
runtime::Task<Result<void>> check_still_allowed(Caller caller);

}  // namespace imprint::provisioning
