// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace imprint::outbound {

/// The value of the header Imprint-Signature, by which hooks and webhooks recognise the server:
/// "t={seconds since 1970},v1={hex}", an HMAC-SHA-256 over "{t}.{body}".
std::string signature_header(const std::string& key, std::string_view body, Timestamp now);

}  // namespace imprint::outbound
