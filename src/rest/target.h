// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/signature.h"
#include "base/result.h"

namespace imprint::rest {

using access::QueryParameters;

/// The target of an HTTP request, parsed once. Segments are split before they are decoded, so that
/// an encoded slash stays inside its segment. Not Boost.URL: it accepts fewer raw characters, and
/// limits, UTF-8 and error messages would still be needed here.
struct Target {
  static constexpr std::size_t kMaxBytes = 8192;
  static constexpr std::size_t kMaxSegments = 16;
  static constexpr std::size_t kMaxParameters = 64;

  std::string path;                        ///< as sent, without the query
  std::vector<std::string> segments = {};  ///< decoded UTF-8: "/things/a%3Ab" -> "things", "a:b"
  QueryParameters query = {};              ///< decoded UTF-8, in the order of the request

  /// Origin form only (RFC 9112 section 3.2.1). A '+' means itself, as in SigV4.
  static Result<Target> parse(std::string_view text);
};

}  // namespace imprint::rest
