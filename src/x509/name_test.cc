// SPDX-License-Identifier: Apache-2.0
#include "x509/name.h"

#include <gtest/gtest.h>

#include "encoding/text.h"
#include "x509/der.h"

namespace imprint::x509 {
namespace {

using Part = DistinguishedName::Part;

TEST(Name, KeepsEveryValueOfARepeatedAttributeInOrder) {
  const auto name = DistinguishedName::make({{NameType::country, "DE"},
                                             {NameType::organization, "First"},
                                             {NameType::organization, "Second"},
                                             {NameType::common_name, "gr\xc3\xbc\xc3\x9f"}});
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_EQ(name->values(NameType::organization),
            (std::vector<std::string_view>{"First", "Second"}));
  EXPECT_EQ(name->values(NameType::title), std::vector<std::string_view>{});
  EXPECT_EQ(name->common_name(), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(name->text(), "C=DE,O=First,O=Second,CN=gr\xc3\xbc\xc3\x9f");
  const auto again = DistinguishedName::from_der(name->der());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *name);
  EXPECT_EQ(again->attributes(), name->attributes());
}

TEST(Name, EscapesTextThatWouldForgeAnotherAttribute) {
  const auto name = DistinguishedName::make({{NameType::common_name, "a,O=b+c\"d\\e<f>g;h=i"},
                                             {NameType::organization, " x "},
                                             {NameType::organizational_unit, "#1"}});
  ASSERT_TRUE(name);
  EXPECT_EQ(name->text(), "CN=a\\,O\\=b\\+c\\\"d\\\\e\\<f\\>g\\;h\\=i,O=\\ x\\ ,OU=\\#1");
}

TEST(Name, RefusesPartsOutsideTheirBounds) {
  const std::vector<Part> rows[] = {
      {{NameType::common_name, ""}},
      {{NameType::common_name, std::string(65, 'x')}},
      {{NameType::common_name, std::string("a\0b", 3)}},
      {{NameType::common_name, "a\nb"}},
      {{NameType::common_name, "\xff"}},
      {{NameType::country, "DEU"}},
      {{NameType::country, "D*"}},
      {{NameType::email_address, "gr\xc3\xbc@x"}},
      {{NameType::other, "x"}},
  };
  for (const auto& parts : rows) EXPECT_FALSE(DistinguishedName::make(parts)) << parts[0].value;
  EXPECT_TRUE(DistinguishedName::make({{NameType::common_name, std::string(64, 'x')}}));
  std::string wide;
  for (int i = 0; i < 64; ++i) wide += "\xc3\xbc";
  EXPECT_TRUE(DistinguishedName::make({{NameType::common_name, wide}}));
}

TEST(Name, RefusesHostileEncodings) {
  const auto wrap = [](const std::string& value_hex) {
    const Bytes value = *encoding::from_hex(value_hex);
    const Bytes pair = der::sequence_of(der::oid("\x55\x04\x03"), value);
    return der::sequence_of(der::constructed(der::set, pair));
  };
  EXPECT_EQ(DistinguishedName::from_der(wrap("0c0161"))->common_name(), "a");
  for (const std::string hex : {"0c03610062", "0c026180", "13012a0c0161", "1302610a", "0c"})
    EXPECT_FALSE(DistinguishedName::from_der(wrap(hex))) << hex;
  // A value that is not a string stays visible, but as hexadecimal.
  EXPECT_EQ(DistinguishedName::from_der(wrap("03020061"))->common_name(), "#03020061");
  EXPECT_FALSE(DistinguishedName::from_der(wrap("0c820401" + std::string(2050, '6'))));
  EXPECT_FALSE(DistinguishedName::from_der(der::sequence_of(der::element(der::set, {}))));

  Bytes many;
  const Bytes pair = der::sequence_of(der::oid("\x55\x04\x03"), *encoding::from_hex("0c0161"));
  for (int i = 0; i < 65; ++i) der::append(many, der::constructed(der::set, pair));
  EXPECT_FALSE(DistinguishedName::from_der(der::element(der::sequence, many)));
}

TEST(Name, MapsToThePolicyVariablesOfAws) {
  EXPECT_EQ(aws_variable(NameType::common_name), "CommonName");
  EXPECT_EQ(aws_variable(NameType::dn_qualifier), "DistinguishedNameQualifier");
  EXPECT_EQ(aws_variable(NameType::generation_qualifier), "GenerationQualifier");
  EXPECT_EQ(aws_variable(NameType::locality), "");
  EXPECT_EQ(aws_variable(NameType::other), "");
}

}  // namespace
}  // namespace imprint::x509
