// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/cause.h"

namespace imprint {

/// What a caller can do about an error. Only a front end (device_api, rest) turns it into
/// wire form.
enum class Fault {
  invalid,      ///< The input is wrong; the same input fails again.
  forbidden,    ///< The caller may not do this.
  not_found,    ///< The thing named does not exist.
  conflict,     ///< The state does not allow it: exists already, wrong version, still attached.
  exhausted,    ///< A limit is reached; later may succeed.
  unavailable,  ///< A dependency does not answer; the same call may succeed later.
  internal,     ///< A bug or broken data; the detail is for the log only.
};

std::string_view to_string(Fault fault);

/// An error as a value: a kind for callers, a sentence for people.
/// `message` names what was found and how to fix it; it never holds a secret. `where` is the
/// input's JSON path, parameter or member, when there is one. `cause` narrows the kind: it decides
/// the name on the wire, the counter and the remedy. `rule` names the operator's own setting that
/// decided: for operators and the audit trail only, because it may name what a device must not
/// learn.
struct Error {
  Fault fault = Fault::internal;
  std::string message;
  std::string where = {};
  Cause cause = {};
  std::string rule = {};

  friend bool operator==(const Error&, const Error&) = default;
};

/// "where: message", or the message alone.
std::string describe(const Error& error);

/// Asserts hold in release builds too and are never used on input.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace imprint

#define IMPRINT_ASSERT(expression)     \
  ((expression) ? static_cast<void>(0) \
                : ::imprint::assertion_failed(#expression, __FILE__, __LINE__))
