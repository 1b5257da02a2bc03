// SPDX-License-Identifier: Apache-2.0
// JSON, CBOR and the text codecs: never crash, and what parses prints back to an equal value.
#include "encoding/json.h"
#include "encoding/text.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(data, size);
  if (const auto value = encoding::parse_json(as_text(bytes))) {
    const auto again = encoding::parse_json(encoding::to_json(*value));
    IMPRINT_ASSERT(again.has_value());
    const auto cbor = encoding::parse_cbor(encoding::to_cbor(*value));
    IMPRINT_ASSERT(cbor.has_value());
  }
  if (const auto value = encoding::parse_cbor(bytes)) {
    const auto again = encoding::parse_cbor(encoding::to_cbor(*value));
    IMPRINT_ASSERT(again.has_value() && *again == *value);
  }
  if (const auto decoded = encoding::from_base64(as_text(bytes))) {
    IMPRINT_ASSERT(encoding::to_base64(*decoded) == as_text(bytes));
  }
  if (const auto decoded = encoding::percent_decode(as_text(bytes))) {
    IMPRINT_ASSERT(*encoding::percent_decode(encoding::percent_encode(*decoded)) == *decoded);
  }
  return 0;
}
