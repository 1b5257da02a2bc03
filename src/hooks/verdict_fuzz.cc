// SPDX-License-Identifier: Apache-2.0
// For any bytes that a handler sends: only an object with allowProvisioning true lets a device in,
// and the message about it is one bounded line.
#include <algorithm>

#include "base/error.h"
#include "hooks/verdict.h"

namespace {

using namespace imprint;

void check(const hooks::Reply& reply) {
  const hooks::Verdict verdict = hooks::fleet_verdict(reply);
  IMPRINT_ASSERT((verdict.outcome == hooks::Outcome::allowed) == verdict.because.empty());
  IMPRINT_ASSERT(verdict.because.size() < 1024);
  IMPRINT_ASSERT(std::ranges::none_of(verdict.because,
                                      [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  IMPRINT_ASSERT(verdict.overrides.size() <= hooks::kMaxOverrides);
  if (verdict.outcome != hooks::Outcome::allowed) {
    IMPRINT_ASSERT(verdict.overrides.empty());
    return;
  }
  IMPRINT_ASSERT(reply.kind == hooks::Reply::Kind::answered);
  IMPRINT_ASSERT(reply.answer.at("allowProvisioning") == encoding::json::value(true));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(hooks::read_answer(text));
  const hooks::Reply error = hooks::read_function_error(text);
  IMPRINT_ASSERT(error.kind == hooks::Reply::Kind::threw ||
                 error.kind == hooks::Reply::Kind::failed);
  check(error);
  return 0;
}
