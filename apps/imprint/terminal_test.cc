// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/terminal.h"

#include <gtest/gtest.h>

namespace imprint::tool {
namespace {

TEST(Terminal, ShowsTextWithoutControlCharacters) {
  struct Row {
    const char* name;
    std::string text;
    std::string expected;
  };
  const Row rows[] = {
      {"plain", "device-1", "device-1"},
      {"letters of any script", "gr\xC3\xBCn \xE2\x82\xAC \xF0\x9F\x94\x91",
       "gr\xC3\xBCn \xE2\x82\xAC \xF0\x9F\x94\x91"},
      {"escape sequence", "a\x1B[2Jb", "a [2Jb"},
      {"line breaks", "a\r\nb", "a  b"},
      {"C1 control sequence introducer",
       "a\xC2\x9B"
       "31mb",
       "a 31mb"},
      {"right-to-left override",
       "a\xE2\x80\xAE"
       "b",
       "a b"},
      {"zero width",
       "a\xE2\x80\x8B"
       "b",
       "a b"},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "a",
       " a"},
      {"ill-formed", "a\xFF", "\"a\\xff\""},
      {"empty", "", ""},
  };
  for (const Row& row : rows) EXPECT_EQ(for_terminal(row.text), row.expected) << row.name;
  EXPECT_EQ(shown({{"m", "a\tb"}, {"n", 1}}, "m"), "a b");
  EXPECT_EQ(shown({{"n", 1}}, "n"), "");
  EXPECT_EQ(shown({}, "m"), "");
}

}  // namespace
}  // namespace imprint::tool
