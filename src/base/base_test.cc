// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <set>

#include "base/bytes.h"
#include "base/name.h"
#include "base/random.h"
#include "base/secret.h"

namespace imprint {
namespace {

TEST(Name, AcceptsWhatAwsAccepts) {
  EXPECT_TRUE(ThingName::parse("device-A1:B2_c"));
  EXPECT_TRUE(ThingName::parse(std::string(128, 'a')));
  EXPECT_TRUE(PolicyName::parse("a+b=c,d.e@f-g_h"));
  EXPECT_TRUE(TemplateName::parse(std::string(36, 'T')));
}

TEST(Name, RefusalsNameTheCharacterAndItsPosition) {
  const struct {
    std::string text;
    std::string part;
  } rows[] = {
      {"", "is empty"},
      {std::string(129, 'a'), "129 characters"},
      {"device A1", "position 6"},
      {"a/b", "position 1"},
      {"a*", "\"*\" at position 1"},
      {"a\n", "\\x0a"},
      {"d\xc3\xa9", "\\xc3"},
      {std::string("a\0b", 3), "\\x00"},
  };
  for (const auto& row : rows) {
    const auto name = ThingName::parse(row.text);
    ASSERT_FALSE(name) << row.text;
    EXPECT_EQ(name.error().fault, Fault::invalid);
    EXPECT_NE(name.error().message.find(row.part), std::string::npos) << name.error().message;
  }
}

TEST(Name, AttributeValuesHaveTheirOwnRule) {
  EXPECT_TRUE(check_attribute_value(""));
  EXPECT_TRUE(check_attribute_value("1.0.0[a]=x"));
  EXPECT_FALSE(check_attribute_value("1.0+build 5"));
  EXPECT_FALSE(check_attribute_value(std::string(801, 'a')));
}

TEST(Quote, TruncatesAndEscapesUntrustedText) {
  EXPECT_EQ(quote("a\"b\r\n\x1b[31m"), "\"a\\\"b\\x0d\\x0a\\x1b[31m\"");
  EXPECT_NE(quote(std::string(500, 'x')).find("(500 bytes)"), std::string::npos);
}

TEST(Random, UuidsDifferAndCarryVersionAndVariant) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = make_uuid(random);
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(Bytes, ConstantTimeComparisonComparesCorrectly) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

TEST(Secret, MovingLeavesTheSourceEmpty) {
  Secret a(std::string(64, 'k'));
  Secret b = std::move(a);
  EXPECT_EQ(b.reveal().size(), 64U);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST(Error, DescribesThePlaceFirst) {
  EXPECT_EQ(describe(Error{Fault::invalid, "is missing", "$.parameters"}),
            "$.parameters: is missing");
  EXPECT_EQ(describe(Error{Fault::invalid, "is missing"}), "is missing");
}

}  // namespace
}  // namespace imprint
