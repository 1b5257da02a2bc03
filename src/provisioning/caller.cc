// SPDX-License-Identifier: Apache-2.0
#include "provisioning/caller.h"

#include "outcome/causes.h"

namespace imprint::provisioning {

runtime::Task<Result<void>> check_still_allowed(Caller caller) {
  if (!caller.may_still) co_return Result<void>();
  auto allowed = co_await caller.may_still();
  if (allowed || allowed.error().fault != Fault::forbidden) co_return allowed;
  co_return tl::unexpected(
      Error{Fault::forbidden,
            "the right to ask for this has been taken away while the request waited: " +
                allowed.error().message,
            {},
            "ClaimRefused"_cause});
}

}  // namespace imprint::provisioning
