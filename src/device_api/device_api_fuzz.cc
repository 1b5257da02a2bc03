// SPDX-License-Identifier: Apache-2.0
// The first byte selects the format of the rest: a topic or filter, or a payload of one format.
#include "device_api/payloads.h"
#include "device_api/topics.h"

namespace {

using namespace imprint;
using namespace imprint::device_api;

void try_topic(std::string_view text) {
  const auto parsed = parse_provisioning_topic(text);
  const bool is_request = parsed && *parsed && (**parsed).role == ProvisioningTopic::Role::request;
  const bool is_taken = is_request || is_absent_service(text);
  IMPRINT_ASSERT(!is_reserved(text) || check_publish(text).has_value() == is_taken);
  IMPRINT_ASSERT(!is_request || !check_subscribe(text));
  if (!parsed || !*parsed) return;
  // An accepted topic can be written again.
  const ProvisioningTopic& topic = **parsed;
  const std::string answer = topic.answer(ProvisioningTopic::Role::accepted);
  IMPRINT_ASSERT(is_request ? answer == std::string(text) + "/accepted"
                            : topic.answer(topic.role) == text);
}

void try_payload(Format format, BytesView payload) {
  const auto csr = read_csr_request(format, payload);
  const auto keys = read_keys_request(format, payload);
  const auto request = read_register_thing(format, payload, *TemplateName::parse("T"));
  IMPRINT_ASSERT(!csr || !csr->empty());
  IMPRINT_ASSERT(keys || (!csr && !request));  // all three require an object
  IMPRINT_ASSERT(!request || request->parameters.size() <= templates::kMaxParameters);
  if (request) return;
  const Rejection rejection = rejection_of(Operation::register_thing, request.error());
  IMPRINT_ASSERT(rejection.status_code == 400 && !rejection.may_retry);
  const Bytes wire = write_rejected(format, rejection);
  IMPRINT_ASSERT(format == Format::json ? encoding::parse_json(as_text(wire)).has_value()
                                        : encoding::parse_cbor(wire).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView rest(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      try_topic(as_text(rest));
      break;
    case 1:
      try_topic("$aws/" + std::string(as_text(rest)));
      break;
    case 2:
      try_payload(Format::json, rest);
      break;
    default:
      try_payload(Format::cbor, rest);
  }
  return 0;
}
