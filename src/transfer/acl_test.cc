// SPDX-License-Identifier: Apache-2.0
#include "transfer/acl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imprint::transfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TopicFilters, MatchNoMoreThanThePattern) {
  const Substitutions values{{"iot:ClientId", "%c"}, {"thing", "x"}};
  struct Row {
    std::string pattern;
    std::string expected;  ///< empty: refused
    bool narrowed = false;
  };
  for (const Row& row : {Row{"a/b", "a/b"},
                         Row{"*", "#"},
                         Row{"a/*", "a/+/#"},
                         Row{"a/*/b", "a/+/b", true},
                         Row{"*/b", "+/b", true},
                         Row{"$aws/things/${iot:ClientId}/*", "$aws/things/%c/+/#"},
                         Row{"${$}aws/x", "$aws/x"},
                         Row{"a b/c", "a b/c"},
                         Row{"a/", "a/"},
                         Row{"/a", "/a"},
                         Row{"", ""},
                         Row{"a*", ""},
                         Row{"a/b*", ""},
                         Row{"a/*b/c", ""},
                         Row{"a/?", ""},
                         Row{"a/+", ""},
                         Row{"a/#", ""},
                         Row{"a/${*}", ""},
                         Row{"a/${?}", ""},
                         Row{"${iot:CertificateId}/a", ""},
                         Row{" a", ""},
                         Row{"a ", ""},
                         Row{"a\nuser root", ""}}) {
    const auto filter = to_topic_filter(row.pattern, values);
    EXPECT_EQ(filter ? filter->text : "", row.expected) << row.pattern;
    if (filter) {
      EXPECT_EQ(filter->narrowed, row.narrowed) << row.pattern;
    } else {
      EXPECT_FALSE(filter.error().message.empty()) << row.pattern;
    }
  }
}

std::string statement(const std::string& effect, const std::string& actions,
                      const std::string& resources, const std::string& more = "") {
  return fmt::format(R"({{"Effect":"{}","Action":{},"Resource":{}{}}})", effect, actions, resources,
                     more);
}

Acl acl_of(const std::string& statements, const Substitutions& values = {}) {
  auto policy =
      policy::Policy::parse(R"({"Version":"2012-10-17","Statement":[)" + statements + "]}", "P");
  EXPECT_TRUE(policy) << policy.error().message;
  const std::vector<std::shared_ptr<const policy::Policy>> all{
      std::make_shared<const policy::Policy>(std::move(*policy))};
  return to_acl(all, values, "000000000000");
}

/// "read a", "readwrite b/#": the lines of the file.
std::vector<std::string> lines(const Acl& acl) {
  std::vector<std::string> out;
  for (const auto& [filter, access] : acl.topics)
    out.push_back(fmt::format("{}{} {}", access.read ? "r" : "", access.write ? "w" : "", filter));
  return out;
}

TEST(Acls, GrantWhatPublishAndReceiveAllow) {
  const std::string topic = R"("arn:aws:iot:us-east-1:000000000000:topic/)";
  struct Row {
    std::string name;
    std::string statements;
    std::vector<std::string> expected;
    std::string note;  ///< part of the note; empty: no note
  };
  const std::vector<Row> rows{
      {"publish", statement("Allow", R"("iot:Publish")", topic + R"(a")"), {"w a"}, ""},
      {"both",
       statement("Allow", R"(["iot:Publish","iot:Receive"])", topic + R"(a/*")"),
       {"rw a/+/#"},
       ""},
      {"two statements",
       statement("Allow", R"("iot:Publish")", topic + R"(a")") + "," +
           statement("Allow", R"("iot:Receive")", topic + R"(a")"),
       {"rw a"},
       ""},
      {"everything", statement("Allow", R"("iot:*")", R"("*")"), {"rw #"}, ""},
      {"subscribe alone",
       statement("Allow", R"("iot:Subscribe")", R"("arn:aws:iot:*:*:topicfilter/a")"),
       {},
       ""},
      {"connect alone", statement("Allow", R"("iot:Connect")", R"("*")"), {}, ""},
      {"another account",
       statement("Allow", R"("iot:Publish")", R"("arn:aws:iot:*:111111111111:topic/a")"),
       {},
       ""},
      {"any account",
       statement("Allow", R"("iot:Publish")", R"("arn:aws:iot:*:*:topic/a")"),
       {"w a"},
       ""},
      {"narrowed",
       statement("Allow", R"("iot:Publish")", topic + R"(a/*/b")"),
       {"w a/+/b"},
       "one level only"},
      {"left out", statement("Allow", R"("iot:Publish")", topic + R"(a*")"), {}, "left out"},
      {"a pattern for a type",
       statement("Allow", R"("iot:Publish")", R"("arn:aws:iot:*:*:top*/a")"),
       {},
       "whose type is a pattern"},
      {"a condition",
       statement("Allow", R"("iot:Publish")", topic + R"(a")",
                 R"(,"Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}})"),
       {},
       "has conditions"},
      {"an unknown variable",
       statement("Allow", R"("iot:Publish")", topic + R"(${iot:CertificateId}")"),
       {},
       "has no equivalent"},
  };
  for (const Row& row : rows) {
    const Acl acl = acl_of(row.statements);
    EXPECT_EQ(lines(acl), row.expected) << row.name;
    EXPECT_FALSE(acl.refused) << row.name;
    if (row.note.empty()) {
      EXPECT_TRUE(acl.notes.empty()) << row.name;
    } else {
      EXPECT_THAT(acl.notes, ElementsAre(HasSubstr(row.note))) << row.name;
    }
  }
}

TEST(Acls, NeverLoseADeny) {
  const std::string allow = statement("Allow", R"("iot:*")", R"("*")") + ",";
  const auto deny = [&](const std::string& action, const std::string& resource,
                        const std::string& more = "") {
    return acl_of(allow + statement("Deny", "\"" + action + "\"", "\"" + resource + "\"", more));
  };
  const std::string topic = "arn:aws:iot:*:000000000000:topic/";
  EXPECT_THAT(deny("iot:Publish", topic + "a/*").denied, ElementsAre("a/+/#"));
  EXPECT_THAT(deny("iot:Receive", "*").denied, ElementsAre("#"));
  EXPECT_THAT(deny("iot:Publish", topic + "a",
                   R"(,"Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}})")
                  .denied,
              ElementsAre("a"))
      << "a condition cannot weaken it";
  EXPECT_TRUE(deny("iot:Publish", "arn:aws:iot:*:111111111111:topic/a").denied.empty());
  for (const auto& [action, resource] :
       {std::pair<std::string, std::string>{"iot:Publish", topic + "a/*/b"},
        {"iot:Publish", topic + "a*"},
        {"iot:Publish", topic + "${iot:CertificateId}"},
        {"iot:Publish", "arn:aws:iot:*:*:top*/a"},
        {"iot:Connect", "arn:aws:iot:*:*:client/x"},
        {"iot:Subscribe", "arn:aws:iot:*:*:topicfilter/a"}}) {
    const Acl acl = deny(action, resource);
    EXPECT_TRUE(acl.refused) << action << " " << resource;
    EXPECT_THAT(acl.notes, testing::Contains(HasSubstr("get no topic at all")));
  }
  const Acl pattern =
      acl_of(allow + statement("Deny", R"("iot:Publish")", "\"" + topic + "${iot:ClientId}\""),
             {{"iot:ClientId", "%c"}});
  EXPECT_TRUE(pattern.refused) << "pattern lines cannot deny";
}

}  // namespace
}  // namespace imprint::transfer
