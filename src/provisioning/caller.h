// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/certificate_id.h"
#include "base/name.h"
#include "base/result.h"
#include "runtime/task.h"

namespace imprint::provisioning {

/// Who makes a request: the connection and its certificate.
struct Caller {
  CertificateId certificate;
  std::string client_id = {};
  std::string correlation = {};  ///< in all events of the connection
  std::string source_ip = {};
  /// Whether its policies still allow the request. Absent: only its certificate decides.
  std::function<runtime::Task<Result<void>>()> may_still = {};
};

/// For a request that has waited for a hook or a key: ClaimRefused if it is not allowed any more.
runtime::Task<Result<void>> check_still_allowed(Caller caller);

}  // namespace imprint::provisioning
