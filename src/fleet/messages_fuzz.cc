// SPDX-License-Identifier: Apache-2.0
// A server's answers: any bytes yield a complete value or a failure with a code.
#include "base/error.h"
#include "fleet/messages.h"

namespace {

using imprint::BytesView;
using namespace imprint::fleet;

template <class T>
void check(const Attempt<T>& read) {
  if (!read) IMPRINT_ASSERT(!read.error().code.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Format format = (data[0] & 1U) == 0 ? Format::json : Format::cbor;
  const std::string_view topic = (data[0] & 2U) == 0 ? "t/accepted" : "t/rejected";
  const BytesView payload(data + 1, size - 1);
  const auto created = read_created(format, topic, payload);
  check(created);
  if (created)
    IMPRINT_ASSERT(!created->certificate_pem.empty() && !created->ownership_token.empty());
  const auto registered = read_registered(format, topic, payload);
  check(registered);
  if (registered) IMPRINT_ASSERT(!registered->thing_name.empty() && topic == "t/accepted");
  return 0;
}
