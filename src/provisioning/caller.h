// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/certificate_id.h"
#include "base/name.h"
#include "base/result.h"
#include "runtime/task.h"

namespace imprint::provisioning {

/// Who asks: the connection's certificate, as the registry knows it.
struct Caller {
  CertificateId certificate;
  std::string client_id = {};
  std::string correlation = {};  ///< one for all steps of a connection, in every event
  std::string source_ip = {};
  /// Whether its policies still let it ask for this. Absent: nothing but its certificate decides.
  std::function<runtime::Task<Result<void>>()> may_still = {};
};

/// For a request that has waited, for a hook or a key, since it was let in: AccessDenied where the
/// right to make it has been taken away meanwhile.
runtime::Task<Result<void>> check_still_allowed(Caller caller);

}  // namespace imprint::provisioning
