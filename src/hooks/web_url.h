// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace imprint::hooks {

/// An http:// or https:// URL of a hook: host given, no user name, password or fragment.
struct WebUrl {
  std::string text;
  std::string path;  ///< "/" at least
  bool is_tls = false;
  bool is_loopback = false;  ///< localhost or a loopback address, as written

  static Result<WebUrl> parse(std::string_view text);
};

}  // namespace imprint::hooks
