// SPDX-License-Identifier: Apache-2.0
// `imprint backup` and `imprint restore` run as commands, while a server in this process serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/json.h"
#include "test/support/serving_deployment.h"

namespace imprint {
namespace {

using testing::HasSubstr;

const std::string kTool = std::string(IMPRINT_TOOL) + " ";

TEST(BackupVerb, CopiesALiveDeploymentToAnotherDirectory) {
  const test::ScratchFolder folder;
  test::ServingDeployment deployment(folder / "d");
  const auto made = test::shell(
      folder, kTool + "credentials create d --name kept --role factory --out kept.credentials");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  std::filesystem::rename(folder / "d/claims", folder / "claims");
  const auto done = test::shell(folder, kTool + "backup d b.tar");
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("Backed up to b.tar"));
  deployment.stop();
  std::filesystem::rename(folder / "d", folder / "lost");
  const auto back = test::shell(folder, kTool + "restore b.tar d --output json");
  EXPECT_EQ(back.exit_code, 0) << back.output;
  EXPECT_TRUE(encoding::parse_json(back.output)) << back.output;
  deployment.start();
  const auto list = test::shell(folder, kTool + "credentials list d");
  EXPECT_THAT(list.output, HasSubstr("kept")) << "the backup contains the store and the admin key";
}

TEST(BackupVerb, ReadsADeploymentOnAReadOnlyFileSystem) {
  const test::ScratchFolder folder;
  test::ServingDeployment(folder / "d").stop();
  std::filesystem::create_directory(folder / "ro");
  const std::string mounted =
      "unshare --mount sh -c 'mount --bind d ro && mount -o remount,ro,bind ro && ";
  // Only the superuser can mount.
  if (test::shell(folder, mounted + "true'").exit_code != 0) return;
  for (const std::string verb : {"backup ro b.tar", "export ro out"}) {
    const auto done = test::shell(folder, mounted + kTool + verb + "'");
    EXPECT_EQ(done.exit_code, 0) << verb << ": " << done.output;
  }
  EXPECT_EQ(test::shell(folder, kTool + "restore b.tar again").exit_code, 0);
}

TEST(BackupVerb, ReportsErrors) {
  const test::ScratchFolder folder;
  test::ServingDeployment(folder / "d").stop();
  ASSERT_EQ(test::shell(folder, kTool + "init never").exit_code, 0);
  ASSERT_EQ(test::shell(folder, kTool + "backup d b.tar").exit_code, 0);
  test::spill(folder / "x.tar", "nonsense");
  test::spill(folder / "empty.tar", "");
  std::filesystem::create_directory(folder / "folder");
  const struct {
    std::string arguments;
    int code;
    std::string part;
  } rows[] = {
      {"backup d", 2, "FILE"},
      {"backup gone b2.tar", 2, "gone"},
      {"backup never b2.tar", 1, "start imprintd once"},
      {"backup d no/such/b.tar", 1, "no/such"},
      {"restore b.tar", 2, "DIR"},
      {"restore b.tar d", 1, "already exists"},
      {"restore gone.tar r", 2, "gone.tar"},
      {"restore x.tar r", 2, "x.tar: the backup cannot be read"},
      {"restore empty.tar r", 2, "empty.tar is empty"},
      {"restore folder r", 2, "folder is a folder"},
      {"restore folder r", 2, "imprint doctor folder"},
  };
  for (const auto& row : rows) {
    const auto done = test::shell(folder, kTool + row.arguments);
    EXPECT_EQ(done.exit_code, row.code) << row.arguments << ": " << done.output;
    EXPECT_THAT(done.output, HasSubstr(row.part)) << row.arguments;
  }
}

}  // namespace
}  // namespace imprint
