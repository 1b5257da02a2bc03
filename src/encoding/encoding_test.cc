// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "encoding/json.h"
#include "encoding/text.h"

namespace imprint::encoding {
namespace {

TEST(Json, ReportsWhereTheTextIsWrong) {
  const struct {
    std::string text;
    std::string part;
  } rows[] = {
      {"", "ends too early"},
      {"{\"a\":1", "ends too early"},
      {"{\"a\":1}\n x", "line 2"},
      {"{\n\"a\":,}", "line 2, column 5"},
      {"{'a':1}", "not JSON"},
      {R"({"a":1,"a":2})", "\"a\" appears twice"},
      {R"({"":1,"":2})", "appears twice"},
      {"[1,]", "not JSON"},
      {"\"\xff\"", "not JSON"},
      {std::string(40, '['), "deeper than 32"},
      {std::string(200000, ' '), "at most 131072"},
  };
  for (const auto& row : rows) {
    const auto value = parse_json(row.text);
    ASSERT_FALSE(value) << row.text;
    EXPECT_NE(value.error().message.find(row.part), std::string::npos) << value.error().message;
  }
}

TEST(Json, RefusesNumbersThatDoNotFitADouble) {
  for (const std::string_view text : {"1e400", "-1e400", "[1e309]"}) {
    EXPECT_FALSE(parse_json(text).has_value()) << text;
  }
  EXPECT_EQ(to_json(*parse_json("1e308")), "1E308");
}

TEST(Json, KeepsMembersInOrder) {
  const std::string text = R"({"b":1,"a":[true,null,"x"],"c":{"d":-1.5}})";
  EXPECT_EQ(to_json(*parse_json(text)), R"({"b":1,"a":[true,null,"x"],"c":{"d":-1.5E0}})");
}

TEST(Cbor, RoundTripsTheJsonDataModel) {
  const auto value = parse_json(
      R"({"parameters":{"SerialNumber":"A1"},"n":[0,23,24,255,256,65536,-1,-500,1.5,true,false,null],"e":{},"l":[]})");
  ASSERT_TRUE(value);
  const auto back = parse_cbor(to_cbor(*value));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(*value));
}

TEST(Cbor, AcceptsIndefiniteLengthsAndByteStrings) {
  // {_ "a": (_ "x", "y"), "b": h'7a'}
  const auto bytes = from_hex("bf61617f61786179ff6162417aff");
  const auto value = parse_cbor(*bytes);
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(to_json(*value), R"({"a":"xy","b":"z"})");
}

TEST(Cbor, RefusesAnythingButOneItemOfTheDataModel) {
  const struct {
    std::string hex;
    std::string part;
  } rows[] = {
      {"", "ends too early"},
      {"a161", "ends too early"},
      {"a0a0", "1 bytes follow"},
      {"c100", "a tag"},
      {"f7", "undefined"},
      {"a10102", "key that is not text"},
      {"a2616101616102", "twice"},
      {"61ff", "not UTF-8"},
      {"ff", ""},
      {"bf6161ff", "stray break"},
      {"fb7ff0000000000000", "finite"},
      {"3bffffffffffffffff", "below"},
      {"9bffffffffffffffff", "ends too early"},
      {"7bffffffffffffffff", "ends too early"},
      {std::string(80, '8'), ""},
  };
  for (const auto& row : rows) {
    const auto value = parse_cbor(*from_hex(row.hex));
    ASSERT_FALSE(value) << row.hex;
    EXPECT_NE(value.error().message.find(row.part), std::string::npos)
        << row.hex << " " << value.error().message;
  }
}

TEST(Cbor, BoundsDepth) {
  Bytes nested(100000, 0x81);
  const auto value = parse_cbor(nested);
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().message.find("deeper than 32"), std::string::npos);
}

TEST(Base64, IsStrict) {
  EXPECT_EQ(to_base64(as_bytes("foobar")), "Zm9vYmFy");
  for (const std::string text : {"", "f", "fo", "foo", "foob"}) {
    EXPECT_EQ(as_text(*from_base64(to_base64(as_bytes(text)))), text);
  }
  for (const char* bad : {"Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm\n9", "Z*8="}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(Percent, RoundTripsAndRefusesIncompleteSequences) {
  EXPECT_EQ(percent_encode("arn:aws/é ~"), "arn%3Aaws%2F%C3%A9%20~");
  EXPECT_EQ(percent_encode("a/b", true), "a/b");
  EXPECT_EQ(*percent_decode("arn%3Aaws%2f"), "arn:aws/");
  EXPECT_FALSE(percent_decode("%"));
  EXPECT_FALSE(percent_decode("%4"));
  EXPECT_FALSE(percent_decode("%4x"));
}

TEST(Utf8, RefusesOverlongSurrogatesAndTruncation) {
  EXPECT_TRUE(is_utf8("plain é € 😀"));
  for (const char* bad :
       {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Json, TheReadableFormRoundTrips) {
  const auto value = parse_json(R"({"a":[1,{"b":"x\"y"},[]],"c":{},"d":null})");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_readable_json(*value),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\\"y\"\n    },\n    []\n  ],\n"
            "  \"c\": {},\n  \"d\": null\n}\n");
  EXPECT_EQ(*parse_json(to_readable_json(*value)), *value);
}

}  // namespace
}  // namespace imprint::encoding
