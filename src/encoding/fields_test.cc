// SPDX-License-Identifier: Apache-2.0
#include "encoding/fields.h"

#include <gmock/gmock.h>

namespace imprint::encoding {
namespace {

enum class Colour : std::uint8_t { red, blue };

std::string_view to_string(Colour colour) { return colour == Colour::red ? "red" : "blue"; }

struct Place {
  std::int64_t part = 0;
  std::int64_t bytes = 7;

  friend bool operator==(const Place&, const Place&) = default;
};

/// Empty when default-constructed.
struct Limits {
  std::optional<std::int64_t> most = {};
  std::vector<TemplateName> templates = {};

  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Crate {
  ThingName name;
  CertificateId id;
  std::string label = "plain";
  std::int64_t version = 1;
  bool is_open = true;
  Colour colour = Colour::blue;
  Timestamp made = {};
  Seconds lasts{60};
  Sha256 digest{};
  std::optional<ThingTypeName> type = {};
  std::vector<std::string> notes = {};
  std::map<std::string, std::string, std::less<>> attributes = {};
  Place place = {};
  Limits limits = {};
  std::optional<Place> next = {};
  std::vector<Place> places = {};
  std::vector<Network> networks = {};
  std::string remark = "none";
  Place inner = {};

  friend bool operator==(const Crate&, const Crate&) = default;
};

constexpr auto fields_of(std::type_identity<Place>) {
  return std::tuple{
      field("part", &Place::part),
      field("bytes", &Place::bytes),
  };
}

constexpr auto fields_of(std::type_identity<Limits>) {
  return std::tuple{
      field("most", &Limits::most),
      field("templates", &Limits::templates),
  };
}

void read_first_limits(const json::object& from, Limits& out, Reader& reader) {
  read_member(from, "limit", out.most, reader);
}

constexpr auto fields_of(std::type_identity<Crate>) {
  return std::tuple{
      field("name", &Crate::name),
      field("id", &Crate::id),
      field("label", &Crate::label),
      field("version", &Crate::version),
      field("open", &Crate::is_open),
      field("colour", &Crate::colour),
      field("made", &Crate::made),
      field("lasts", &Crate::lasts),
      field("digest", &Crate::digest),
      field("type", &Crate::type),
      field("notes", &Crate::notes),
      field("attributes", &Crate::attributes),
      field("place", &Crate::place),
      field("limits", &Crate::limits).or_earlier(&read_first_limits),
      field("next", &Crate::next),
      field("places", &Crate::places),
      field("networks", &Crate::networks),
      field("remark", &Crate::remark).always(),
      field("part", [](auto& crate) -> auto& { return crate.inner.part; }),
      next_part("bytes", [](auto& crate) -> auto& { return crate.inner.bytes; }),
  };
}

}  // namespace

template <>
struct Form<Colour> : EnumForm<Colour::red, Colour::blue> {};

namespace {

const std::string kId(64, 'a');

Crate full() {
  Crate crate = blank<Crate>();
  crate.name = *ThingName::parse("d-1");
  crate.id = *CertificateId::parse(kId);
  crate.label = "fragile";
  crate.version = 3;
  crate.colour = Colour::red;
  crate.made = from_milliseconds(9);
  crate.lasts = Seconds(5);
  crate.digest.fill(0xbb);
  crate.type = *ThingTypeName::parse("T");
  crate.notes = {"a", ""};
  crate.attributes = {{"k", "v"}, {"l", ""}};
  crate.place = {1, 2};
  crate.limits = {.most = 4, .templates = {*TemplateName::parse("U")}};
  crate.next = Place{3, 4};
  crate.places = {{5, 6}, {7, 8}};
  crate.networks = {*Network::parse("10.0.0.0/8")};
  crate.remark = "";
  crate.inner = {9, 10};
  return crate;
}

TEST(Fields, AreWrittenInTheOrderOfTheirList) {
  const std::string digest(64, 'b');
  EXPECT_EQ(
      to_json(write_fields(full())),
      R"({"name":"d-1","id":")" + kId +
          R"(","label":"fragile","version":3,"open":true,"colour":"red","made":9,"lasts":5,"digest":")" +
          digest +
          R"(","type":"T","notes":["a",""],"attributes":{"k":"v","l":""},"place":{"part":1,"bytes":2},)"
          R"("limits":{"most":4,"templates":["U"]},"next":{"part":3,"bytes":4},)"
          R"("places":[{"part":5,"bytes":6},{"part":7,"bytes":8}],"networks":["10.0.0.0/8"],"remark":"","part":9,"bytes":10})");
}

TEST(Fields, AreReadByName) {
  json::object stored = write_fields(full());
  EXPECT_EQ(*read_fields<Crate>(stored), full());

  json::object turned;
  for (auto at = stored.end(); at != stored.begin();) {
    --at;
    turned[at->key()] = at->value();
    turned["not in the list " + std::string(at->key())] = 1;
  }
  EXPECT_EQ(*read_fields<Crate>(turned), full());
}

TEST(Fields, EmptyOnesAreLeftOutAndReadAsEmpty) {
  Crate crate = full();
  crate.label = "";  // where the struct's default is not empty
  crate.is_open = false;
  crate.type = {};
  crate.notes = {};
  crate.attributes = {};
  crate.limits = {};
  crate.next = {};
  crate.places = {};
  crate.networks = {};
  const json::object stored = write_fields(crate);
  for (const char* member :
       {"label", "open", "type", "notes", "attributes", "limits", "next", "places", "networks"})
    EXPECT_FALSE(stored.contains(member)) << member;
  EXPECT_TRUE(stored.contains("remark")) << "always written";
  EXPECT_EQ(*read_fields<Crate>(stored), crate);
}

TEST(Fields, ThatOnlyLaterVersionsWriteGetTheirDefault) {
  const auto crate = read_fields<Crate>(json::object{{"name", "d-1"}, {"id", kId}});
  ASSERT_TRUE(crate) << crate.error().message;
  EXPECT_EQ(crate->version, 1);
  EXPECT_EQ(crate->colour, Colour::blue);
  EXPECT_EQ(crate->lasts, Seconds(60));
  EXPECT_EQ(crate->place, Place());
  EXPECT_EQ(crate->inner, Place());
  EXPECT_EQ(crate->remark, "none");
}

TEST(Fields, AreReadFromTheFormsOfEarlierVersions) {
  json::object stored = write_fields(full());
  stored["limit"] = 8;
  EXPECT_EQ(read_fields<Crate>(stored)->limits.most, 4);
  stored.erase("limits");
  EXPECT_EQ(read_fields<Crate>(stored)->limits, (Limits{.most = 8}));
  stored.erase("limit");
  EXPECT_EQ(read_fields<Crate>(stored)->limits, Limits());
}

TEST(Fields, ThatAreBrokenAreNamed) {
  const struct {
    std::string member;
    std::string value;
    std::string message;
  } rows[] = {
      {"name", "1", "stored member name: is not text"},
      {"name", R"("a b")", "stored member name: thing name"},
      {"id", R"("aa")", "stored member id: "},
      {"label", "null", "stored member label: is not text"},
      {"version", R"("1")", "stored member version: is not a whole number"},
      {"version", "1.5", "stored member version: is not a whole number"},
      {"version", "18446744073709551615", "stored member version: is out of range"},
      {"made", "true", "stored member made: is not a whole number"},
      {"colour", R"("green")", "stored member colour: is unknown"},
      {"digest", R"("")", "stored member digest: "},
      {"type", R"("a b")", "stored member type: "},
      {"place", "5", "stored member place: is not an object"},
      {"place", R"({"bytes":"1"})", "stored member bytes: is not a whole number"},
      {"limits", R"({"templates":["a b"]})", "stored member templates: "},
      {"next", "[]", "stored member next: is not an object"},
      {"places", R"([{"part":[]}])", "stored member part: is not a whole number"},
      {"networks", R"(["x"])", "stored member networks: "},
  };
  for (const auto& row : rows) {
    json::object stored = write_fields(full());
    stored[row.member] = *parse_json(row.value);
    const auto read = read_fields<Crate>(stored);
    ASSERT_FALSE(read) << row.member << " " << row.value;
    EXPECT_EQ(read.error().fault, Fault::internal);
    EXPECT_THAT(read.error().message, testing::StartsWith(row.message));
  }
  for (const char* member : {"name", "id"}) {
    json::object stored = write_fields(full());
    stored.erase(member);
    const auto read = read_fields<Crate>(stored);
    ASSERT_FALSE(read) << member;
    EXPECT_EQ(read.error().message, fmt::format("stored member {}: is missing", member));
  }
}

TEST(Fields, OfAWrongTypeCountAsAbsentWhereNothingDependsOnThem) {
  json::object stored = write_fields(full());
  for (const char* member : {"open", "notes", "attributes", "places"}) stored[member] = "text";
  Crate expected = full();
  expected.is_open = false;
  expected.notes = {};
  expected.attributes = {};
  expected.places = {};
  EXPECT_EQ(*read_fields<Crate>(stored), expected);

  stored["notes"] = json::array{"a", 1, "b"};
  stored["attributes"] = json::object{{"a", "b"}, {"c", 1}};
  const auto read = read_fields<Crate>(stored);
  EXPECT_THAT(read->notes, testing::ElementsAre("a", "b"));
  EXPECT_THAT(read->attributes, testing::ElementsAre(testing::Pair("a", "b")));
}

TEST(Fields, AreReadEvenIfAnotherIsBroken) {
  json::object stored = write_fields(full());
  stored["version"] = "x";
  stored["type"] = 1;
  Crate read = blank<Crate>();
  Reader reader;
  read_fields(stored, read, reader);
  ASSERT_TRUE(reader.error());
  EXPECT_EQ(reader.error()->message, "stored member version: is not a whole number");
  Crate expected = full();
  expected.version = 1;
  expected.type = {};
  EXPECT_EQ(read, expected);
}

}  // namespace
}  // namespace imprint::encoding
