// SPDX-License-Identifier: Apache-2.0
#include "x509/seal.h"

#include <gtest/gtest.h>

namespace imprint::x509 {
namespace {

const Bytes kKey(kSealKeyBytes, 7);

TEST(Seal, OpensASealedValue) {
  SystemRandom random;
  for (const std::string text : {"", "x", "a secret of some length, longer than one block"}) {
    const Bytes sealed = seal(kKey, as_bytes(text), as_bytes("AKIA"), random);
    EXPECT_EQ(sealed.size(), text.size() + 28);
    const auto opened = unseal(kKey, sealed, as_bytes("AKIA"));
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(as_text(*opened), text);
    if (text.size() > 8) {
      EXPECT_EQ(as_text(sealed).find(text.substr(1, 8)), std::string::npos);
    }
  }
}

TEST(Seal, NeverGivesTheSameSealedValueTwice) {
  SystemRandom random;
  EXPECT_NE(seal(kKey, as_bytes("s"), {}, random), seal(kKey, as_bytes("s"), {}, random));
}

TEST(Seal, RefusesAnythingElse) {
  SystemRandom random;
  const Bytes sealed = seal(kKey, as_bytes("secret"), as_bytes("AKIA"), random);
  EXPECT_FALSE(unseal(Bytes(kSealKeyBytes, 8), sealed, as_bytes("AKIA"))) << "another key";
  EXPECT_FALSE(unseal(kKey, sealed, as_bytes("AKIB"))) << "another owner";
  EXPECT_FALSE(unseal(kKey, sealed, {})) << "no owner";
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(unseal(kKey, changed, as_bytes("AKIA"))) << "byte " << i;
    EXPECT_FALSE(unseal(kKey, BytesView(sealed).first(i), as_bytes("AKIA"))) << "cut at " << i;
  }
}

}  // namespace
}  // namespace imprint::x509
