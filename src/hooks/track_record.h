// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>

#include "hooks/report.h"
#include "hooks/verdict.h"

namespace imprint::hooks {

/// The results of a hook's requests. A value; one owner.
class TrackRecord {
 public:
  void enter(const Reply& reply, Timestamp now) {
    ++counts_[static_cast<std::size_t>(reply.kind)];
    if (seconds_.size() == kRemembered) seconds_.pop_front();
    seconds_.push_back(reply.seconds);
    if (reply.kind == Reply::Kind::failed || reply.kind == Reply::Kind::timed_out)
      last_problem_ = {now, reply.because};
  }

  void write(HookReport& report) const {
    using Kind = Reply::Kind;
    report.answered = count(Kind::answered) + count(Kind::threw);
    report.failed = count(Kind::failed);
    report.timed_out = count(Kind::timed_out);
    report.last_problem = last_problem_;
    report.seconds.assign(seconds_.begin(), seconds_.end());
    std::ranges::sort(report.seconds);
  }

 private:
  static constexpr std::size_t kRemembered = 500;
  static constexpr std::size_t kKinds = 4;

  [[nodiscard]] std::uint64_t count(Reply::Kind kind) const {
    return counts_[static_cast<std::size_t>(kind)];
  }

  std::array<std::uint64_t, kKinds> counts_ = {};
  std::deque<double> seconds_;
  std::optional<HookReport::Problem> last_problem_;
};

}  // namespace imprint::hooks
