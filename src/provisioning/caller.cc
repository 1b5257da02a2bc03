// SPDX-License-Identifier: Apache-2.0
#include "provisioning/caller.h"

#include <algorithm>
#include <array>
#include <utility>

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
            code::kClaimRefused});
}

}  // namespace imprint::provisioning

namespace imprint::provisioning::code {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 17> kNarrower = {{
    {kDuplicateDevice, kResourceConflicts},
    {kNotListed, kAccessDenied},
    {kBlocked, kAccessDenied},
    {kListedForAnother, kAccessDenied},
    {kListMissing, kAccessDenied},
    {kNoListAttached, kAccessDenied},
    {kListValueMissing, kAccessDenied},
    {kSerialMissing, kAccessDenied},
    {kParameterRefused, kAccessDenied},
    {kClaimRefused, kAccessDenied},
    {kKeyRefused, kAccessDenied},
    {kHookDenied, kAccessDenied},
    {kHookFailed, kAccessDenied},
    {kHookTimedOut, kAccessDenied},
    {kLimitReached, kAccessDenied},
    {kHookOverride, kInvalidParameters},
    {kTypeDeprecated, kRegistrationFailure},
}};

}  // namespace

std::string_view on_the_wire(std::string_view code) {
  const auto* pair = std::ranges::find(kNarrower, code, &Pair::first);
  return pair == kNarrower.end() ? code : pair->second;
}

}  // namespace imprint::provisioning::code
