// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manufacturing/row_reader.h"

namespace imprint::manufacturing {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const ListName kList = *ListName::parse("line-a");

/// Returns the bytes in pieces that do not coincide with records.
Source source_of(std::string bytes, std::size_t at_once = 7) {
  return [bytes = std::move(bytes), at_once, at = std::size_t{0}]() mutable -> Result<std::string> {
    std::string out = bytes.substr(at, at_once);
    at += out.size();
    return out;
  };
}

/// Each record as "line:a|b", a wrong one as "line!message".
std::vector<std::string> records(const std::string& text) {
  CsvReader reader(source_of(text));
  std::vector<std::string> out;
  while (true) {
    auto record = reader.next();
    EXPECT_TRUE(record) << record.error().message;
    if (!record || !*record) return out;
    const auto& [line, value] = **record;
    out.push_back(value ? fmt::format("{}:{}", line, fmt::join(*value, "|"))
                        : fmt::format("{}!{}", line, value.error().message));
  }
}

TEST(Csv, ReadsWhatRfc4180Allows) {
  const struct {
    std::string name;
    std::string text;
    std::vector<std::string> wanted;
  } rows[] = {
      {"nothing", "", {}},
      {"one field", "a", {"1:a"}},
      {"lines end either way", "a,b\r\nc,d\n", {"1:a|b", "2:c|d"}},
      {"empty fields", ",\na,\n", {"1:|", "2:a|"}},
      {"empty lines are skipped", "a\n\n\r\nb", {"1:a", "4:b"}},
      {"quotes", "\"a,b\",\"say \"\"x\"\"\"\n", {"1:a,b|say \"x\""}},
      {"a line end in quotes", "\"a\nb\",c\nd\n", {"1:a\nb|c", "3:d"}},
      {"spaces belong to the field", " a , b", {"1: a | b"}},
      {"a byte order mark does not",
       "\xEF\xBB\xBF"
       "a\n",
       {"1:a"}},
  };
  for (const auto& row : rows) EXPECT_EQ(records(row.text), row.wanted) << row.name;
}

TEST(Csv, ReportsAnErrorAndContinuesAfterIt) {
  const struct {
    std::string name;
    std::string text;
    std::string wanted;
  } rows[] = {
      {"text after a quote", "\"a\"b\nnext\n", "closing quote"},
      {"a quote within", "a\"b\nnext\n", "does not begin with one"},
      {"a lone carriage return", "a\rb\nnext\n", "carriage return"},
      {"too many fields", std::string(300, ',') + "\nnext\n", "more than 256 fields"},
      {"too long", std::string(70'000, 'x') + "\nnext\n", "more than 65536 bytes"},
  };
  for (const auto& row : rows) {
    const auto found = records(row.text);
    ASSERT_EQ(found.size(), 2U) << row.name;
    EXPECT_THAT(found[0], HasSubstr(row.wanted)) << row.name;
    EXPECT_EQ(found[1], "2:next") << row.name;
  }
  EXPECT_THAT(records("a\n\"b"), ElementsAre("1:a", HasSubstr("2!the file ends within quotes")));
}

TEST(Csv, PassesOnReadErrors) {
  CsvReader reader([]() -> Result<std::string> { return fail(Fault::unavailable, "broken"); });
  EXPECT_EQ(reader.next().error().message, "broken");
}

/// Each row as "line: {json}", a wrong one as "line! message".
std::vector<std::string> rows_of(Format format, const std::string& text) {
  auto reader = RowReader::open(format, source_of(text));
  if (!reader) return {"! " + reader.error().message};
  std::vector<std::string> out;
  while (true) {
    const auto row = reader->next();
    EXPECT_TRUE(row);
    if (!row || !*row) return out;
    const auto& [line, value] = **row;
    out.push_back(value ? fmt::format("{}: {}", line, encoding::to_json(to_json(*value)))
                        : fmt::format("{}! {}", line, describe(value.error())));
  }
}

TEST(RowReader, PutsFieldsUnderTheHeader) {
  EXPECT_THAT(rows_of(Format::csv, "region,serial,hw\neu,A1,2\n,A2,\nA3\n"),
              ElementsAre(R"(2: {"hw":"2","region":"eu","serial":"A1"})", R"(3: {"serial":"A2"})",
                          "4! 1 fields under a header of 3"));
}

TEST(RowReader, RefusesAnInvalidHeader) {
  const struct {
    std::string header;
    std::string wanted;
  } rows[] = {
      {"", "the file is empty"},
      {"template,region\n", "no column \"serial\""},
      {"Serial\n", "no column \"serial\""},
      {"serial,serial\n", "twice"},
      {"serial,\n", "column name is empty"},
      {"serial,hard ware\n", "position 4"},
      {"serial,\"a\nb\"\n", "position 1"},
      {"serial\xFF\n", "position 6"},
      {"\"serial\n", "within quotes"},
      {"serial" + std::string(40, ',') + "\n", "at most 32"},
  };
  for (const auto& row : rows) {
    const auto found = rows_of(Format::csv, row.header);
    ASSERT_EQ(found.size(), 1U) << row.header;
    EXPECT_THAT(found[0], HasSubstr(row.wanted));
  }
}

TEST(RowReader, ReadsSemicolonsAndTabsByTheirHeader) {
  for (const char separator : {',', ';', '\t'}) {
    std::string text = "serial|region\nA1|eu\n\"A|2\"|\"x\"\"y\"\n";
    std::ranges::replace(text, '|', separator);
    EXPECT_THAT(rows_of(Format::csv, text),
                ElementsAre(R"(2: {"region":"eu","serial":"A1"})",
                            AllOf(HasSubstr("3: "), HasSubstr(R"(x\"y)"))))
        << separator;
  }
  EXPECT_THAT(rows_of(Format::csv,
                      "\xEF\xBB\xBF"
                      "serial;hw\nA,1;2\n"),
              ElementsAre(R"(2: {"hw":"2","serial":"A,1"})"));
}

TEST(RowReader, NamesUtf16) {
  const std::string little("\xFF\xFEs\0e\0r\0", 8);
  const std::string big("\xFE\xFF\0s\0e\0r", 8);
  const std::string unmarked("s\0e\0r\0i\0a\0l\0\n\0", 14);
  for (const Format format : {Format::csv, Format::ndjson}) {
    for (const std::string& text : {little, big, unmarked})
      EXPECT_THAT(rows_of(format, text), ElementsAre(HasSubstr("UTF-16")));
  }
}

TEST(RowReader, NamesOtherFormatsThatAreNotUtf8Text) {
  const struct {
    std::string text;
    const char* wanted;
  } rows[] = {
      {std::string("\xFF\xFE\0\0s\0\0\0", 8), "UTF-32"},
      {std::string("\0\0\xFE\xFF\0\0\0s", 8), "UTF-32"},
      {std::string("s\0\0\0e\0\0\0", 8), "UTF-32"},
      {std::string("\0\0\0s\0\0\0e", 8), "UTF-32"},
      {std::string("PK\x03\x04\x14\0\0\0\x08\0", 10), ".xlsx"},
      {std::string("\xD0\xCF\x11\xE0\xA1\xB1", 6), ".xls"},
      {std::string("\x1F\x8B\x08\0", 4), "gzip"},
      {"%PDF-1.7\n", "PDF"},
      {std::string("serial\0\n", 8), "zero byte"},
  };
  for (const auto& row : rows) {
    for (const Format format : {Format::csv, Format::ndjson}) {
      const auto found = rows_of(format, row.text);
      EXPECT_THAT(found, ElementsAre(AllOf(HasSubstr(row.wanted), HasSubstr("UTF-8"))));
      if (std::string(row.wanted) != "UTF-32")
        EXPECT_THAT(found[0], Not(HasSubstr("UTF-16"))) << row.wanted;
    }
  }
}

TEST(RowReader, ReadsOneObjectPerLine) {
  EXPECT_THAT(
      rows_of(Format::ndjson, "{\"serial\":\"A1\",\"hw\":null}\n\n[1]\n{\"serial\":1}\n{\n" +
                                  ("{\"serial\":\"" + std::string(70'000, 'x')) +
                                  "\"}\n{\"serial\":{\"a\":{}}}\n{\"serial\":\"A2\"}"),
      ElementsAre(R"(1: {"serial":"A1"})", HasSubstr("3! is array"),
                  HasSubstr("4! serial: is number where text is expected"), HasSubstr("5! "),
                  HasSubstr("6! the line has more than 65536"), HasSubstr("7! "),
                  R"(8: {"serial":"A2"})"));
}

TEST(RowReader, RecognizesFormatsByFileName) {
  EXPECT_EQ(format_of("a.csv"), Format::csv);
  EXPECT_EQ(format_of("a.tsv"), Format::csv);
  EXPECT_EQ(format_of("a.ndjson"), Format::ndjson);
  EXPECT_EQ(format_of("a.jsonl"), Format::ndjson);
  EXPECT_THAT(format_of("a.xlsx").error().message, HasSubstr("--format"));
}

TEST(ListEntry, ContainsTheValuesOfItsColumns) {
  const Columns columns = {{"serial", "A/1 \xC3\xA4'; DROP TABLE x; --*%_"},
                           {"template", "T"},
                           {"product_line", "sensors"},
                           {"region", "eu"},
                           {"state", "blocked"},
                           {"hw", "2"}};
  const auto entry = make_entry(kList, columns);
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->template_name->str(), "T");
  EXPECT_EQ(entry->product_line + entry->region, "sensorseu");
  EXPECT_TRUE(entry->is_blocked);
  EXPECT_EQ(entry->extra, (registry::Attributes{{"hw", "2"}}));
  EXPECT_EQ(columns_of(*entry), columns);
  const auto plain = make_entry(kList, {{"serial", "A"}, {"state", "allowed"}, {"region", ""}});
  EXPECT_EQ(columns_of(*plain), (Columns{{"serial", "A"}}));
  for (const char* serial : {"1.23",
                             "12E+11",
                             "1E+1",
                             "1.E+11",
                             "4E-12",
                             "1E+11A",
                             "A B",
                             "E+11",
                             "1.5E-1",
                             "#1",
                             "##",
                             "#A1",
                             "#ABC",
                             "1234.0",
                             "12345.",
                             "12345.01",
                             "A=1",
                             "+1",
                             "-1",
                             "A'1",
                             "'; DROP TABLE x; --",
                             "'",
                             "Err:5",
                             "\xC3\x84",
                             "\xE6\x97\xA5\xE6\x9C\xAC",
                             "\xF0\x9F\x98\x80"})
    EXPECT_TRUE(make_entry(kList, {{"serial", serial}})) << serial;
  EXPECT_TRUE(make_entry(kList, {{"serial", "A"}, {"region", "'s-Hertogenbosch"}, {"hw", "1.0"}}));
}

TEST(ListEntry, RefusesInvalidColumns) {
  const struct {
    std::string name;
    Columns columns;
    std::string where;
    std::string message;
  } rows[] = {
      {"no serial", {{"region", "eu"}}, "serial", "missing"},
      {"empty serial", {{"serial", ""}}, "serial", "missing"},
      {"long serial", {{"serial", std::string(257, 'x')}}, "serial", "at most 256"},
      {"line end", {{"serial", "A\n1"}}, "serial", "control character"},
      {"NUL", {{"serial", std::string("A\0", 2)}}, "serial", "control character"},
      {"DEL", {{"serial", "A\x7F"}}, "serial", "control character"},
      {"not UTF-8", {{"serial", "A\xFF"}}, "serial", "not UTF-8"},
      {"half a character", {{"serial", "A"}, {"region", "\xC3"}}, "region", "not UTF-8"},
      {"long value", {{"serial", "A"}, {"hw", std::string(801, 'x')}}, "hw", "at most 800"},
      {"template", {{"serial", "A"}, {"template", "a b"}}, "template", "position 1"},
      {"state", {{"serial", "A"}, {"state", "Blocked"}}, "state", "allowed or blocked"},
      {"column", {{"serial", "A"}, {"a b", "x"}}, "", "column name"},
      {"a shortened serial", {{"serial", "1.23E+11"}}, "serial", "digits are lost"},
      {"with a decimal comma", {{"serial", "1,23457E+11"}}, "serial", "digits are lost"},
      {"without decimals", {{"serial", "4e+14"}}, "serial", "digits are lost"},
      {"a shortened IMEI", {{"serial", "A"}, {"imei", "3.56789E+14"}}, "imei", "digits are lost"},
      {"a shortened fraction", {{"serial", "1.2E-05"}}, "serial", "digits are lost"},
      {"an error for a reference", {{"serial", "#REF!"}}, "serial", "instead of a value"},
      {"an error for nothing", {{"serial", "#N/A"}}, "serial", "instead of a value"},
      {"an error for a name", {{"serial", "A"}, {"hw", "#NAME?"}}, "hw", "instead of a value"},
      {"a division", {{"serial", "#DIV/0!"}}, "serial", "instead of a value"},
      {"another program's error", {{"serial", "Err:502"}}, "serial", "instead of a value"},
      {"a column too narrow", {{"serial", "########"}}, "serial", "instead of a value"},
      {"a fraction", {{"serial", "12345678901.0"}}, "serial", "number with a fraction"},
      {"a decimal comma", {{"serial", "A"}, {"imei", "356789012345678,00"}}, "imei", "fraction"},
      {"text by a formula", {{"serial", "=\"0001\""}}, "serial", "is a formula"},
      {"a formula", {{"serial", "A"}, {"hw", "=1+1"}}, "hw", "is a formula"},
      {"marked as text", {{"serial", "'0001"}}, "serial", "apostrophe"},
      {"a letter marked so", {{"serial", "'AB"}}, "serial", "apostrophe"},
      {"another column marked so", {{"serial", "A"}, {"hw", "'01"}}, "hw", "apostrophe"},
      {"zero-width space", {{"serial", "A1\xE2\x80\x8B"}}, "serial", "U+200B as its character 3"},
      {"right to left",
       {{"serial",
         "A\xE2\x80\xAE"
         "1"}},
       "serial",
       "U+202E as its character 2"},
      {"isolate", {{"serial", "A"}, {"region", "e\xE2\x81\xA6u"}}, "region", "U+2066"},
      {"byte order mark within",
       {{"serial",
         "\xEF\xBB\xBF"
         "A"}},
       "serial",
       "U+FEFF"},
      {"soft hyphen",
       {{"serial",
         "A\xC2\xAD"
         "1"}},
       "serial",
       "U+00AD"},
      {"filler",
       {{"serial",
         "A\xE3\x85\xA4"
         "1"}},
       "serial",
       "U+3164"},
      {"tag", {{"serial", "A\xF3\xA0\x81\x81"}}, "serial", "U+E0041"},
      {"C1 control", {{"serial", "A\xC2\x85"}}, "serial", "U+0085"},
      {"a lost character", {{"serial", "A\xEF\xBF\xBD"}}, "serial", "U+FFFD"},
      {"ideographic space", {{"serial", "A\xE3\x80\x80"}}, "serial", "begins or ends with a space"},
      {"thin space",
       {{"serial",
         "\xE2\x80\x89"
         "A"}},
       "serial",
       "begins or ends with a space"},
      {"space before", {{"serial", " A"}}, "serial", "begins or ends with a space"},
      {"space after", {{"serial", "A "}}, "serial", "begins or ends with a space"},
      {"no-break space", {{"serial", "A\xC2\xA0"}}, "serial", "begins or ends with a space"},
      {"space in a column", {{"serial", "A"}, {"region", "eu "}}, "region", "begins or ends"},
  };
  for (const auto& row : rows) {
    const auto entry = make_entry(kList, row.columns);
    ASSERT_FALSE(entry) << row.name;
    EXPECT_EQ(entry.error().fault, Fault::invalid) << row.name;
    EXPECT_EQ(entry.error().where, row.where) << row.name;
    EXPECT_THAT(entry.error().message, HasSubstr(row.message)) << row.name;
  }
  Columns many = {{"serial", "A"}};
  for (int i = 0; i < 32; ++i) many.emplace(fmt::format("c{}", i), "x");
  EXPECT_THAT(make_entry(kList, many).error().message, HasSubstr("33 columns"));
}

}  // namespace
}  // namespace imprint::manufacturing
