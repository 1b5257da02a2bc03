// SPDX-License-Identifier: Apache-2.0
// `imprint export` and `imprint import` run as commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/json.h"
#include "test/support/serving_deployment.h"

namespace imprint {
namespace {

using testing::HasSubstr;

const std::string kTool = std::string(IMPRINT_TOOL) + " ";

TEST(TransferVerbs, CopyALiveRegistryToAnotherDeployment) {
  const test::ScratchFolder folder;
  test::ServingDeployment deployment(folder / "d");
  const auto out = test::shell(folder, kTool + "export d e");
  EXPECT_EQ(out.exit_code, 0) << out.output;
  EXPECT_THAT(out.output, HasSubstr("Exported to e"));
  EXPECT_EQ(test::shell(folder, "grep -rl 'PRIVATE KEY' e").output, "");
  EXPECT_EQ(test::shell(folder, "ls -A e").output,
            "ca-certificates.ndjson\ncertificates.ndjson\nindexing.ndjson\n"
            "list-entries.ndjson\nmanifest.json\nmanufacturing-lists.ndjson\n"
            "memberships.ndjson\npolicies\npolicy-attachments.ndjson\nrevocations.ndjson\nsettings."
            "ndjson\n"
            "tags.ndjson\ntemplates\nthing-groups.ndjson\nthing-principals.ndjson\n"
            "thing-types.ndjson\nthings.ndjson\n");
  const auto busy = test::shell(folder, kTool + "import e d");
  EXPECT_EQ(busy.exit_code, 1);
  EXPECT_THAT(busy.output, HasSubstr("stop that imprintd first"));

  ASSERT_EQ(test::shell(folder, kTool + "init other").exit_code, 0);
  const auto in = test::shell(folder, kTool + "import e other --output json");
  EXPECT_EQ(in.exit_code, 0) << in.output;
  const auto first = test::must(encoding::parse_json(in.output));
  EXPECT_EQ(first.at("unchanged").to_number<int>(), 0);
  EXPECT_EQ(first.at("added").at("policies").to_number<int>(), 6);
  const auto again = test::shell(folder, kTool + "import e other --output json");
  EXPECT_TRUE(test::must(encoding::parse_json(again.output)).at("added").as_object().empty());
  EXPECT_EQ(test::shell(folder, kTool + "export other f && diff -r -x manifest.json e f").exit_code,
            0);
}

TEST(TransferVerbs, ReportErrors) {
  const test::ScratchFolder folder;
  const test::FleetDeployment deployment(folder / "d");
  ASSERT_EQ(test::shell(folder, kTool + "init empty && " + kTool + "export d e").exit_code, 0);
  test::shell(folder, "cp -r e bad && echo '{\"name\":\"a b\"}' >> bad/things.ndjson");
  const struct {
    std::string arguments;
    int code;
    std::string part;
  } rows[] = {
      {"export d", 2, "FOLDER"},
      {"export d e", 1, "already exists"},
      {"export d f --format xml", 2, "--format"},
      {"export gone f", 2, "gone"},
      {"export empty f", 1, "that has been served"},
      {"export d no/such/f", 1, "no/such"},
      {"import e", 2, "DIR"},
      {"import gone d", 2, "that imprint export made"},
      {"import e gone", 2, "is not a deployment"},
      {"import bad d", 2, "things.ndjson:1: "},
  };
  for (const auto& row : rows) {
    const auto done = test::shell(folder, kTool + row.arguments);
    EXPECT_EQ(done.exit_code, row.code) << row.arguments << ": " << done.output;
    EXPECT_THAT(done.output, HasSubstr(row.part)) << row.arguments;
    EXPECT_FALSE(std::filesystem::exists(folder / "f")) << row.arguments;
  }
}

}  // namespace
}  // namespace imprint
