// SPDX-License-Identifier: Apache-2.0
#include "device_api/payloads.h"

#include "outcome/causes.h"
#include "x509/csr.h"

namespace imprint::device_api {

namespace {

namespace json = encoding::json;

Unexpected refuse(std::string where, std::string message, Cause cause = "InvalidPayload"_cause) {
  return Unexpected(Error{Fault::invalid, std::move(message), std::move(where), cause});
}

/// The object of a request. Clients may send an empty payload for an empty object.
Result<json::object> read_object(Format format, BytesView payload) {
  if (payload.empty()) return json::object();
  auto value = format == Format::json ? encoding::parse_json(as_text(payload))
                                      : encoding::parse_cbor(payload);
  if (!value) return refuse("payload", std::move(value).error().message);
  if (!value->is_object()) {
    return refuse("payload", fmt::format("is {} where an object (a map) is expected",
                                         encoding::type_name(*value)));
  }
  return std::move(value->get_object());
}

Result<std::string> read_text(const json::object& object, std::string_view member, Cause cause) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) {
    return refuse(std::string(member),
                  fmt::format("is {} where text is expected", encoding::type_name(*value)), cause);
  }
  return std::string(value->get_string());
}

Bytes write(Format format, const json::object& object) {
  if (format == Format::cbor) return encoding::to_cbor(object);
  const std::string text = encoding::to_json(object);
  return {text.begin(), text.end()};
}

}  // namespace

Result<std::string> read_csr_request(Format format, BytesView payload) {
  TRY_ASSIGN(const json::object object, read_object(format, payload));
  TRY_ASSIGN(std::string csr,
             read_text(object, "certificateSigningRequest", "InvalidPayload"_cause));
  if (csr.empty())
    return refuse("certificateSigningRequest", "is missing; send a PEM-encoded PKCS#10 request");
  return csr;
}

Result<void> read_keys_request(Format format, BytesView payload) {
  TRY(read_object(format, payload));
  return {};
}

Result<provisioning::RegisterThingRequest> read_register_thing(Format format, BytesView payload,
                                                               TemplateName name) {
  TRY_ASSIGN(const json::object object, read_object(format, payload));
  TRY_ASSIGN(std::string token, read_text(object, "certificateOwnershipToken",
                                          "InvalidCertificateOwnershipToken"_cause));
  provisioning::RegisterThingRequest request{std::move(name), std::move(token)};
  const json::value* parameters = object.if_contains("parameters");
  if (parameters == nullptr || parameters->is_null()) return request;
  if (!parameters->is_object()) {
    return refuse("parameters", fmt::format("is {} where an object of text values is expected",
                                            encoding::type_name(*parameters)));
  }
  if (parameters->get_object().size() > templates::kMaxParameters) {
    return refuse("parameters",
                  fmt::format("holds {} members; at most {} are allowed",
                              parameters->get_object().size(), templates::kMaxParameters));
  }
  for (const auto& [key, value] : parameters->get_object()) {
    if (!value.is_string()) {
      return refuse("parameters." + std::string(key),
                    fmt::format("is {} where text is expected; put the value in quotes",
                                encoding::type_name(value)));
    }
    request.parameters.emplace(key, value.get_string());
  }
  return request;
}

Bytes write_created(Format format, const provisioning::CreatedCertificate& created) {
  json::object object{{"certificateId", created.id.hex()}, {"certificatePem", created.pem}};
  if (!created.private_key.empty()) object["privateKey"] = created.private_key.reveal();
  object["certificateOwnershipToken"] = created.ownership_token.reveal();
  return write(format, object);
}

Bytes write_registered(Format format, const provisioning::RegisteredThing& registered) {
  json::object object;
  const auto configuration = encoding::parse_json(registered.device_configuration);
  object["deviceConfiguration"] = configuration ? *configuration : json::value(json::object());
  if (registered.thing) object["thingName"] = registered.thing->str();
  return write(format, object);
}

Rejection rejection_of(Operation operation, const Error& error) {
  const Cause cause = outcome::answered_cause_of(error);
  const bool is_internal = cause->status == 500;
  const bool may_retry = cause->again == Again::later;
  const std::string place = error.where.empty() ? std::string() : " at " + error.where;
  return {
      .status_code = cause->status,
      .error_code = std::string(cause->wire_code),
      .message = fmt::format(
          "{} [{}{}; {}]",
          is_internal ? "the server could not carry out the request; its log has the cause"
                      : error.message,
          to_string(operation), place,
          may_retry ? "try the same request again later" : "final: the same request fails again"),
      .may_retry = may_retry,
      .error = error};
}

Bytes write_rejected(Format format, const Rejection& rejection) {
  return write(format, {{"statusCode", static_cast<std::uint64_t>(rejection.status_code)},
                        {"errorCode", rejection.error_code},
                        {"errorMessage", rejection.message}});
}

}  // namespace imprint::device_api
