// SPDX-License-Identifier: Apache-2.0
#include "issuance/key_generation.h"

#include <gtest/gtest.h>
#include <set>

#include "issuance/key_rules.h"
#include "test/support/shell.h"

namespace imprint::issuance {
namespace {

TEST(KeyGeneration, TheOpensslToolFindsEveryKindInOrder) {
  using enum x509::KeyAlgorithm;
  const test::ScratchFolder folder;
  for (const auto algorithm : {ec_p256, ec_p384, rsa_2048, rsa_3072, rsa_4096}) {
    const auto key = generate_key(algorithm);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_TRUE(check_device_key(key->public_key()));
    test::spill(folder / "key.pem", std::string(key->pem_pkcs8().reveal()));
    const auto checked = test::shell(folder, "openssl pkey -in key.pem -check -noout");
    EXPECT_EQ(checked.exit_code, 0) << checked.output;
    EXPECT_NE(checked.output.find("Key is valid"), std::string::npos) << checked.output;
  }
}

TEST(KeyGeneration, MakesAnotherKeyEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 4; ++i) seen.insert(generate_key(x509::KeyAlgorithm::rsa_2048)->public_pem());
  EXPECT_EQ(seen.size(), 4U);
}

}  // namespace
}  // namespace imprint::issuance
