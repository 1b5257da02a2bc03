// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace imprint {

struct CauseInfo;

/// The cause of a refusal, or none: a row of the table in outcome/causes.h, where
/// `"NotListed"_cause` names one. Compared by identity, never by text.
class Cause {
 public:
  constexpr Cause() = default;
  constexpr explicit Cause(const CauseInfo& info) : info_(&info) {}

  constexpr explicit operator bool() const { return info_ != nullptr; }
  constexpr const CauseInfo& operator*() const { return *info_; }
  constexpr const CauseInfo* operator->() const { return info_; }

  friend constexpr bool operator==(const Cause&, const Cause&) = default;

 private:
  const CauseInfo* info_ = nullptr;  ///< static storage
};

}  // namespace imprint
