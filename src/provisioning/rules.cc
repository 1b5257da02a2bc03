// SPDX-License-Identifier: Apache-2.0
#include "provisioning/rules.h"

#include <re2/re2.h>

#include "base/name.h"

namespace imprint::provisioning {

namespace {

/// Limits RE2's compiled program and the DFA that it builds while matching. A pattern whose program
/// does not fit is refused; if the DFA does not fit, RE2 uses a slower matcher.
constexpr std::int64_t kMaxMemoryBytes = std::int64_t{1} << 20U;

RE2::Options options() {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_never_capture(true);
  out.set_max_mem(kMaxMemoryBytes);
  return out;
}

}  // namespace

Result<void> check_pattern(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return fail(Fault::invalid, "the pattern has {} bytes; at most {} are allowed", pattern.size(),
                kMaxPatternBytes);
  }
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), options());
  if (compiled.ok()) return {};
  return fail(Fault::invalid,
              "{} is not a regular expression of RE2: {}; back references and look-around do not "
              "exist there, and repetitions go to 1000",
              quote(pattern), compiled.error());
}

bool matches_whole(const std::string& pattern, std::string_view text) {
  const RE2 compiled(pattern, options());
  return compiled.ok() && RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled);
}

}  // namespace imprint::provisioning
