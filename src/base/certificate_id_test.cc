// SPDX-License-Identifier: Apache-2.0
#include "base/certificate_id.h"

#include <gtest/gtest.h>
#include <unordered_set>

namespace imprint {
namespace {

const std::string kHex = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";

TEST(CertificateId, ReadsEitherCaseAndThePrefixAndPrintsLowerCase) {
  std::string upper = kHex;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& text : {kHex, upper, "0x" + kHex, "0x" + upper}) {
    const auto id = CertificateId::parse(text);
    ASSERT_TRUE(id) << text;
    EXPECT_EQ(id->hex(), kHex);
  }
}

TEST(CertificateId, RefusesEverythingElse) {
  const struct {
    std::string text;
    std::string part;
  } rows[] = {
      {"", "must have 64"},
      {kHex.substr(1), "63 characters"},
      {kHex + "0", "65 characters"},
      {"0X" + kHex, "66 characters"},
      {"0x" + kHex.substr(2), "62 characters"},
      {"g" + kHex.substr(1), "position 0"},
      {kHex.substr(0, 63) + "\n", "position 62"},
  };
  for (const auto& row : rows) {
    const auto id = CertificateId::parse(row.text);
    ASSERT_FALSE(id) << row.text;
    EXPECT_NE(id.error().message.find(row.part), std::string::npos) << id.error().message;
  }
}

TEST(CertificateId, CanBeAMapKey) {
  Sha256 digest{};
  std::unordered_set<CertificateId> ids;
  for (int i = 0; i < 100; ++i) {
    digest[0] = static_cast<std::uint8_t>(i);
    ids.insert(CertificateId(digest));
    ids.insert(CertificateId(digest));
  }
  EXPECT_EQ(ids.size(), 100U);
}

}  // namespace
}  // namespace imprint
