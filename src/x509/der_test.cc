// SPDX-License-Identifier: Apache-2.0
#include "x509/der.h"

#include <gtest/gtest.h>

#include "encoding/text.h"
#include "x509/strings.h"

namespace imprint::x509 {
namespace {

Bytes bytes(std::string_view hex) { return *encoding::from_hex(hex); }

TEST(Der, RefusesAnythingButStrictDer) {
  const struct {
    std::string hex;
    std::string part;
  } rows[] = {
      {"", "ends too early"},
      {"30", "ends too early"},
      {"3001", "1 bytes announced, 0 there"},
      {"3080", "indefinite"},
      {"30800000", "indefinite"},
      {"3081", "ends too early"},
      {"30810100", "shortest form"},
      {"3082000100", "shortest form"},
      {"3084ffffffff00", "announced"},
      {"30850000000001", "oversized"},
      {"3f8101ff00", "multi-byte tag"},
  };
  for (const auto& row : rows) {
    const Bytes input = bytes(row.hex);
    const auto found = der::Reader(input).any("thing");
    ASSERT_FALSE(found) << row.hex;
    EXPECT_NE(found.error().message.find(row.part), std::string::npos) << found.error().message;
    EXPECT_TRUE(found.error().message.starts_with("thing: "));
  }
}

TEST(Der, ReadOneRequiresTheTagAndTheEnd) {
  EXPECT_TRUE(der::read_one(bytes("300100"), der::sequence, "x"));
  EXPECT_FALSE(der::read_one(bytes("310100"), der::sequence, "x"));
  EXPECT_EQ(der::read_one(bytes("30010000"), der::sequence, "x").error().message,
            "x: 1 bytes too many");
}

TEST(Der, BoundsObjectIdentifiers) {  // CVE-2023-2650: text of a huge OID takes minutes
  const struct {
    std::string hex;
    bool ok;
  } rows[] = {
      {"0603550403", true},
      {"0600", false},
      {"06028055", false},
      {"060155", true},
      {"0603558003", false},
      {"0603550483", false},
      {"0620" + std::string(64, '5'), true},
      {"0621" + std::string(66, '5'), false},
  };
  for (const auto& row : rows) {
    const Bytes input = bytes(row.hex);
    EXPECT_EQ(der::Reader(input).oid("x").has_value(), row.ok) << row.hex;
  }
  EXPECT_EQ(der::oid_text(bytes("550403")), "2.5.4.3");
  EXPECT_EQ(der::oid_text(bytes("2a864886f70d010101")), "1.2.840.113549.1.1.1");
  EXPECT_EQ(der::oid_text(bytes("8837")), "2.999");
  EXPECT_EQ(der::oid_text(bytes("2a" + std::string(22, 'f') + "7f")), "1.2.(too large)");
}

TEST(Der, IntegersMustBeShortest) {
  for (const std::string hex : {"0200", "02020001", "0202007f", "0202ffff", "0202ff80"}) {
    const Bytes input = bytes(hex);
    EXPECT_FALSE(der::Reader(input).integer_bytes("x")) << hex;
  }
  for (const std::string hex : {"020100", "02020080", "0202ff7f", "0201ff"}) {
    const Bytes input = bytes(hex);
    EXPECT_TRUE(der::Reader(input).integer_bytes("x")) << hex;
  }
  EXPECT_FALSE(der::positive(bytes("ff"), "x"));
  EXPECT_EQ(der::positive(bytes("0080"), "x")->size(), 1U);
}

TEST(Der, WritesLengthsAndIntegersInTheirShortestForm) {
  const struct {
    std::size_t size;
    std::string header;
  } rows[] = {{0, "0400"},       {127, "047f"},       {128, "048180"},      {255, "0481ff"},
              {256, "04820100"}, {65535, "0482ffff"}, {65536, "0483010000"}};
  for (const auto& row : rows) {
    const Bytes written = der::element(der::octet_string, Bytes(row.size));
    EXPECT_EQ(encoding::to_hex(BytesView(written).first(row.header.size() / 2)), row.header);
    EXPECT_EQ(der::read_one(written, der::octet_string, "x")->content.size(), row.size);
  }
  EXPECT_EQ(encoding::to_hex(der::unsigned_integer(bytes("000080"))), "02020080");
  EXPECT_EQ(encoding::to_hex(der::unsigned_integer({})), "020100");
}

TEST(Time, FollowsRfc5280AroundTheEdges) {
  const struct {
    std::int64_t seconds;
    std::string text;
    std::uint8_t tag;
  } rows[] = {
      {0, "700101000000Z", der::utc_time},
      {-1, "691231235959Z", der::utc_time},
      {2147483647, "380119031407Z", der::utc_time},
      {2147483648, "380119031408Z", der::utc_time},
      {2524607999, "491231235959Z", der::utc_time},
      {2524608000, "20500101000000Z", der::generalized_time},
      {253402300799, "99991231235959Z", der::generalized_time},
      {1709164800, "240229000000Z", der::utc_time},
  };
  for (const auto& row : rows) {
    const Timestamp time{std::chrono::seconds(row.seconds)};
    const auto written = encode_time(time);
    ASSERT_TRUE(written);
    EXPECT_EQ(as_text(BytesView(*written).subspan(2)), row.text);
    EXPECT_EQ((*written)[0], row.tag);
    EXPECT_EQ(*time_value(row.tag, as_bytes(row.text)), time);
  }
  EXPECT_FALSE(encode_time(Timestamp{std::chrono::seconds(253402300800)}));
  EXPECT_FALSE(encode_time(Timestamp{std::chrono::seconds(-2208988800)}));
}

TEST(Time, RefusesOtherFormats) {
  for (const std::string text :
       {"", "Z", "2401010000Z", "240101000000", "240101000000+0100", "241301000000Z",
        "240001000000Z", "240100000000Z", "230229000000Z", "240101240000Z", "240101006000Z",
        "240101000060Z", "2401010000 0Z", "20240101000000Z"}) {
    EXPECT_FALSE(time_value(der::utc_time, as_bytes(text))) << text;
  }
  for (const std::string text : {"240101000000Z", "20240101000000.5Z", "20240230000000Z"})
    EXPECT_FALSE(time_value(der::generalized_time, as_bytes(text))) << text;
  EXPECT_FALSE(time_value(der::octet_string, as_bytes("240101000000Z")));
}

TEST(Text, ConvertsEveryStringTypeAndRefusesControls) {
  const struct {
    std::uint8_t tag;
    std::string hex;
    std::string expected;  ///< empty: refused
  } rows[] = {
      {der::utf8_string, "c3a9", "\xc3\xa9"},
      {der::printable_string, "4131", "A1"},
      {der::ia5_string, "6140622e63", "a@b.c"},
      {der::t61_string, "e9", "\xc3\xa9"},
      {der::bmp_string, "00e94e2d", "\xc3\xa9\xe4\xb8\xad"},
      {der::universal_string, "0001f600", "\xf0\x9f\x98\x80"},
      {der::numeric_string, "312032", "1 2"},
      {der::utf8_string, "ff", ""},
      {der::utf8_string, "610062", ""},    // NUL: "a\0b" would be cut to "a"
      {der::utf8_string, "610d0a62", ""},  // CRLF forges log lines
      {der::utf8_string, "1b5b33316d", ""},
      {der::utf8_string, "7f", ""},
      {der::utf8_string, "c285", ""},
      {der::printable_string, "61c3a9", ""},
      {der::ia5_string, "80", ""},
      {der::numeric_string, "41", ""},
      {der::bmp_string, "00", ""},
      {der::bmp_string, "d800", ""},
      {der::bmp_string, "0000", ""},
      {der::universal_string, "00110000", ""},
      {der::t61_string, "85", ""},
  };
  for (const auto& row : rows) {
    const auto value = string_value(row.tag, bytes(row.hex));
    if (row.expected.empty()) {
      EXPECT_FALSE(value) << row.hex;
    } else {
      ASSERT_TRUE(value) << value.error().message;
      EXPECT_EQ(*value, row.expected);
    }
  }
}

}  // namespace
}  // namespace imprint::x509
