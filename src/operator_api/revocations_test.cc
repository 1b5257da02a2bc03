// SPDX-License-Identifier: Apache-2.0
// Calls of operators about keys that were taken out of service.
#include "operator_api/words.h"
#include "provisioning/outside_certificate.h"
#include "test/support/control_api_world.h"
#include "test/support/twin.h"
#include "x509/csr.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;

class Revocations : public testing::Test {
 protected:
  Reply create(const x509::PrivateKey& of) {
    const std::string csr = *x509::make_csr_pem(of, test::common_name("device"));
    return world.call("POST", "/certificates?setAsActive=true",
                      encoding::to_json(json::object{{"certificateSigningRequest", csr}}));
  }
  Reply register_outside(const x509::Certificate& certificate) {
    return world.call("POST", "/certificate/register-no-ca",
                      encoding::to_json(json::object{{"certificatePem", certificate.pem()},
                                                     {"status", "ACTIVE"}}));
  }
  void set(const std::string& id, const std::string& status) {
    world.must("PUT", "/certificates/" + id + "?newStatus=" + status);
  }
  std::string status_of(const std::string& id) {
    const Reply reply = world.must("GET", "/certificates/" + id);
    return std::string(
        reply.body.at("certificateDescription").as_object().at("status").as_string());
  }

  ControlApiWorld world;
  x509::PrivateKey key = test::make_key();
  test::Identity device = test::make_device(test::make_root("Outside CA"), "device");
};

TEST_F(Revocations, ARevokedKeyGetsNoCertificateUntilItIsLifted) {
  const std::string id = create(key).text("certificateId");
  EXPECT_EQ(create(key).status, 200) << "AWS: the same request, another certificate";
  set(id, "REVOKED");
  const Reply refused = create(key);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.message(), HasSubstr("certificate " + id + ", which is revoked"));
  world.must("DELETE", "/certificates/" + id);
  EXPECT_THAT(create(key).message(), HasSubstr("imprint revocation lift DIR " + id));

  const auto listed = world.must("GET", "/imprint/v1/revocations");
  ASSERT_EQ(listed.list("revocations").size(), 1U);
  EXPECT_EQ(listed.list("revocations")[0].at("certificateId").as_string(), id);
  world.must("DELETE", "/imprint/v1/revocations/" + id);
  EXPECT_EQ(world.events().back().step, "lift_revocation");
  EXPECT_EQ(world.events().back().certificate, id);
  EXPECT_EQ(create(key).status, 200);
  EXPECT_EQ(world.call("DELETE", "/imprint/v1/revocations/" + id).status, 404);
}

TEST_F(Revocations, DistinguishCasWithTheSameName) {
  const auto one = test::make_device(test::make_root("Line CA"), "unit");
  const auto other = test::make_device(test::make_root("Line CA"), "unit");
  ASSERT_EQ(one.certificate.serial_hex(), other.certificate.serial_hex());
  set(register_outside(one.certificate).text("certificateId"), "REVOKED");
  EXPECT_EQ(register_outside(other.certificate).status, 200);
  // Self-signed certificates of units, all with the same name and serial number.
  const auto itself = test::make_root("device");
  set(register_outside(itself.certificate).text("certificateId"), "REVOKED");
  EXPECT_EQ(register_outside(test::make_root("device").certificate).status, 200);
}

TEST_F(Revocations, NameOtherCertificatesOfTheKeyThatStayInService) {
  const std::string old = create(key).text("certificateId");
  const std::string renewed = create(key).text("certificateId");
  set(old, "REVOKED");
  EXPECT_EQ(status_of(renewed), "ACTIVE");
  EXPECT_THAT(world.events().back().detail,
              HasSubstr(R"("same_key_in_service":[")" + renewed + R"("])"));
  set(renewed, "REVOKED");
  EXPECT_THAT(world.events().back().detail, testing::Not(HasSubstr("same_key_in_service")));
}

TEST_F(Revocations, ExplainADeviceWhoseCertificateWasDeleted) {
  const std::string id = create(key).text("certificateId");
  set(id, "REVOKED");
  world.must("DELETE", "/certificates/" + id);
  registry::ChangeSet changes;
  changes.events.push_back({.step = "tls_handshake",
                            .outcome = "denied",
                            .certificate = id,
                            .detail = R"({"cause":"unknown-certificate","from":"10.0.0.1"})"});
  ASSERT_TRUE(runtime::run_blocking(world.store.commit(std::move(changes))));
  const std::string lift = "imprint revocation lift DIR " + id;
  EXPECT_THAT(world.must("GET", "/imprint/v1/explain?certificateId=" + id).text("next"),
              HasSubstr(lift));
  const Reply refused = world.must("GET", "/imprint/v1/refused-devices");
  ASSERT_EQ(refused.list("devices").size(), 1U);
  EXPECT_THAT(std::string(refused.list("devices")[0].at("next").as_string()), HasSubstr(lift));
}

TEST_F(Revocations, ADeactivatedKeyGetsNoOtherCertificate) {
  const std::string id = create(key).text("certificateId");
  set(id, "INACTIVE");
  EXPECT_THAT(create(key).message(), HasSubstr("certificate " + id + ", which is INACTIVE"));
  set(id, "ACTIVE");
  EXPECT_EQ(create(key).status, 200);
}

TEST_F(Revocations, ARevokedKeyIsNotActivatedWithAnotherCertificate) {
  const std::string revoked = create(key).text("certificateId");
  const std::string other = create(key).text("certificateId");
  set(other, "INACTIVE");
  set(revoked, "REVOKED");
  for (const char* when : {"revoked", "deleted"}) {
    const Reply refused = world.call("PUT", "/certificates/" + other + "?newStatus=ACTIVE");
    EXPECT_EQ(refused.error, "CertificateStateException") << when;
    EXPECT_THAT(refused.message(), HasSubstr("imprint revocation lift DIR " + revoked)) << when;
    if (std::string(when) == "revoked") world.must("DELETE", "/certificates/" + revoked);
  }
  world.must("DELETE", "/imprint/v1/revocations/" + revoked);
  set(other, "ACTIVE");
}

TEST_F(Revocations, AnInactiveCertificateThatIsDeletedLeavesNothingBehind) {
  const std::string id = create(key).text("certificateId");
  set(id, "INACTIVE");
  world.must("DELETE", "/certificates/" + id);
  EXPECT_EQ(create(key).status, 200);
}

TEST_F(Revocations, ARevokedCertificateIsNotRegisteredInAnotherEncoding) {
  const x509::Certificate twin = test::twin_of(device.certificate);
  const std::string id = register_outside(device.certificate).text("certificateId");
  set(id, "REVOKED");
  for (const char* when : {"revoked", "deleted"}) {
    const Reply refused = register_outside(twin);
    EXPECT_EQ(refused.status, 406) << when;
    EXPECT_EQ(refused.error, "CertificateStateException") << when;
    if (std::string(when) == "revoked") world.must("DELETE", "/certificates/" + id);
  }
  EXPECT_EQ(register_outside(device.certificate).status, 406) << "the first encoding, too";
  world.must("DELETE", "/imprint/v1/revocations/" + id);
  EXPECT_EQ(register_outside(twin).status, 200);
}

TEST_F(Revocations, AllEncodingsOfOneCertificateShareItsFate) {
  const std::string id = register_outside(device.certificate).text("certificateId");
  const std::string twin =
      register_outside(test::twin_of(device.certificate)).text("certificateId");
  ASSERT_NE(twin, "");
  set(id, "INACTIVE");
  EXPECT_EQ(status_of(twin), "INACTIVE");
  set(twin, "ACTIVE");
  set(id, "REVOKED");
  EXPECT_EQ(status_of(twin), "REVOKED");
  EXPECT_EQ(world.events().back().certificate, twin);
}

TEST_F(Revocations, TemplatesOfOperatorsAreHeldToThemToo) {
  const std::string id = create(key).text("certificateId");
  set(id, "REVOKED");
  const std::string csr = *x509::make_csr_pem(key, test::common_name("device"));
  const std::string body =
      R"({"Parameters":{"CSR":{"Type":"String"}},"Resources":{"certificate":{)"
      R"("Type":"AWS::IoT::Certificate","Properties":{"CertificateSigningRequest":{"Ref":"CSR"}}}}})";
  const Reply refused =
      world.call("POST", "/things",
                 encoding::to_json(json::object{{"templateBody", body},
                                                {"parameters", json::object{{"CSR", csr}}}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.error, "ResourceRegistrationFailureException");
  EXPECT_THAT(refused.message(), HasSubstr("revoked"));
}

TEST_F(Revocations, ConcurrentWithRegistrationOrActivationAreRespected) {
  const auto revoke_meanwhile = [&](const x509::Certificate* certificate) {
    registry::Certificate revoked{.id = CertificateId(Sha256{9}),
                                  .pem = {},
                                  .status = registry::CertificateStatus::revoked,
                                  .public_key = key.public_key().sha256()};
    if (certificate != nullptr) {
      revoked.public_key = certificate->public_key().sha256();
      revoked.issued_as = certificate->issued_as();
    }
    world.arrange({.changes = {registry::Put{std::move(revoked)}}});
  };
  const auto lift = [&] {
    world.arrange(
        {.changes = {registry::Erase{registry::certificate_key(CertificateId(Sha256{9}))}}});
  };
  const std::string held = create(key).text("certificateId");
  world.store.before_commit([&] { revoke_meanwhile(nullptr); });
  EXPECT_THAT(create(key).message(), HasSubstr("which is revoked"));
  lift();
  set(held, "INACTIVE");
  world.store.before_commit([&] { revoke_meanwhile(nullptr); });
  EXPECT_EQ(world.call("PUT", "/certificates/" + held + "?newStatus=ACTIVE").error,
            "CertificateStateException");
  EXPECT_EQ(status_of(held), "INACTIVE");
  lift();
  world.store.before_commit([&] { revoke_meanwhile(&device.certificate); });
  EXPECT_EQ(register_outside(test::twin_of(device.certificate)).status, 406);
}

TEST_F(Revocations, IncludeATwinRegisteredConcurrently) {
  const std::string id = register_outside(device.certificate).text("certificateId");
  const x509::Certificate twin = test::twin_of(device.certificate);
  world.store.before_commit([&] {
    registry::Certificate record =
        provisioning::certificate_record(twin, world.random, world.clock.now());
    record.status = registry::CertificateStatus::active;
    world.arrange({.changes = {registry::Put{std::move(record)}}});
  });
  set(id, "REVOKED");
  EXPECT_EQ(status_of(twin.id().hex()), "REVOKED");
}

TEST_F(Revocations, OfExistingCertificatesAreNotLifted) {
  const std::string id = create(key).text("certificateId");
  set(id, "REVOKED");
  const Reply refused = world.call("DELETE", "/imprint/v1/revocations/" + id);
  EXPECT_EQ(refused.status, 404);
  EXPECT_THAT(refused.message(), HasSubstr("aws iot delete-certificate"));
}

}  // namespace
}  // namespace imprint::operator_api
