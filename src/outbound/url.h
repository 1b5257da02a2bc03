// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace imprint::outbound {

/// An http:// or https:// URL to post to: it has a host, but no user name, password or fragment.
struct WebUrl {
  std::string text;
  std::string path;  ///< at least "/"
  bool is_tls = false;
  bool is_loopback = false;  ///< localhost or a loopback address, as written

  static Result<WebUrl> parse(std::string_view text);
};

/// The public part of a web URL: scheme, host and port. Chat services have their secret in the
/// path, others in the query.
std::string without_secrets(std::string_view url);

/// An smtp:// or smtps:// URL of a mail server: host and optionally a port, nothing else.
struct MailUrl {
  std::string text;
  bool is_tls = false;  ///< from the first byte (RFC 8314); otherwise STARTTLS
  bool is_loopback = false;

  static Result<MailUrl> parse(std::string_view text);
};

}  // namespace imprint::outbound
