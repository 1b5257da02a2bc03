// SPDX-License-Identifier: Apache-2.0
#include "x509/pem.h"

#include <gtest/gtest.h>

namespace imprint::x509 {
namespace {

const std::string kBlock = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

Result<PemBlock> decode(std::string_view text) {
  return decode_pem(text, {"CERTIFICATE"}, 200, "certificate");
}

TEST(Pem, ReadsOneBlockWithAnyLineEndsAndLengths) {
  for (const std::string& text :
       {kBlock, "\r\n " + kBlock + "\n\n",
        std::string("-----BEGIN CERTIFICATE-----\r\nAQID\r\n-----END CERTIFICATE-----\r\n"),
        std::string("-----BEGIN CERTIFICATE-----\nAQ\nID\n-----END CERTIFICATE-----"),
        std::string("-----BEGIN CERTIFICATE-----AQID-----END CERTIFICATE-----")}) {
    const auto block = decode(text);
    ASSERT_TRUE(block) << block.error().message;
    EXPECT_EQ(block->der, (Bytes{1, 2, 3}));
  }
}

TEST(Pem, RefusesEverythingButExactlyOneBlock) {
  const struct {
    std::string text;
    std::string part;
  } rows[] = {
      {"", "is empty"},
      {" \n", "does not start with"},
      {std::string(201, ' '), "201 characters; at most 200"},
      {"hello", "does not start with"},
      {"hello\n" + kBlock, "remove the text before it"},
      {kBlock + kBlock, "characters follow the PEM block"},
      {kBlock + "x", "2 characters follow"},
      {kBlock + "-", "2 characters follow"},
      {"-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n", "of type \"PRIVATE KEY\""},
      {"-----BEGIN X\x1b[31m-----\nAQID", "\\x1b"},
      {"-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----\n",
       "no line -----END CERTIFICATE-----"},
      {"-----BEGIN CERTIFICATE-----\nAQID\n", "no line -----END CERTIFICATE-----"},
      {"-----BEGIN CERTIFICATE-----\nAQ=D\n-----END CERTIFICATE-----\n", "not valid base64"},
      {"-----BEGIN CERTIFICATE-----\nA: b\n\nAQID\n-----END CERTIFICATE-----\n",
       "not valid base64"},
      {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "not valid base64"},
      {"-----BEGIN CERTIFICATE", "of type"},
      {std::string("-----BEGIN CERTIFICATE-----\nAQ\0ID\n-----END CERTIFICATE-----\n", 60),
       "not valid base64"},
  };
  for (const auto& row : rows) {
    const auto block = decode(row.text);
    ASSERT_FALSE(block) << row.text;
    EXPECT_NE(block.error().message.find(row.part), std::string::npos) << block.error().message;
  }
}

TEST(Pem, WritesLinesOf64WithTrailingLineFeed) {
  const std::string text = encode_pem("CERTIFICATE", Bytes(60, 0xAB));
  EXPECT_EQ(text,
            "-----BEGIN CERTIFICATE-----\n" +
                std::string("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6ur") +
                "\n" + "q6urq6urq6urq6ur" + "\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(decode(text)->der, Bytes(60, 0xAB));
}

}  // namespace
}  // namespace imprint::x509
