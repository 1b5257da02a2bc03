// SPDX-License-Identifier: Apache-2.0
#include "x509/chain.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "test/support/shell.h"
#include "test/support/test_ca.h"

namespace imprint::x509 {
namespace {

using test::kDay;
using test::kToday;

std::string verdict(const std::vector<Certificate>& anchors, const Certificate& leaf,
                    const std::vector<Certificate>& untrusted = {}, Timestamp at = kToday,
                    ChainPurpose purpose = ChainPurpose::tls_client) {
  const auto trust = TrustAnchors::make(anchors);
  if (!trust) return trust.error().message;
  const auto chain = trust->verify(leaf, untrusted, at, purpose);
  EXPECT_EQ(ERR_peek_error(), 0U);
  if (chain) return fmt::format("chain of {}", chain->size());
  EXPECT_EQ(chain.error().fault, Fault::forbidden);
  return chain.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Chain : public ::testing::Test {
 protected:
  const test::Identity root_ = test::make_root("Root");
  const test::Identity sub_ = test::make_intermediate(root_, "Sub");
  const test::Identity device_ = test::make_device(sub_, "device");
};

TEST_F(Chain, VerifiesThroughTheIntermediateAndReportsTheAnchor) {
  EXPECT_EQ(verdict({root_.certificate}, device_.certificate, {sub_.certificate}), "chain of 3");
  EXPECT_TRUE(contains(verdict({root_.certificate}, device_.certificate), "unable to get"));
  const auto trust = TrustAnchors::make(std::vector{root_.certificate});
  const auto chain = trust->verify(device_.certificate, std::vector{sub_.certificate}, kToday,
                                   ChainPurpose::tls_client);
  EXPECT_EQ(chain->front(), device_.certificate);
  EXPECT_EQ(chain->back(), root_.certificate);
}

TEST_F(Chain, ARegisteredIntermediateIsATrustAnchorByItself) {
  EXPECT_EQ(verdict({sub_.certificate}, device_.certificate), "chain of 2");
}

TEST_F(Chain, ALeafIsNeverAnAnchor) {
  EXPECT_TRUE(contains(verdict({device_.certificate}, device_.certificate), "is not a CA"));
}

TEST_F(Chain, WithoutAnchorsNothingIsTrusted) {
  EXPECT_TRUE(contains(verdict({}, device_.certificate, {sub_.certificate, root_.certificate}),
                       "self-signed certificate in certificate chain"));
  EXPECT_TRUE(contains(verdict({}, root_.certificate), "self-signed certificate"));
}

TEST_F(Chain, PurposeIsChecked) {
  const auto with_purpose = [&](std::string_view purpose) {
    return test::make_child(sub_, "x",
                            [&](TbsCertificate& tbs) {
                              tbs.extensions.extended_key_usage = {std::string(purpose)};
                            })
        .certificate;
  };
  const std::vector anchors{root_.certificate};
  const std::vector untrusted{sub_.certificate};
  EXPECT_TRUE(contains(verdict(anchors, with_purpose(kServerAuth), untrusted), "purpose"));
  EXPECT_EQ(
      verdict(anchors, with_purpose(kServerAuth), untrusted, kToday, ChainPurpose::tls_server),
      "chain of 3");
  EXPECT_TRUE(contains(
      verdict(anchors, with_purpose(kClientAuth), untrusted, kToday, ChainPurpose::tls_server),
      "purpose"));
}

TEST_F(Chain, ADeviceCannotIssue) {
  const auto child = test::make_device(device_, "grandchild");
  const std::string text =
      verdict({root_.certificate}, child.certificate, {device_.certificate, sub_.certificate});
  EXPECT_TRUE(contains(text, "invalid CA certificate")) << text;
}

TEST_F(Chain, PathLengthIsChecked) {
  const auto deeper = test::make_intermediate(sub_, "Deeper");  // sub has path length 0
  const auto leaf = test::make_device(deeper, "leaf");
  const std::string text =
      verdict({root_.certificate}, leaf.certificate, {deeper.certificate, sub_.certificate});
  EXPECT_TRUE(contains(text, "path length")) << text;
}

TEST_F(Chain, TwoAnchorsWithOneSubjectAreDistinguishedByKey) {
  const auto twin = test::make_root("Root");
  EXPECT_EQ(verdict({twin.certificate, root_.certificate}, device_.certificate, {sub_.certificate}),
            "chain of 3");
  EXPECT_EQ(verdict({root_.certificate, twin.certificate}, device_.certificate, {sub_.certificate}),
            "chain of 3");
  EXPECT_NE(verdict({twin.certificate}, device_.certificate, {sub_.certificate}), "chain of 3");
}

TEST_F(Chain, RefusesAnImpostorWithTheSameKeyIdentifier) {
  auto key = test::make_key();
  auto tbs = test::plain_tbs(key.public_key(), "Root");
  tbs.extensions = root_.certificate.extensions();
  tbs.not_after = kToday + 100 * kDay;
  const test::Identity fake{test::must_sign(tbs, key), std::move(key)};
  const auto leaf = test::make_device(fake, "leaf");
  EXPECT_TRUE(contains(verdict({root_.certificate}, leaf.certificate), "signature failure"));
}

TEST_F(Chain, TimeComesFromTheCaller) {
  const std::vector anchors{root_.certificate};
  const std::vector untrusted{sub_.certificate};
  EXPECT_TRUE(
      contains(verdict(anchors, device_.certificate, untrusted, kToday + 366 * kDay), "expired"));
  EXPECT_TRUE(contains(verdict(anchors, device_.certificate, untrusted, kToday - 2 * kDay),
                       "not yet valid"));
}

TEST_F(Chain, WeakDigestsAndKeysAreRefused) {
  const test::ScratchFolder folder;
  const auto made = test::shell(
      folder,
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3000 -subj "
      "/CN=ca "
      "2>/dev/null && openssl req -new -newkey rsa:2048 -nodes -keyout d.key -out d.csr -subj "
      "/CN=d "
      "2>/dev/null && openssl x509 -req -sha1 -in d.csr -CA ca.pem -CAkey ca.key -out sha1.pem && "
      "openssl x509 -req -in d.csr -CA ca.pem -CAkey ca.key -out good.pem && "
      "openssl req -new -newkey rsa:1024 -nodes -keyout w.key -out w.csr -subj /CN=w 2>/dev/null "
      "&& "
      "openssl x509 -req -in w.csr -CA ca.pem -CAkey ca.key -out weak.pem");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const auto load = [&](const std::string& name) {
    return *Certificate::from_pem(test::slurp(folder / name));
  };
  const auto at = load("good.pem").not_before() + std::chrono::hours(1);
  const auto ca = load("ca.pem");
  EXPECT_EQ(verdict({ca}, load("good.pem"), {}, at), "chain of 2");  // version 1, as devices use
  EXPECT_TRUE(contains(verdict({ca}, load("sha1.pem"), {}, at), "weak"));
  EXPECT_TRUE(contains(verdict({ca}, load("weak.pem"), {}, at), "weak"));
}

TEST_F(Chain, AnOverlongChainIsRefusedBeforeAnyWork) {
  const std::vector<Certificate> many(17, sub_.certificate);
  const auto trust = TrustAnchors::make(std::vector{root_.certificate});
  const auto chain = trust->verify(device_.certificate, many, kToday, ChainPurpose::tls_client);
  ASSERT_FALSE(chain);
  EXPECT_TRUE(contains(chain.error().message, "17 certificates"));
}

}  // namespace
}  // namespace imprint::x509
