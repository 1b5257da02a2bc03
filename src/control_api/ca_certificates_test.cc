// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;
using test::Identity;
using test::kDay;

const std::string kValidation = "CertificateValidationException";
const std::string kRole = "arn:aws:iam::000000000000:role/Provisioning";
const std::string kJitp =
    R"({"Parameters":{"AWS::IoT::Certificate::CommonName":{"Type":"String"}},"Resources":{)"
    R"("thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"AWS::IoT::Certificate::CommonName"}}}}})";
const std::string kFleet =
    R"({"Parameters":{"Serial":{"Type":"String"}},"Resources":{"thing":{"Type":"AWS::IoT::Thing",)"
    R"("Properties":{"ThingName":{"Ref":"Serial"}}}}})";

struct CaCertificates : testing::Test {
  ControlApiWorld world;
  Identity factory = test::make_root("Factory CA");

  std::string code() { return world.must("GET", "/registrationcode").text("registrationCode"); }
  std::string proof(const Identity& ca, std::string_view name) {
    return test::make_device(ca, name).certificate.pem();
  }
  static std::string text(const json::object& body) { return encoding::to_json(body); }
  static std::string sni_only(const x509::Certificate& ca, json::object more = {}) {
    more["caCertificate"] = ca.pem();
    more["certificateMode"] = "SNI_ONLY";
    return text(more);
  }
  /// Registers a CA in DEFAULT mode and returns the path of its CA certificate.
  std::string register_ca(const Identity& ca, json::object more = {},
                          const std::string& query = "?setAsActive=true") {
    more["caCertificate"] = ca.certificate.pem();
    more["verificationCertificate"] = proof(ca, code());
    return "/cacertificate/" +
           world.must("POST", "/cacertificate" + query, text(more)).text("certificateId");
  }
  json::object describe(const std::string& path) { return world.must("GET", path).body; }
  void create_template(const std::string& name, const std::string& type, const std::string& body) {
    world.must("POST", "/provisioning-templates",
               text({{"templateName", name},
                     {"templateBody", body},
                     {"provisioningRoleArn", kRole},
                     {"type", type}}));
  }
};

TEST_F(CaCertificates, HaveARegistrationCodeThatIsKeptUntilDeleted) {
  expect_refusals(world,
                  {{"none yet", "DELETE", "/registrationcode", "", 404, kNotFound, "no registr"}});
  const std::string first = code();
  EXPECT_EQ(first.size(), 64U);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(code(), first);
  EXPECT_EQ(world.events().size(), 1U);
  world.must("DELETE", "/registrationcode");
  EXPECT_NE(code(), first);
  EXPECT_EQ(world.events()[1].step, "delete_registration_code");
}

TEST_F(CaCertificates, AreRegisteredWithAProof) {
  const std::string path = register_ca(factory, {}, "");
  const json::object ca = describe(path).at("certificateDescription").as_object();
  EXPECT_EQ(ca.at("certificateArn").as_string(),
            "arn:aws:iot:us-east-1:000000000000:cacert/" + factory.certificate.id().hex());
  EXPECT_EQ(ca.at("status"), "INACTIVE");
  EXPECT_EQ(ca.at("autoRegistrationStatus"), "DISABLE");
  EXPECT_EQ(ca.at("certificateMode"), "DEFAULT");
  EXPECT_EQ(ca.at("certificatePem").as_string(), factory.certificate.pem());
  EXPECT_EQ(ca.at("ownedBy"), "000000000000");
  EXPECT_EQ(ca.at("customerVersion"), 1);
  EXPECT_EQ(ca.at("generationId").as_string().size(), 36U);
  EXPECT_EQ(ca.at("validity").at("notBefore").as_double(), 1767225600.0 - 86400);
  EXPECT_FALSE(describe(path).contains("registrationConfig"));
  EXPECT_EQ(world.events().back().step, "register_ca_certificate");
  EXPECT_EQ(world.events().back().certificate, factory.certificate.id().hex());
}

TEST_F(CaCertificates, AreRefusedWithoutAProperProof) {
  const std::string good = code();
  const Identity stranger = test::make_root("Stranger CA");
  const Identity impostor = test::make_root("Factory CA");
  const auto with = [&](const std::string& verification) {
    return text(
        {{"caCertificate", factory.certificate.pem()}, {"verificationCertificate", verification}});
  };
  const auto dated = [&](auto change) {
    return with(test::make_child(factory, good, change).certificate.pem());
  };
  const std::string path = "/cacertificate";
  expect_refusals(
      world,
      {{"none", "POST", path, text({{"caCertificate", factory.certificate.pem()}}), 400, kInvalid,
        "verificationCertificate"},
       {"another code", "POST", path, with(proof(factory, std::string(64, '0'))), 400,
        "RegistrationCodeValidationException", "is not the registration code"},
       {"another CA", "POST", path, with(proof(stranger, good)), 400, kValidation, "did not sign"},
       {"another key of the same name", "POST", path, with(proof(impostor, good)), 400, kValidation,
        "did not sign"},
       {"expired", "POST", path,
        dated([](x509::TbsCertificate& tbs) { tbs.not_after = test::kToday - Milliseconds(1000); }),
        400, kValidation, "expired"},
       {"of tomorrow", "POST", path,
        dated([](x509::TbsCertificate& tbs) { tbs.not_before = test::kToday + kDay; }), 400,
        kValidation, "not valid yet"},
       {"no certificate", "POST", path, with("hello"), 400, kValidation, "verificationCertificate"},
       {"in mode SNI_ONLY", "POST", path,
        sni_only(factory.certificate, {{"verificationCertificate", proof(factory, good)}}), 400,
        kInvalid, "leave it out"},
       {"unknown mode", "POST", path,
        text({{"caCertificate", factory.certificate.pem()}, {"certificateMode", "OTHER"}}), 400,
        kInvalid, "DEFAULT, SNI_ONLY"}});
  world.must("DELETE", "/registrationcode");
  expect_refusals(world, {{"a code that is gone", "POST", path, with(proof(factory, good)), 400,
                           "RegistrationCodeValidationException", "GetRegistrationCode"}});
}

TEST_F(CaCertificates, AreRefusedWhenTheyAreNone) {
  const auto changed = [](auto change) {
    x509::PrivateKey key = test::make_key();
    auto tbs = test::plain_tbs(key.public_key(), "CA");
    tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true};
    change(tbs);
    return sni_only(test::must_sign(std::move(tbs), key));
  };
  const std::string path = "/cacertificate";
  expect_refusals(
      world,
      {{"a leaf", "POST", path, sni_only(test::make_device(factory, "d").certificate), 400,
        kValidation, "CA:TRUE"},
       {"this deployment's own", "POST", path, sni_only(world.ca.certificate), 400, kValidation,
        "of this deployment itself"},
       {"may not sign", "POST", path, changed([](x509::TbsCertificate& tbs) {
          tbs.extensions.key_usage = x509::digital_signature;
        }),
        400, kValidation, "keyCertSign"},
       {"no constraints", "POST", path,
        changed([](x509::TbsCertificate& tbs) { tbs.extensions.basic_constraints.reset(); }), 400,
        kValidation, "CA:TRUE"},
       {"expired", "POST", path, changed([](x509::TbsCertificate& tbs) {
          tbs.not_after = test::kToday - Milliseconds(1000);
        }),
        400, kValidation, "expired"},
       {"of tomorrow", "POST", path,
        changed([](x509::TbsCertificate& tbs) { tbs.not_before = test::kToday + kDay; }), 400,
        kValidation, "not valid yet"},
       {"no PEM", "POST", path, text({{"caCertificate", "x"}, {"certificateMode", "SNI_ONLY"}}),
        400, kValidation, "caCertificate"},
       {"missing", "POST", path, "{}", 400, kInvalid, "caCertificate"},
       {"too long", "POST", path, text({{"caCertificate", std::string(65537, 'a')}}), 400, kInvalid,
        "65536"}});
}

TEST_F(CaCertificates, AreRegisteredOnceForASubjectAndKey) {
  world.must("POST", "/cacertificate", sni_only(factory.certificate));
  const Reply again = world.call("POST", "/cacertificate", sni_only(factory.certificate));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.error, kExists);
  EXPECT_THAT(again.text("resourceArn"), HasSubstr(":cacert/" + factory.certificate.id().hex()));
  auto renewed = test::plain_tbs(factory.key.public_key(), "Factory CA");
  renewed.serial = test::serial(77);
  renewed.extensions.basic_constraints = x509::BasicConstraints{.ca = true};
  const x509::Certificate other = test::must_sign(std::move(renewed), factory.key);
  expect_refusals(world, {{"same subject and key", "POST", "/cacertificate", sni_only(other), 409,
                           kExists, "same subject and key"}});
}

TEST_F(CaCertificates, NumberTenOfASubject) {
  for (int i = 0; i < 10; ++i) {
    world.must("POST", "/cacertificate", sni_only(test::make_root("Factory CA").certificate));
  }
  expect_refusals(world, {{"eleventh", "POST", "/cacertificate", sni_only(factory.certificate), 410,
                           "LimitExceededException", "delete one"}});
  world.must("POST", "/cacertificate", sni_only(test::make_root("Another CA").certificate));
}

TEST_F(CaCertificates, KeepWhatTheirDevicesAreProvisionedWith) {
  create_template("Jitp", "JITP", kJitp);
  const std::string path =
      register_ca(factory, {{"registrationConfig", {{"templateBody", kJitp}, {"roleArn", kRole}}}},
                  "?setAsActive=true&allowAutoRegistration=true");
  json::object ca = describe(path);
  EXPECT_EQ(ca.at("certificateDescription").at("autoRegistrationStatus"), "ENABLE");
  EXPECT_EQ(ca.at("certificateDescription").at("status"), "ACTIVE");
  EXPECT_EQ(encoding::to_json(ca.at("registrationConfig")),
            text({{"templateBody", kJitp}, {"roleArn", kRole}}));
  world.clock.advance(Milliseconds(1000));
  world.must("PUT", path + "?newStatus=INACTIVE&newAutoRegistrationStatus=DISABLE",
             text({{"registrationConfig", {{"templateName", "Jitp"}}}}));
  ca = describe(path);
  const json::object& described = ca.at("certificateDescription").as_object();
  EXPECT_EQ(described.at("status"), "INACTIVE");
  EXPECT_EQ(described.at("autoRegistrationStatus"), "DISABLE");
  EXPECT_EQ(described.at("customerVersion"), 2);
  EXPECT_EQ(described.at("lastModifiedDate").as_double(), 1767225601.0);
  EXPECT_EQ(described.at("creationDate").as_double(), 1767225600.0);
  EXPECT_EQ(encoding::to_json(ca.at("registrationConfig")), R"({"templateName":"Jitp"})");
  expect_refusals(world, {{"a template in use", "DELETE", "/provisioning-templates/Jitp", "", 409,
                           "DeleteConflictException", factory.certificate.id().hex()}});
  world.must("PUT", path + "?newAutoRegistrationStatus=ENABLE",
             R"({"removeAutoRegistration":true})");
  ca = describe(path);
  EXPECT_FALSE(ca.contains("registrationConfig"));
  EXPECT_EQ(ca.at("certificateDescription").at("autoRegistrationStatus"), "ENABLE");
  world.must("DELETE", "/provisioning-templates/Jitp");
  EXPECT_EQ(world.events().at(4).step, "update_ca_certificate");
}

TEST_F(CaCertificates, RefuseTemplatesThatCannotProvision) {
  create_template("Fleet", "FLEET_PROVISIONING", kFleet);
  create_template("Jitp", "JITP", kJitp);
  const std::string path = register_ca(factory);
  struct Row {
    std::string name;
    json::object config;
    int status;
    std::string error;
    std::string message;
  };
  const std::vector<Row> rows = {
      {"not JSON", {{"templateBody", "{"}, {"roleArn", kRole}}, 400, kInvalid, ""},
      {"device's own parameters",
       {{"templateBody", kFleet}, {"roleArn", kRole}},
       400,
       kInvalid,
       "Serial"},
      {"no role", {{"templateBody", kJitp}}, 400, kInvalid, "roleArn"},
      {"role only", {{"roleArn", kRole}}, 400, kInvalid, "without a template"},
      {"role of another form",
       {{"templateBody", kJitp}, {"roleArn", "aaaaaaaaaaaaaaaaaaaaaaaa"}},
       400,
       kInvalid,
       "registrationConfig.roleArn"},
      {"both",
       {{"templateBody", kJitp}, {"roleArn", kRole}, {"templateName", "Jitp"}},
       400,
       kInvalid,
       "contradict"},
      {"unknown template", {{"templateName", "Nope"}}, 404, kNotFound, "Nope"},
      {"fleet template", {{"templateName", "Fleet"}}, 400, kInvalid, "JITP"},
      {"template name",
       {{"templateName", "a b"}},
       400,
       kInvalid,
       "registrationConfig.templateName"},
      {"body is a number", {{"templateBody", 1}}, 400, kInvalid, "must be text"},
      {"body too long",
       {{"templateBody", std::string(10241, 'a')}, {"roleArn", kRole}},
       400,
       kInvalid,
       "10240"}};
  for (const Row& row : rows) {
    const std::string body = text({{"registrationConfig", row.config}});
    const std::string creation =
        sni_only(test::make_root("Another CA").certificate, {{"registrationConfig", row.config}});
    expect_refusals(world, {{row.name, "PUT", path, body, row.status, row.error, row.message},
                            {row.name, "POST", "/cacertificate", creation, row.status, row.error,
                             row.message}});
  }
  expect_refusals(world,
                  {{"given and taken", "PUT", path,
                    text({{"registrationConfig", {{"templateName", "Jitp"}}},
                          {"removeAutoRegistration", true}}),
                    400, kInvalid, "contradict"},
                   {"status", "PUT", path + "?newStatus=REVOKED", "{}", 400, kInvalid, "newStatus"},
                   {"auto registration", "PUT", path + "?newAutoRegistrationStatus=ON", "{}", 400,
                    kInvalid, "ENABLE, DISABLE"}});
}

TEST_F(CaCertificates, AreNotMadeActiveOnceExpired) {
  const std::string path = register_ca(factory, {}, "");
  world.clock.advance(std::chrono::duration_cast<Milliseconds>(3651 * kDay));
  expect_refusals(
      world, {{"expired", "PUT", path + "?newStatus=ACTIVE", "{}", 400, kInvalid, "has expired"}});
  world.must("PUT", path + "?newStatus=INACTIVE", "{}");
}

TEST_F(CaCertificates, AreDeletedOnceInactive) {
  const std::string path = register_ca(factory);
  const std::string id = path.substr(path.rfind('/') + 1);
  const std::string unknown = "/cacertificate/" + std::string(64, 'a');
  expect_refusals(
      world,
      {{"active", "DELETE", path, "", 406, "CertificateStateException", "must be deactivated"},
       {"unknown", "DELETE", unknown, "", 404, kNotFound, "does not exist"},
       {"unknown to read", "GET", unknown, "", 404, kNotFound, "does not exist"},
       {"unknown to update", "PUT", unknown, "{}", 404, kNotFound, "does not exist"},
       {"no id", "GET", "/cacertificate/abcd", "", 400, kInvalid, "certificateId"}});
  const std::string device = test::make_device(factory, "d").certificate.pem();
  const std::string registered =
      world.must("POST", "/certificate/register", text({{"certificatePem", device}}))
          .text("certificateId");
  world.must("PUT", path + "?newStatus=INACTIVE", "{}");
  world.must("DELETE", path);
  EXPECT_EQ(world.call("GET", path).status, 404);
  const Reply left = world.must("GET", "/certificates-by-ca/" + id);
  EXPECT_EQ(left.list("certificates").at(0).at("certificateId").as_string(), registered);
}

TEST_F(CaCertificates, AreListedByCreationInPages) {
  create_template("Jitp", "JITP", kJitp);
  for (int i = 0; i < 5; ++i) {
    const json::object config =
        i == 3 ? json::object{{"registrationConfig", {{"templateName", "Jitp"}}}} : json::object();
    world.must("POST", "/cacertificate",
               sni_only(test::make_root(fmt::format("CA {}", i)).certificate, config));
    world.clock.advance(Milliseconds(1000));
  }
  const auto ascending =
      world.follow("GET", "/cacertificates?isAscendingOrder=true", "certificates", true, 2);
  EXPECT_THAT(ascending.sizes, ElementsAre(2, 2, 1));
  auto descending = world.follow("GET", "/cacertificates", "certificates", true, 2).elements;
  std::ranges::reverse(descending);
  EXPECT_EQ(descending, ascending.elements);
  const Reply named = world.must("GET", "/cacertificates?templateName=Jitp");
  ASSERT_EQ(named.list("certificates").size(), 1U);
  EXPECT_EQ(encoding::to_json(named.list("certificates")[0]), ascending.elements[3]);
  EXPECT_TRUE(world.must("GET", "/cacertificates?templateName=Other").list("certificates").empty());
}

TEST_F(CaCertificates, AreRegisteredCompletelyOrNotAtAll) {
  const std::string body = text({{"caCertificate", factory.certificate.pem()},
                                 {"verificationCertificate", proof(factory, code())},
                                 {"tags", json::array{{{"Key", "a"}, {"Value", "b"}}}}});
  int calls = 1;
  while (true) {
    world.store.fail_call(calls, test::FaultyStore::When::before);
    const Reply reply = world.call("POST", "/cacertificate", body);
    const bool failed = world.store.has_failed();
    world.store.fail_call(0, test::FaultyStore::When::before);
    if (!failed) {
      EXPECT_EQ(reply.status, 200) << reply.message();
      break;
    }
    EXPECT_EQ(reply.status, 503) << calls;
    EXPECT_TRUE(world.must("GET", "/cacertificates").list("certificates").empty()) << calls;
    ++calls;
  }
  EXPECT_GE(calls, 4) << "the code, the CAs of the subject and the commit are read and written";
  EXPECT_EQ(world.must("GET", "/cacertificates").list("certificates").size(), 1U);
}

TEST_F(CaCertificates, AreNotRegisteredWithACodeDeletedConcurrently) {
  const std::string body = text({{"caCertificate", factory.certificate.pem()},
                                 {"verificationCertificate", proof(factory, code())}});
  world.store.before_commit([&] { world.must("DELETE", "/registrationcode"); });
  const Reply reply = world.call("POST", "/cacertificate", body);
  EXPECT_EQ(reply.error, "RegistrationCodeValidationException") << reply.message();
  EXPECT_TRUE(world.must("GET", "/cacertificates").list("certificates").empty());
}

struct RegisteredCertificates : CaCertificates {
  std::string ca_path = register_ca(factory);

  json::object describe_certificate(const std::string& id) {
    return world.must("GET", "/certificates/" + id).body.at("certificateDescription").as_object();
  }
  static std::string body(const x509::Certificate& certificate, json::object more = {}) {
    more["certificatePem"] = certificate.pem();
    return text(more);
  }
};

TEST_F(RegisteredCertificates, ComeUnderTheirCa) {
  const Identity device = test::make_device(factory, "device-1");
  const std::string id =
      world.must("POST", "/certificate/register", body(device.certificate, {{"status", "ACTIVE"}}))
          .text("certificateId");
  const json::object described = describe_certificate(id);
  EXPECT_EQ(id, device.certificate.id().hex());
  EXPECT_EQ(described.at("status"), "ACTIVE");
  EXPECT_EQ(described.at("certificateMode"), "DEFAULT");
  EXPECT_EQ(described.at("caCertificateId").as_string(), factory.certificate.id().hex());
  EXPECT_EQ(described.at("certificatePem").as_string(), device.certificate.pem());
  EXPECT_EQ(described.at("validity").at("notAfter").as_double(), 1767225600.0 + 365 * 86400.0);
  EXPECT_EQ(world.events().back().step, "register_certificate");
  EXPECT_EQ(world.events().back().certificate, id);
  EXPECT_THAT(world.events().back().detail, HasSubstr(factory.certificate.id().hex()));
}

TEST_F(RegisteredCertificates, TakeTheModeOfTheirCa) {
  const Identity shared = test::make_root("Shared CA");
  world.must("POST", "/cacertificate?setAsActive=true", sni_only(shared.certificate));
  const Identity device = test::make_device(shared, "device");
  const std::string id =
      world.must("POST", "/certificate/register?setAsActive=true", body(device.certificate))
          .text("certificateId");
  EXPECT_EQ(describe_certificate(id).at("certificateMode"), "SNI_ONLY");
  EXPECT_EQ(describe_certificate(id).at("status"), "ACTIVE");
}

TEST_F(RegisteredCertificates, ComeWithoutACa) {
  const Identity lonely = test::make_root("Self-signed");
  const std::string path = "/certificate/register-no-ca";
  const std::string id = world.must("POST", path, body(lonely.certificate)).text("certificateId");
  const json::object described = describe_certificate(id);
  EXPECT_EQ(described.at("status"), "INACTIVE");
  EXPECT_EQ(described.at("certificateMode"), "SNI_ONLY");
  EXPECT_FALSE(described.contains("caCertificateId"));
  const Reply again = world.call("POST", path, body(lonely.certificate));
  EXPECT_EQ(again.error, kExists);
  EXPECT_EQ(again.message(), "The certificate is already provisioned or registered");
  EXPECT_EQ(again.text("resourceId"), id);
}

TEST_F(RegisteredCertificates, AreRefusedWithAReason) {
  const Identity device = test::make_device(factory, "device");
  const Identity stranger = test::make_device(test::make_root("Stranger CA"), "device");
  const Identity impostor = test::make_device(test::make_root("Factory CA"), "device");
  const Identity old = test::make_child(factory, "old", [](x509::TbsCertificate& tbs) {
    tbs.not_after = test::kToday - Milliseconds(1000);
  });
  const std::string path = "/certificate/register";
  const std::string no_ca = "/certificate/register-no-ca";
  expect_refusals(
      world,
      {{"unknown CA", "POST", path, body(stranger.certificate), 400, kValidation,
        "RegisterCACertificate"},
       {"another key of the CA's name", "POST", path, body(impostor.certificate), 400, kValidation,
        "signed this certificate"},
       {"another CA named", "POST", path,
        body(device.certificate, {{"caCertificatePem", world.ca.certificate.pem()}}), 400,
        kValidation, "the one given"},
       {"CA is no PEM", "POST", path, body(device.certificate, {{"caCertificatePem", "x"}}), 400,
        kValidation, "caCertificatePem"},
       {"no PEM", "POST", path, R"({"certificatePem":"x"})", 400, kValidation, "certificatePem"},
       {"no PEM, no CA", "POST", no_ca, R"({"certificatePem":"x"})", 400, kValidation, "PEM"},
       {"missing", "POST", path, "{}", 400, kInvalid, "certificatePem"},
       {"expired", "POST", path, body(old.certificate), 400, kValidation, "expired"},
       {"expired, no CA", "POST", no_ca, body(old.certificate), 400, kValidation, "expired"},
       {"pending", "POST", path, body(device.certificate, {{"status", "PENDING_ACTIVATION"}}), 400,
        kInvalid, "ACTIVE, INACTIVE or REVOKED"},
       {"unknown status", "POST", no_ca, body(device.certificate, {{"status", "NEW"}}), 400,
        kInvalid, "status"},
       {"two statuses", "POST", path + "?setAsActive=true",
        body(device.certificate, {{"status", "INACTIVE"}}), 400, kInvalid, "contradict"}});
  world.must("PUT", ca_path + "?newStatus=INACTIVE", "{}");
  expect_refusals(world, {{"inactive CA", "POST", path, body(device.certificate), 406,
                           "CertificateStateException", "INACTIVE"}});
}

TEST_F(RegisteredCertificates, AreNotTakenFromACaThatHasExpired) {
  const Identity device = test::make_child(factory, "device", [](x509::TbsCertificate& tbs) {
    tbs.not_after = test::kToday + 4000 * kDay;
  });
  world.clock.advance(std::chrono::duration_cast<Milliseconds>(3651 * kDay));
  expect_refusals(world, {{"expired CA", "POST", "/certificate/register", body(device.certificate),
                           400, kValidation, "CA certificate that signed it has expired"}});
}

TEST_F(RegisteredCertificates, AreRefusedIfTheirCaIsDeactivatedConcurrently) {
  const Identity device = test::make_device(factory, "device");
  world.store.before_commit([&] { world.must("PUT", ca_path + "?newStatus=INACTIVE", "{}"); });
  const Reply reply = world.call("POST", "/certificate/register", body(device.certificate));
  EXPECT_EQ(reply.error, "CertificateStateException") << reply.message();
}

TEST_F(RegisteredCertificates, SayWhenTheirSignerIsAmbiguous) {
  // Two simultaneous registrations may both find that subject and key are free.
  auto twin_tbs = test::plain_tbs(factory.key.public_key(), "Factory CA");
  twin_tbs.serial = test::serial(77);
  twin_tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true};
  const x509::Certificate twin = test::must_sign(std::move(twin_tbs), factory.key);
  auto record = world.all<registry::CaCertificate>(registry::query::CaCertificates{}).at(0);
  record.id = twin.id();
  record.pem = twin.pem();
  registry::ChangeSet changes;
  changes.add(registry::Put{record});
  world.arrange(std::move(changes));
  const Identity device = test::make_device(factory, "device");
  expect_refusals(world, {{"two signers", "POST", "/certificate/register", body(device.certificate),
                           409, "CertificateConflictException", twin.id().hex()}});
  world.must("POST", "/certificate/register",
             body(device.certificate, {{"caCertificatePem", twin.pem()}}));
}

TEST_F(RegisteredCertificates, AreListedUnderTheirCaInPages) {
  const std::string id = ca_path.substr(ca_path.rfind('/') + 1);
  for (int i = 0; i < 5; ++i) {
    const Identity device = test::make_device(factory, fmt::format("device-{}", i));
    world.must("POST", "/certificate/register", body(device.certificate));
    world.clock.advance(Milliseconds(1000));
  }
  world.make_certificate();
  const std::string path = "/certificates-by-ca/" + id;
  const auto ascending =
      world.follow("GET", path + "?isAscendingOrder=true", "certificates", true, 2);
  EXPECT_THAT(ascending.sizes, ElementsAre(2, 2, 1));
  auto descending = world.follow("GET", path, "certificates", true, 3).elements;
  std::ranges::reverse(descending);
  EXPECT_EQ(descending, ascending.elements);
  EXPECT_TRUE(world.must("GET", "/certificates-by-ca/" + std::string(64, 'a'))
                  .list("certificates")
                  .empty());
}

}  // namespace
}  // namespace imprint::control_api
