// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outcome/causes.h"
#include "search/query.h"

namespace imprint::search {
namespace {

const Document::Attributes kAttributesOfPump = {
    {"model", "PX-200"}, {"temperature", "21.5"}, {"floor", "-2"}, {"note", "7 of 9"}};

Document pump() {
  return {.thing_name = "Pump-01",
          .thing_id = "0b1c",
          .thing_type_name = "Pump",
          .thing_group_names = {"hall-1", "leased"},
          .attributes = &kAttributesOfPump};
}

TEST(SearchQuery, FindsAThing) {
  const struct {
    std::string query;
    bool found;
  } rows[] = {
      {"*", true},
      {"thingName:Pump-01", true},
      {"thingName:pump-01", true},
      {"thingName:pump-0", false},
      {"thingName:pump*", true},
      {"thingName:*01", true},
      {"thingName:p?mp-0?", true},
      {"thingName:p?mp", false},
      {"thingName:\"Pump-01\"", true},
      {"thingName:\"Pump*\"", false},
      {"thingName:pump\\*", false},
      {"thingId:0B1C", true},
      {"thingTypeName:pump", true},
      {"thingTypeName:*", true},
      {"thingTypeName:valve", false},
      {"thingGroupNames:hall-1", true},
      {"thingGroupNames:hall*", true},
      {"thingGroupNames:hall-2", false},
      {"NOT thingGroupNames:hall-2", true},
      {"attributes.model:px-200", true},
      {"attributes.Model:px-200", false},
      {"attributes.model:*", true},
      {"attributes.absent:*", false},
      {"NOT attributes.absent:*", true},
      {"attributes.note:\"7 of 9\"", true},
      {"attributes.temperature > 21", true},
      {"attributes.temperature>=21.5", true},
      {"attributes.temperature:>21.5", false},
      {"attributes.temperature <= 21.50", true},
      {"attributes.temperature < 9", false},
      {"attributes.model > 1", false},
      {"attributes.floor:[-3 TO -1]", true},
      {"attributes.floor:{-2 TO 0}", false},
      {"attributes.floor:{* TO -2]", true},
      {"attributes.floor:[* TO *]", true},
      {"attributes.model:[pa TO pz]", true},
      {"attributes.model:{px-200 TO pz]", false},
      {"attributes.model:[pa TO \"px-200\"]", true},
      {"pump-01", true},
      {"px-200", true},
      {"leased", true},
      {"nothing", false},
      {"thingName:pump* attributes.model:px*", true},
      {"thingName:pump* thingTypeName:valve", false},
      {"thingName:pump* OR thingTypeName:valve", true},
      {"thingName:x OR thingName:y AND thingName:pump-01", false},
      {"(thingName:x OR thingTypeName:pump) AND attributes.floor < 0", true},
      {"thingName:(pump* AND -*02)", true},
      {"thingName:(x OR y OR pump-01)", true},
      {"NOT (thingName:x OR thingName:y)", true},
      {"NOT NOT thingName:pump-01", true},
      {"-thingName:pump-01", false},
      {"thingName : pump-01", false},  // a field's name ends at its colon
  };
  for (const auto& row : rows) {
    const auto query = Query::parse(row.query);
    if (!query) {
      EXPECT_FALSE(row.found) << row.query << ": " << query.error().message;
      continue;
    }
    EXPECT_EQ(query->matches(pump()), row.found) << row.query;
    const auto again = Query::parse(query->canonical());
    ASSERT_TRUE(again) << query->canonical() << ": " << again.error().message;
    EXPECT_EQ(again->canonical(), query->canonical()) << row.query;
    EXPECT_EQ(again->matches(pump()), row.found) << query->canonical();
  }
}

TEST(SearchQuery, SaysWhatIsWrongAndWhere) {
  const std::string deep(40, '(');
  std::string many = "a";
  for (int i = 0; i < 12; ++i) many += " OR a";
  const struct {
    std::string name;
    std::string query;
    std::string message;
  } rows[] = {
      {"empty", "", "character 1: a term is expected"},
      {"spaces", "   ", "a term is expected"},
      {"and of another language", "a && b", "&& is not an operator; write AND"},
      {"or of another language", "thingName:a || thingName:b", "|| is not an operator; write OR"},
      {"not of another language", "! a", "! is not an operator; write NOT"},
      {"open bracket", "(thingName:a", "closing bracket is missing"},
      {"closed bracket", "thingName:a)", "closes no open bracket"},
      {"empty brackets", "()", "a term is expected"},
      {"operator without right side", "thingName:a AND", "a term is expected"},
      {"operator without left side", "OR thingName:a OR", "a term is expected"},
      {"NOT of nothing", "NOT", "a term is expected"},
      {"no value", "thingName:", "a term is expected"},
      {"open phrase", "thingName:\"a", "closing quote"},
      {"backslash at the end", "thingName:a\\", "backslash"},
      {"unknown field", "shadow.desired.x:1", "not a field of this index"},
      {"attribute without name", "attributes.:1", "not a field"},
      {"colon in a term", "a:b", "written \\:"},
      {"open range", "attributes.x:[1 TO 2", "ends with"},
      {"range without TO", "attributes.x:[1 2]", "[a TO b]"},
      {"wildcard in a range", "attributes.x:[a* TO b]", "no wildcards"},
      {"comparison with text", "attributes.x > abc", "a number is expected"},
      {"comparison with an exponent", "attributes.x > 1e5", "a number is expected"},
      {"comparison with nothing", "attributes.x >", "a term is expected"},
      {"comparison without field", "> 5", "not a field"},
      {"too deep", deep + "a", "brackets are nested more than"},
      {"too many NOTs", "NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT a",
       "deep"},
      {"too many terms", many, "more than 12 terms"},
      {"too long", std::string(1001, 'a'), "at most 1000"},
      {"two leading wildcards", "thingName:*a OR thingName:?b", "more than one term begins"},
      {"a long query with a leading wildcard", "thingName:*" + std::string(90, 'a'),
       "leading wildcard may have 100"},
  };
  for (const auto& row : rows) {
    const auto query = Query::parse(row.query);
    ASSERT_FALSE(query) << row.name << ": " << query->canonical();
    EXPECT_EQ(query.error().fault, Fault::invalid) << row.name;
    EXPECT_EQ(name_of(query.error().cause), "InvalidQuery") << row.name;
    EXPECT_THAT(query.error().message, testing::HasSubstr(row.message)) << row.name;
  }
}

TEST(SearchQuery, NamesFirstTheRangeThatIsNarrowestAsARule) {
  const struct {
    std::string query;
    std::string field;
    std::string low;
  } rows[] = {
      {"*", "thingName", ""},
      {"thingTypeName:Pump", "thingTypeName", "pump"},
      {"thingTypeName:pump thingName:A*", "thingName", "a"},
      {"attributes.x:5 thingTypeName:pump", "attributes.x", "5"},
      {"thingName:one attributes.x:5", "thingName", "one"},
      {"thingGroupNames:g thingTypeName:t", "thingGroupNames", "g"},
      {"thingGroupNames:g*", "thingName", ""},
      {"thingName:a OR thingName:b", "thingName", ""},
      {"NOT thingTypeName:a", "thingName", ""},
      {"attributes.y:*", "attributes.y", ""},
      {"attributes.y:[b TO c] x", "attributes.y", "b"},
  };
  for (const auto& row : rows) {
    const auto query = Query::parse(row.query);
    ASSERT_TRUE(query) << row.query;
    EXPECT_EQ(query->ranges().front().field, row.field) << row.query;
    EXPECT_EQ(query->ranges().front().low, row.low) << row.query;
  }
  const auto numbers = Query::parse("attributes.t:{-1.5 TO 2]");
  EXPECT_TRUE(numbers->ranges().front().numeric);
  EXPECT_EQ(numbers->ranges().front().least, -1.5);
  EXPECT_EQ(numbers->ranges().front().most, 2);
}

TEST(SearchQuery, NamesEveryRangeThatHoldsAllMatches) {
  const struct {
    std::string query;
    std::vector<std::string> fields;
  } rows[] = {
      {"*", {"thingName"}},
      {"thingTypeName:t attributes.b:1 attributes.a:1",
       {"attributes.b", "attributes.a", "thingTypeName"}},
      {"attributes.a > 1 attributes.a < 5", {"attributes.a", "attributes.a"}},
      {"thingTypeName:t NOT attributes.a:1", {"thingTypeName"}},
      {"thingTypeName:t (attributes.a:1 OR attributes.b:1)", {"thingTypeName"}},
      {"thingTypeName:t OR attributes.a:1", {"thingName"}},
      {"thingTypeName:t thingName:*", {"thingTypeName"}},
  };
  for (const auto& row : rows) {
    const auto query = Query::parse(row.query);
    ASSERT_TRUE(query) << row.query;
    std::vector<std::string> fields;
    for (const Range& range : query->ranges()) fields.push_back(range.field);
    EXPECT_EQ(fields, row.fields) << row.query;
  }
}

TEST(SearchRange, ContainsThingsByLowerAndUpperBound) {
  const Range name{.low = "pump", .below = "pumq"};
  EXPECT_TRUE(lies_in(name, pump()));
  EXPECT_FALSE(lies_in(Range{.low = "q"}, pump()));
  EXPECT_FALSE(lies_in(Range{.below = "pump-01"}, pump())) << "its end is not part of a range";
  EXPECT_TRUE(
      lies_in({.field = "thingGroupNames", .low = "leased", .below = "leased\x01"}, pump()));
  EXPECT_FALSE(lies_in({.field = "thingGroupNames", .low = "hall-2", .below = "i"}, pump()));
  EXPECT_TRUE(lies_in({.field = "attributes.floor", .numeric = true, .most = -2}, pump()));
  EXPECT_FALSE(lies_in({.field = "attributes.floor", .numeric = true, .least = -1.5}, pump()));
  EXPECT_FALSE(lies_in({.field = "attributes.model", .numeric = true}, pump())) << "no number";
  EXPECT_FALSE(lies_in({.field = "attributes.absent"}, pump()));
}

TEST(SearchQuery, TellsNumbersFromText) {
  for (const char* text : {"0", "-1", "1.", ".5", "-.5", "007", "123456789012345"})
    EXPECT_TRUE(number_of(text)) << text;
  for (const char* text : {"", "-", ".", "-.", "1-", "1e5", "+1", "0x1", "1,5", "1.2.3", " 1",
                           "nan", "1234567890123456"})
    EXPECT_FALSE(number_of(text)) << text;
}

TEST(SearchPlace, OrdersAsTheValuesDo) {
  const Range numbers{.field = "attributes.n", .numeric = true};
  const char* ascending[] = {"-100", "-2.5", "-1", "0", ".5", "1", "9", "10", "1000"};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    EXPECT_LT(place_in(numbers, ascending[i - 1], "z"), place_in(numbers, ascending[i], "a"));
    const auto back = parse_place(numbers, place_in(numbers, ascending[i], "a:b"));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->number, number_of(ascending[i]));
    EXPECT_EQ(back->thing_name, "a:b");
  }
  const Range names;
  EXPECT_LT(place_in(names, "a", "a"), place_in(names, "aa", "aa"));
  EXPECT_LT(place_in(names, "A", "A"), place_in(names, "a", "a"));
  EXPECT_FALSE(parse_place(names, "no line feed"));
  EXPECT_FALSE(parse_place(numbers, "xyz\na"));
}

}  // namespace
}  // namespace imprint::search
