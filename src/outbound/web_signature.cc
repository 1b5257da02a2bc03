// SPDX-License-Identifier: Apache-2.0
#include "outbound/web_signature.h"

#include <fmt/format.h>

#include "encoding/text.h"
#include "x509/digest.h"

namespace imprint::outbound {

std::string signature_header(const std::string& key, std::string_view body, Timestamp now) {
  const auto seconds = to_milliseconds(now) / 1000;
  const std::string message = fmt::format("{}.{}", seconds, body);
  return fmt::format("t={},v1={}", seconds,
                     encoding::to_hex(x509::hmac_sha256(as_bytes(key), as_bytes(message))));
}

}  // namespace imprint::outbound
