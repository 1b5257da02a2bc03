// SPDX-License-Identifier: Apache-2.0
#include "fleet/messages.h"

#include <fmt/format.h>

#include "encoding/json.h"

namespace imprint::fleet {

namespace {

namespace json = encoding::json;

constexpr std::int64_t kThrottled = 429;
constexpr std::int64_t kServerErrors = 500;

std::string_view to_string(Format format) { return format == Format::json ? "json" : "cbor"; }

Bytes write(Format format, const json::object& object) {
  if (format == Format::cbor) return encoding::to_cbor(object);
  const std::string text = encoding::to_json(object);
  return {text.begin(), text.end()};
}

tl::unexpected<Failure> malformed(std::string message) {
  return failed(Cause::verification, "malformed answer", std::move(message));
}

std::string text_or_empty(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Attempt<std::string> text_member(const json::object& object, std::string_view member) {
  std::string text = text_or_empty(object, member);
  if (text.empty()) return malformed(fmt::format("the answer has no text member {}", member));
  return text;
}

tl::unexpected<Failure> rejection(const json::object& object) {
  const json::value* status = object.if_contains("statusCode");
  const bool is_number = status != nullptr && (status->is_int64() || status->is_uint64());
  const std::int64_t code = is_number ? status->to_number<std::int64_t>() : 0;
  const std::string error_code = text_or_empty(object, "errorCode");
  return failed(Cause::rejected, error_code.empty() ? "no errorCode" : error_code,
                fmt::format("{} {}", code, text_or_empty(object, "errorMessage")),
                code == kThrottled || code >= kServerErrors);
}

/// The object in an accepted answer.
Attempt<json::object> read_accepted(Format format, std::string_view topic, BytesView payload) {
  auto value = format == Format::json ? encoding::parse_json(as_text(payload))
                                      : encoding::parse_cbor(payload);
  if (!value) return malformed(value.error().message);
  if (!value->is_object()) return malformed("the answer is not an object");
  if (topic.ends_with("/rejected")) return rejection(value->get_object());
  return std::move(value->get_object());
}

}  // namespace

std::string create_topic(Flow flow, Format format) {
  return fmt::format("$aws/certificates/{}/{}", flow == Flow::csr ? "create-from-csr" : "create",
                     to_string(format));
}

std::string register_topic(const TemplateName& name, Format format) {
  return fmt::format("$aws/provisioning-templates/{}/provision/{}", name.str(), to_string(format));
}

std::vector<std::string> answers_of(const std::string& request_topic) {
  return {request_topic + "/accepted", request_topic + "/rejected"};
}

Bytes write_create(Format format, const std::string& csr_pem) {
  json::object object;
  if (!csr_pem.empty()) object["certificateSigningRequest"] = csr_pem;
  return write(format, object);
}

Bytes write_register(Format format, const Secret& ownership_token,
                     const std::map<std::string, std::string>& parameters) {
  json::object values;
  for (const auto& [name, value] : parameters) values[name] = value;
  return write(format, {{"certificateOwnershipToken", ownership_token.reveal()},
                        {"parameters", std::move(values)}});
}

Attempt<Created> read_created(Format format, std::string_view topic, BytesView payload) {
  TRY_ASSIGN(const json::object object, read_accepted(format, topic, payload));
  Created out;
  TRY_ASSIGN(out.certificate_id, text_member(object, "certificateId"));
  TRY_ASSIGN(out.certificate_pem, text_member(object, "certificatePem"));
  TRY_ASSIGN(std::string token, text_member(object, "certificateOwnershipToken"));
  out.ownership_token = Secret(std::move(token));
  out.private_key = Secret(text_or_empty(object, "privateKey"));
  return out;
}

Attempt<Registered> read_registered(Format format, std::string_view topic, BytesView payload) {
  TRY_ASSIGN(const json::object object, read_accepted(format, topic, payload));
  Registered out;
  TRY_ASSIGN(out.thing_name, text_member(object, "thingName"));
  return out;
}

}  // namespace imprint::fleet
