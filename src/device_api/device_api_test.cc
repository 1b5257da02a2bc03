// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device_api/payloads.h"
#include "device_api/topics.h"
#include "outcome/causes.h"

namespace imprint::device_api {
namespace {

using testing::HasSubstr;
using Role = ProvisioningTopic::Role;
namespace json = encoding::json;

TEST(Topics, AreParsedAsAwsDefinesThem) {
  const struct {
    const char* topic;
    Operation operation;
    Format format;
    Role role;
    const char* name;
  } rows[] = {
      {"$aws/certificates/create/json", Operation::create_keys_and_certificate, Format::json,
       Role::request, ""},
      {"$aws/certificates/create/cbor/accepted", Operation::create_keys_and_certificate,
       Format::cbor, Role::accepted, ""},
      {"$aws/certificates/create-from-csr/json/rejected", Operation::create_certificate_from_csr,
       Format::json, Role::rejected, ""},
      {"$aws/provisioning-templates/T/provision/cbor", Operation::register_thing, Format::cbor,
       Role::request, "T"},
      {"$aws/provisioning-templates/a-b_9/provision/json/accepted", Operation::register_thing,
       Format::json, Role::accepted, "a-b_9"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_provisioning_topic(row.topic);
    ASSERT_TRUE(parsed && *parsed) << row.topic;
    const ProvisioningTopic& topic = **parsed;
    EXPECT_EQ(topic.operation, row.operation) << row.topic;
    EXPECT_EQ(topic.format, row.format) << row.topic;
    EXPECT_EQ(topic.role, row.role) << row.topic;
    EXPECT_EQ(topic.template_name ? topic.template_name->str() : "", row.name) << row.topic;
    if (row.role != Role::request) EXPECT_EQ(topic.answer(row.role), row.topic);
  }
}

TEST(Topics, RefusalsNameTheMistake) {
  const struct {
    const char* topic;
    const char* part;
  } rows[] = {
      {"$aws/certificates/create", "should end in /json or /cbor"},
      {"$aws/certificates/create/", "json or cbor"},
      {"$aws/certificates/create/JSON", "lower case"},
      {"$aws/certificates/create/json/", "/accepted and /rejected"},
      {"$aws/certificates/create/json/Accepted", "/accepted and /rejected"},
      {"$aws/certificates/create/json/accepted/x", "should end"},
      {"$aws/certificates/delete/json", "create and create-from-csr"},
      {"$aws/certificates/", "create and create-from-csr"},
      {"$aws/provisioning-templates/T", "provision"},
      {"$aws/provisioning-templates/T/register/json", "provision"},
      {"$aws/provisioning-templates//provision/json", "template name"},
      {"$aws/provisioning-templates/a b/provision/json", "template name"},
      {"$aws/certificates/create/json/accepted", "where answers arrive"},
      {"$aws/provisioning-templates/T/provision/json/rejected", "where answers arrive"},
      {"$aws/other/t", "reserved"},
      {"$aws/certificatesx/create/json", "reserved"},
      {"$SYS/broker", "reserved"},
      {"$", "reserved"},
  };
  for (const auto& row : rows) {
    const auto checked = check_publish(row.topic);
    ASSERT_FALSE(checked) << row.topic;
    EXPECT_EQ(checked.error().fault, Fault::forbidden) << row.topic;
    EXPECT_THAT(checked.error().message, HasSubstr(row.part)) << row.topic;
  }
  for (const char* topic :
       {"sensors/1", "aws/certificates/create/json", "/$aws/x", "$aws/certificates/create/json",
        "$aws/provisioning-templates/T/provision/cbor"})
    EXPECT_TRUE(check_publish(topic)) << topic;
}

TEST(Topics, SuggestTheTopicThatWasProbablyMeant) {
  const struct {
    const char* topic;
    const char* meant;
  } rows[] = {
      {"$aws/certificate/create/json", "$aws/certificates/create/json"},
      {"aws/certificates/create/cbor", "$aws/certificates/create/cbor"},
      {"$aws/certificates/create-from-crs/json", "$aws/certificates/create-from-csr/json"},
      {"$aws/certificates/create/JSON", "$aws/certificates/create/json"},
      {"$aws/certificates/create/jason/accepted", "$aws/certificates/create/json/accepted"},
      {"$aws/provisioning-template/Line4/provision/json",
       "$aws/provisioning-templates/Line4/provision/json"},
      {"$aws/provisioning-templates/Line4/provison/json/rejected",
       "$aws/provisioning-templates/Line4/provision/json/rejected"},
      {"aws/provisioning-templates/Line4/provision/json",
       "$aws/provisioning-templates/Line4/provision/json"},
      {"provisioning-templates/Line4/provision/cbor",
       "$aws/provisioning-templates/Line4/provision/cbor"},
  };
  for (const auto& row : rows) EXPECT_EQ(suggested_topic(row.topic), row.meant) << row.topic;
  for (const char* topic :
       {"", "$", "$SYS/broker", "sensors/1", "$aws/certificates/create/json",
        "$aws/certificates/create/json/accepted", "$aws/provisioning-templates/T/provision/cbor",
        "factory/line/4/unit/17/temperature"})
    EXPECT_EQ(suggested_topic(topic), std::nullopt) << topic;
  EXPECT_EQ(suggested_topic(std::string(60'000, '/')), std::nullopt);
  EXPECT_THAT(check_publish("$aws/certificate/create/json").error().message,
              HasSubstr("did you mean \"$aws/certificates/create/json\"?"));
  EXPECT_THAT(check_subscribe("$aws/certificates/create/jason/accepted").error().message,
              HasSubstr("did you mean \"$aws/certificates/create/json/accepted\"?"));
}

TEST(Topics, SubscriptionsMayHaveWildcardsButNotToRequests) {
  for (const char* filter :
       {"a/b", "#", "+/x", "$share/g/a", "$aws/certificates/create/json/accepted",
        "$aws/certificates/create/+/rejected", "$aws/certificates/#",
        "$aws/provisioning-templates/+/provision/json/accepted",
        "$aws/provisioning-templates/T/provision/json/+", "$aws/things/t/jobs/notify",
        "$aws/events/#"})
    EXPECT_TRUE(check_subscribe(filter)) << filter;
  for (const char* filter :
       {"$aws/certificates/create/json", "$aws/provisioning-templates/T/provision/cbor",
        "$aws/certificates/create/xml/accepted", "$SYS/#", "$aws/#x", "$other"})
    EXPECT_FALSE(check_subscribe(filter)) << filter;
}

Bytes encode(Format format, const json::value& value) {
  if (format == Format::cbor) return encoding::to_cbor(value);
  const std::string text = encoding::to_json(value);
  return {text.begin(), text.end()};
}
json::object decode(Format format, BytesView payload) {
  auto value = format == Format::json ? encoding::parse_json(as_text(payload))
                                      : encoding::parse_cbor(payload);
  EXPECT_TRUE(value && value->is_object());
  return value->get_object();
}

class Payloads : public testing::TestWithParam<Format> {
 protected:
  static TemplateName name() { return *TemplateName::parse("T"); }
  Result<provisioning::RegisterThingRequest> register_thing(const json::value& value) {
    return read_register_thing(GetParam(), encode(GetParam(), value), name());
  }
};

TEST_P(Payloads, RegisterThingIsParsedWithAllItsParameters) {
  const auto request = register_thing(
      json::object{{"certificateOwnershipToken", "token"},
                   {"templateName", "ignored"},
                   {"parameters", {{"SerialNumber", "A1"}, {"Empty", ""}, {"Uni", "\xC3\xA9"}}}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->parameters.at("SerialNumber"), "A1");
  EXPECT_EQ(request->parameters.at("Empty"), "");
  EXPECT_EQ(request->parameters.size(), 3U);
  EXPECT_TRUE(register_thing(json::object{{"certificateOwnershipToken", "t"}}));
  EXPECT_TRUE(register_thing(json::object{{"parameters", nullptr}}));
}

TEST_P(Payloads, RefusalsNameTheMember) {
  json::object many;
  for (std::size_t i = 0; i <= templates::kMaxParameters; ++i) many[fmt::format("p{}", i)] = "x";
  const struct {
    const char* name;
    json::value value;
    const char* where;
    Cause cause;
  } rows[] = {
      {"an array", json::array{}, "payload", "InvalidPayload"_cause},
      {"text", json::value("x"), "payload", "InvalidPayload"_cause},
      {"token is a number", json::object{{"certificateOwnershipToken", 1}},
       "certificateOwnershipToken", "InvalidCertificateOwnershipToken"_cause},
      {"parameters are text", json::object{{"parameters", "x"}}, "parameters",
       "InvalidPayload"_cause},
      {"a number for a parameter", json::object{{"parameters", {{"n", 1}}}}, "parameters.n",
       "InvalidPayload"_cause},
      {"a nested parameter", json::object{{"parameters", {{"o", json::object{{"a", "b"}}}}}},
       "parameters.o", "InvalidPayload"_cause},
      {"too many", json::object{{"parameters", many}}, "parameters", "InvalidPayload"_cause},
  };
  for (const auto& row : rows) {
    const auto request = register_thing(row.value);
    ASSERT_FALSE(request) << row.name;
    EXPECT_EQ(request.error().where, row.where) << row.name;
    EXPECT_EQ(request.error().cause, row.cause) << row.name;
  }
}

TEST_P(Payloads, CsrRequestsRequireACsr) {
  const auto read = [&](const json::value& value) {
    return read_csr_request(GetParam(), encode(GetParam(), value));
  };
  EXPECT_EQ(*read(json::object{{"certificateSigningRequest", "pem"}}), "pem");
  for (const json::value& bad :
       {json::value(json::object{}), json::value(json::object{{"certificateSigningRequest", ""}}),
        json::value(json::object{{"certificateSigningRequest", 7}}), json::value(json::array{})})
    EXPECT_FALSE(read(bad));
  EXPECT_FALSE(read_csr_request(GetParam(), {}));
  EXPECT_TRUE(read_keys_request(GetParam(), {}));
  EXPECT_TRUE(read_keys_request(GetParam(), encode(GetParam(), json::object{{"x", 1}})));
  EXPECT_FALSE(read_keys_request(GetParam(), as_bytes("\xff{")));
}

TEST_P(Payloads, AnswersHaveTheMembersOfAws) {
  const json::object created =
      decode(GetParam(), write_created(GetParam(), {.id = CertificateId(Sha256{1}),
                                                    .pem = "PEM",
                                                    .ownership_token = Secret("tok")}));
  EXPECT_EQ(created.at("certificateId").as_string(), CertificateId(Sha256{1}).hex());
  EXPECT_EQ(created.at("certificatePem").as_string(), "PEM");
  EXPECT_EQ(created.at("certificateOwnershipToken").as_string(), "tok");
  EXPECT_FALSE(created.contains("privateKey")) << "the private key of a CSR stays on the device";

  provisioning::RegisteredThing registered{.certificate = CertificateId(Sha256{1}),
                                           .thing = std::nullopt,
                                           .device_configuration = R"({"a":{"b":[1]}})"};
  json::object answer = decode(GetParam(), write_registered(GetParam(), registered));
  EXPECT_FALSE(answer.contains("thingName"));
  EXPECT_EQ(encoding::to_json(answer.at("deviceConfiguration")), R"({"a":{"b":[1]}})");
  registered.thing = *ThingName::parse("t");
  answer = decode(GetParam(), write_registered(GetParam(), registered));
  EXPECT_EQ(answer.at("thingName").as_string(), "t");

  const json::object rejected =
      decode(GetParam(),
             write_rejected(GetParam(), {.status_code = 404, .error_code = "E", .message = "m"}));
  EXPECT_EQ(rejected.at("statusCode").to_number<int>(), 404);
  EXPECT_EQ(rejected.at("errorCode").as_string(), "E");
  EXPECT_EQ(rejected.at("errorMessage").as_string(), "m");
}

INSTANTIATE_TEST_SUITE_P(Formats, Payloads, testing::Values(Format::json, Format::cbor),
                         [](const auto& p) { return p.param == Format::json ? "Json" : "Cbor"; });

TEST(Rejection, HasOneStatusForEachCause) {
  const struct {
    Error error;
    int status;
    bool may_retry;
  } rows[] = {
      {{Fault::invalid, "m"}, 400, false},
      {{Fault::forbidden, "m"}, 403, false},
      {{Fault::not_found, "m"}, 404, false},
      {{Fault::conflict, "m"}, 409, false},
      {{Fault::exhausted, "m"}, 429, true},
      {{Fault::unavailable, "m"}, 503, true},
      {{Fault::internal, "m"}, 500, true},
      {{Fault::invalid, "m", "", "InvalidCertificateOwnershipToken"_cause}, 400, false},
      {{Fault::invalid, "m", "", "InvalidCsr"_cause}, 400, false},
      {{Fault::not_found, "m", "", "ResourceNotFound"_cause}, 404, false},
      {{Fault::forbidden, "m", "", "TemplateDisabled"_cause}, 403, false},
      {{Fault::conflict, "m", "", "ResourceConflicts"_cause}, 409, false},
      {{Fault::exhausted, "m", "", "Throttled"_cause}, 429, true},
  };
  for (const auto& row : rows) {
    const Rejection rejection = rejection_of(Operation::register_thing, row.error);
    EXPECT_EQ(rejection.status_code, row.status) << rejection.error_code;
    EXPECT_EQ(rejection.error.fault, row.error.fault);
    if (row.status == 503) EXPECT_EQ(rejection.error_code, "ServiceUnavailable");
    EXPECT_EQ(rejection.may_retry, row.may_retry) << rejection.error_code;
    EXPECT_THAT(rejection.message, HasSubstr("RegisterThing"));
    EXPECT_THAT(rejection.message, HasSubstr(row.may_retry ? "again later" : "final"));
  }
}

TEST(Rejection, OmitsInternalDetail) {
  const Rejection rejection =
      rejection_of(Operation::register_thing, {Fault::internal, "sqlite: /var/lib/secret"});
  EXPECT_THAT(rejection.message, testing::Not(HasSubstr("sqlite")));
}

}  // namespace
}  // namespace imprint::device_api
