// SPDX-License-Identifier: Apache-2.0
// `imprint credentials` run as a command, against a server in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/access_key.h"
#include "encoding/json.h"
#include "test/support/serving_deployment.h"

namespace imprint {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kVerb = std::string(IMPRINT_TOOL) + " credentials ";

TEST(CredentialsVerb, MakesListsAndRevokes) {
  const test::ScratchFolder folder;
  const test::ServingDeployment deployment(folder / "d");
  const auto made =
      test::shell(folder, kVerb + "create d --name 'line 1' --role factory --out line1");
  EXPECT_EQ(made.exit_code, 0) << made.output;
  const auto key = test::must(access::AccessKey::load(folder / "line1"));
  EXPECT_THAT(made.output, HasSubstr(key.id));
  EXPECT_THAT(made.output, Not(HasSubstr(key.secret.reveal())));
  EXPECT_EQ(test::shell(folder, "stat -c %a line1").output, "600\n");

  const auto json =
      test::shell(folder, kVerb + "create d --name me --role read-only --output json");
  const auto object = test::must(encoding::parse_json(json.output)).as_object();
  EXPECT_EQ(object.at("role").as_string(), "read-only");
  EXPECT_EQ(object.at("secretAccessKey").as_string().size(), 40U);

  const auto list = test::shell(folder, kVerb + "list d");
  EXPECT_THAT(list.output, HasSubstr("line 1"));
  EXPECT_THAT(list.output, HasSubstr("read-only"));
  EXPECT_THAT(list.output, Not(HasSubstr(key.secret.reveal())));
  const auto revoked = test::shell(folder, kVerb + "revoke d " + key.id);
  EXPECT_EQ(revoked.exit_code, 0) << revoked.output;
  const auto after =
      test::must(encoding::parse_json(test::shell(folder, kVerb + "list d --output json").output));
  std::size_t revoked_keys = 0;
  for (const auto& row : after.at("credentials").as_array())
    revoked_keys += row.at("status").as_string() == "revoked" ? 1U : 0U;
  EXPECT_EQ(revoked_keys, 1U);
}

TEST(CredentialsVerb, ReportsErrorsBeforeItMakesAKey) {
  const test::ScratchFolder folder;
  const test::ServingDeployment deployment(folder / "d");
  test::spill(folder / "there", "kept");
  test::spill(folder / "bad.json", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]})");
  test::spill(folder / "typo.json",
              R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Fly",)"
              R"("Resource":"*"}]})");
  const struct {
    std::string arguments;
    int code;
    std::string part;
  } rows[] = {
      {"create d --name x", 2, "either --role or --policy"},
      {"create d --name x --role admin --policy bad.json", 2, "either --role or --policy"},
      {"create d --role admin", 2, "--name"},
      {"create d --name x --role emperor", 2, "admin, read-only, factory"},
      {"create d --name x --policy gone.json", 2, "gone.json"},
      {"create d --name x --policy bad.json", 2, "bad.json: $.Statement[0]: has no Action"},
      {"create d --name x --policy typo.json", 2, "$.Statement[0].Action: \"iot:Fly\""},
      {"create d --name x --role admin --out there", 1, "already exists"},
      {"create d --name x --role admin --out no/such/folder", 1, "was therefore revoked"},
      {"create gone --name x --role admin", 2, "gone"},
      {"revoke d AKIANOBODYAAAAAAAAAA", 1, "AKIANOBODY"},
      {"revoke d", 2, "ID"},
      {"list", 2, "DIR"},
      {"", 2, "subcommand"},
  };
  for (const auto& row : rows) {
    const auto done = test::shell(folder, kVerb + row.arguments);
    EXPECT_EQ(done.exit_code, row.code) << row.arguments << ": " << done.output;
    EXPECT_THAT(done.output, HasSubstr(row.part)) << row.arguments;
  }
  EXPECT_EQ(test::slurp(folder / "there"), "kept");
}

}  // namespace
}  // namespace imprint
