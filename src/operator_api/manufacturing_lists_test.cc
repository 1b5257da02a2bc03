// SPDX-License-Identifier: Apache-2.0
// Manufacturing lists and the settings that name them, over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/text.h"
#include "operator_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;

constexpr std::string_view kBody =
    R"({"Parameters":{"SerialNumber":{"Type":"String"},"Region":{"Type":"String","Default":"x"},"AWS::IoT::Certificate::Id":{"Type":"String"}},
    "Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"SerialNumber"},"AttributePayload":{"region":{"Ref":"Region"}}}},
    "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"ACTIVE"}}}})";

class ManufacturingLists : public ::testing::Test {
 protected:
  void SetUp() override {
    world.must("POST", "/provisioning-templates",
               encoding::to_json(
                   json::object{{"templateName", "T"},
                                {"templateBody", kBody},
                                {"enabled", true},
                                {"provisioningRoleArn", "arn:aws:iam::000000000000:role/r"}}));
    world.must("PUT", "/imprint/v1/lists/line-a", R"({"description":"Line A"})");
  }
  Reply import(const std::string& entries) {
    return world.call("POST", "/imprint/v1/lists/line-a/entries", R"({"entries":)" + entries + "}");
  }
  /// The answer to an import that must succeed: "added changed unchanged".
  std::string imported(const std::string& entries) {
    const Reply reply = import(entries);
    EXPECT_EQ(reply.status, 200) << reply.message();
    return encoding::to_json(reply.body);
  }
  std::int64_t entries() {
    return world.must("GET", "/imprint/v1/lists/line-a").body.at("entries").as_int64();
  }
  Reply attempt(const std::string& serial) {
    return world.must("POST", "/imprint/v1/templates/T/try",
                      encoding::to_json(json::object{{"parameters", {{"SerialNumber", serial}}}}));
  }
  void set(const std::string& settings) {
    world.must("PUT", "/imprint/v1/templates/T/settings", R"({"settings":)" + settings + "}");
  }
  ControlApiWorld world;
};

TEST_F(ManufacturingLists, AreMadeDescribedListedAndDeleted) {
  EXPECT_EQ(world.must("GET", "/imprint/v1/lists/line-a").text("description"), "Line A");
  world.must("PUT", "/imprint/v1/lists/line-b");
  const auto pages = world.follow("GET", "/imprint/v1/lists", "lists", false, 1);
  EXPECT_THAT(pages.elements, ElementsAre(HasSubstr("line-a"), HasSubstr("line-b")));
  world.must("PUT", "/imprint/v1/lists/line-a", R"({"description":"Line A, Dresden"})");
  EXPECT_EQ(world.must("GET", "/imprint/v1/lists/line-a").text("description"), "Line A, Dresden");
  world.must("DELETE", "/imprint/v1/lists/line-b");
  EXPECT_EQ(world.call("GET", "/imprint/v1/lists/line-b").status, 404);
}

TEST_F(ManufacturingLists, TakeBatchesAgainAndAgain) {
  EXPECT_EQ(imported(R"([{"serial":"A1","region":"eu"},{"serial":"A2"}])"),
            R"({"added":2,"changed":0,"unchanged":0})");
  const std::size_t events = world.events().size();
  EXPECT_EQ(imported(R"([{"serial":"A1","region":"eu"},{"serial":"A2","state":"allowed"}])"),
            R"({"added":0,"changed":0,"unchanged":2})");
  EXPECT_EQ(world.events().size(), events) << "nothing has changed";
  EXPECT_EQ(imported(R"([{"serial":"A1","region":"us"},{"serial":"A3"}])"),
            R"({"added":1,"changed":1,"unchanged":0})");
  EXPECT_EQ(entries(), 3);
  const auto event = world.events().back();
  EXPECT_EQ(event.step, "import_list_entries");
  EXPECT_THAT(event.detail, HasSubstr(R"("added":1,"changed":1)"));
  world.must("DELETE", "/imprint/v1/lists/line-a/entry?serial=A3");
  EXPECT_EQ(entries(), 2);
  const auto pages = world.follow("GET", "/imprint/v1/lists/line-a/entries", "entries", false, 1);
  EXPECT_THAT(pages.elements,
              ElementsAre(R"({"region":"us","serial":"A1"})", R"({"serial":"A2"})"));
}

TEST_F(ManufacturingLists, RecordTheChangesToOneUnit) {
  imported(R"([{"serial":"A1","region":"eu"}])");
  imported(R"([{"serial":"A1","region":"us","state":"blocked"}])");
  EXPECT_THAT(world.events().back().detail, HasSubstr(R"("region":{"before":"eu","after":"us"})"));
}

TEST_F(ManufacturingLists, KeepSerialsApartThatLookLikeSomethingElse) {
  const std::vector<std::string> serials = {"a/b",         "%",  "_", "*", "A' OR '1'='1",
                                            "\xC3\xA4 \"", "..", "a", "A"};
  for (const std::string& serial : serials)
    imported(encoding::to_json(json::array{json::object{{"serial", serial}}}));
  EXPECT_EQ(entries(), static_cast<std::int64_t>(serials.size()));
  for (const std::string& serial : serials) {
    const Reply reply = world.must(
        "GET", "/imprint/v1/lists/line-a/entry?serial=" + encoding::percent_encode(serial));
    EXPECT_EQ(reply.body.at("entry").at("serial").as_string(), serial);
  }
  EXPECT_EQ(world.call("GET", "/imprint/v1/lists/line-a/entry?serial=b").status, 404);
}

TEST_F(ManufacturingLists, RefuseBadInput) {
  json::array many;
  for (int i = 0; i < 1001; ++i) many.emplace_back(json::object{{"serial", std::to_string(i)}});
  set(R"({"allowlist":"line-a"})");
  const std::string path = "/imprint/v1/lists/line-a/entries";
  const auto bad = [&](const std::string& name, const std::string& entry,
                       const std::string& message) {
    return test::Refusal{name,   "POST",
                         path,   R"({"entries":[{"serial":"fine"},)" + entry + "]}",
                         400,    "InvalidRequestException",
                         message};
  };
  expect_refusals(
      world,
      {bad("no serial", R"({"region":"eu"})", "entries[1].serial: the serial is missing"),
       bad("a number", R"({"serial":1})", "entries[1].serial: is number"),
       bad("no object", R"("A1")", "entries[1]: is string where an object"),
       bad("a line end", R"({"serial":"A\n"})", "control character"),
       bad("too long", R"({"serial":")" + std::string(257, 'x') + "\"}", "at most 256"),
       bad("a column", R"({"serial":"A","a b":"x"})", "column name"),
       bad("a state", R"({"serial":"A","state":"no"})", "allowed or blocked"),
       bad("twice", R"({"serial":"fine"})", "in the same request twice"),
       {"too many", "POST", path, encoding::to_json(json::object{{"entries", many}}), 400,
        "InvalidRequestException", "1001 elements"},
       {"none", "POST", path, R"({"entries":[]})", 400, "InvalidRequestException",
        "send 1 to 1000"},
       {"no list", "POST", "/imprint/v1/lists/nobody/entries", R"({"entries":[{"serial":"A"}]})",
        404, "ResourceNotFoundException", "imprint list create"},
       {"no entry", "GET", "/imprint/v1/lists/line-a/entry?serial=A9", "", 404,
        "ResourceNotFoundException", "no serial"},
       {"list name", "PUT", "/imprint/v1/lists/a%20b", "", 400, "InvalidRequestException",
        "listName"},
       {"the word for no list", "PUT", "/imprint/v1/lists/none", "", 400, "InvalidRequestException",
        "allowlist = none"},
       {"in use", "DELETE", "/imprint/v1/lists/line-a", "", 409, "DeleteConflictException",
        "allowlist of provisioning template \"T\""}});
  world.settings.set({.rules = {.allowlist = "line-a"}});
  set(R"({"allowlist":""})");
  EXPECT_THAT(world.call("DELETE", "/imprint/v1/lists/line-a").message(),
              HasSubstr("imprint.toml"));
}

TEST_F(ManufacturingLists, LeaveNothingBehindForAListOfTheSameName) {
  imported(R"([{"serial":"A1"}])");
  world.must("DELETE", "/imprint/v1/lists/line-a");
  EXPECT_TRUE(
      world.all<registry::ListEntry>(registry::query::EntriesOfList{*ListName::parse("line-a")})
          .empty());
  // The state after a deletion that was cut short.
  registry::ChangeSet changes;
  changes.add(
      registry::Put{registry::ListEntry{.list = *ListName::parse("line-a"), .serial = "A1"}});
  changes.add(registry::Count{"entries-of-list/line-a", 1});
  world.arrange(std::move(changes));
  world.must("PUT", "/imprint/v1/lists/line-a");
  EXPECT_EQ(entries(), 0);
  EXPECT_EQ(world.call("GET", "/imprint/v1/lists/line-a/entry?serial=A1").status, 404);
}

// ---- settings ----

TEST_F(ManufacturingLists, GateATemplateThatNamesThem) {
  EXPECT_TRUE(attempt("A1").body.at("allowed").as_bool()) << "no list is read";
  set(R"({"allowlist":"line-a","override.Region":"column:region"})");
  const Reply refused = attempt("A1");
  EXPECT_EQ(refused.text("errorCode"), "AccessDenied");
  EXPECT_THAT(refused.text("rule"), HasSubstr("line-a has no serial \"A1\""));
  imported(R"([{"serial":"A1","region":"eu"}])");
  const Reply allowed = attempt("A1");
  ASSERT_TRUE(allowed.body.at("allowed").as_bool()) << allowed.text("rule");
  EXPECT_EQ(encoding::to_json(allowed.body.at("gatekeeper")),
            R"({"list":"line-a","overridden":{"Region":"eu"}})");
  EXPECT_THAT(encoding::to_json(allowed.body.at("changes")), HasSubstr(R"("region":"eu")"));
  imported(R"([{"serial":"A1","region":"eu","state":"blocked"}])");
  EXPECT_THAT(attempt("A1").text("rule"), HasSubstr("blocked"));
  set(R"({"allowlist":"none","override.Region":null})");
  EXPECT_TRUE(attempt("A1").body.at("allowed").as_bool());
}

TEST_F(ManufacturingLists, SettingsAreShownWithWhereTheyComeFrom) {
  set(R"({"reprovision":"never","parameter.SerialNumber.pattern":"A[0-9]+"})");
  const Reply shown = world.must("GET", "/imprint/v1/templates/T/settings");
  EXPECT_EQ(encoding::to_json(shown.body.at("settings")),
            R"({"parameter.SerialNumber.pattern":"A[0-9]+","reprovision":"never"})");
  const std::string in_force = encoding::to_json(shown.body.at("inForce"));
  EXPECT_THAT(in_force, HasSubstr(R"({"key":"reprovision","value":"never","from":"template"})"));
  EXPECT_THAT(in_force, HasSubstr(R"({"key":"fleet-limit","value":"0","from":"deployment"})"));
  EXPECT_THAT(world.events().back().detail,
              HasSubstr(R"("settings.reprovision":{"after":"never"})"));
  set(R"({"reprovision":""})");
  EXPECT_EQ(
      encoding::to_json(world.must("GET", "/imprint/v1/templates/T/settings").body.at("settings")),
      R"({"parameter.SerialNumber.pattern":"A[0-9]+"})");
}

TEST_F(ManufacturingLists, SettingsRefuseBadInput) {
  const auto bad = [](const std::string& settings, const std::string& message) {
    return test::Refusal{settings,
                         "PUT",
                         "/imprint/v1/templates/T/settings",
                         R"({"settings":)" + settings + "}",
                         400,
                         "InvalidRequestException",
                         message};
  };
  expect_refusals(world, {bad(R"({"reprovision":"maybe"})",
                              R"("reprovision" = "maybe": must be one of same-key)"),
                          bad(R"({"fleet-limit":5})", "put the value in quotes"),
                          bad(R"({"fleet-limits":"5"})", "no such setting; known are"),
                          bad(R"({"allowlist":"line-b"})", "imprint list create DIR line-b"),
                          bad(R"({"parameter.A.pattern":"("})", "not a regular expression"),
                          bad("[]", "settings"),
                          {"no template", "PUT", "/imprint/v1/templates/U/settings",
                           R"({"settings":{}})", 404, "ResourceNotFoundException", "not found"},
                          {"no settings", "PUT", "/imprint/v1/templates/T/settings", "{}", 400,
                           "InvalidRequestException", "settings"}});
}

}  // namespace
}  // namespace imprint::operator_api
