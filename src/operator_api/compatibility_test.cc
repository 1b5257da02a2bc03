// SPDX-License-Identifier: Apache-2.0
// docs/compatibility.md lists every operation of AWS IoT in a table that is made from the code.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

#include "base/file.h"
#include "operator_api/words.h"
#include "rest/router.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

constexpr std::string_view kBegin = "<!-- operations: made by operator_api_test -->\n";
constexpr std::string_view kEnd = "<!-- operations: end -->\n";
constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;

std::string row_text(std::string_view name, std::string_view offered, std::string_view method,
                     std::string_view path, std::string_view note) {
  return fmt::format("| {} | {} | `{} {}` | {} |\n", name, offered, method, path, note);
}

std::string table_text() {
  test::ControlApiWorld world;
  const rest::Router& router = world.api.router();
  std::string out = "| operation | offered | request | note |\n|---|---|---|---|\n";
  for (const rest::Operation& row : router.operations()) {
    const bool is_own = row.path.starts_with("/imprint/");
    out += row_text(row.name, "yes", row.method, row.path, is_own ? "Imprint's own" : "");
  }
  for (const MissingArea& area : router.missing()) {
    for (const MissingOperation& row : area.operations)
      out += row_text(row.name, "no", row.method, row.path, area.area);
  }
  return out;
}

TEST(Compatibility, TheTableOfOperationsIsTheCodesOwn) {
  const std::filesystem::path path =
      std::filesystem::path(IMPRINT_TEST_DIR).parent_path() / "docs/compatibility.md";
  const auto text = read_file(path, kMaxBytes);
  ASSERT_TRUE(text) << text.error().message;
  const auto begin = text->find(kBegin);
  const auto end = text->find(kEnd);
  ASSERT_NE(begin, std::string::npos) << path << " has lost the line " << kBegin;
  ASSERT_NE(end, std::string::npos) << path << " has lost the line " << kEnd;
  const auto first = begin + kBegin.size();
  const std::string wanted = table_text();
  if (std::getenv("IMPRINT_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text->substr(0, first) << wanted << text->substr(end);
    return;
  }
  EXPECT_TRUE(text->substr(first, end - first) == wanted)
      << "docs/compatibility.md does not list what the code offers; run\n"
         "  IMPRINT_UPDATE_GOLDEN=1 build/bin/operator_api_test "
         "--gtest_filter='Compatibility.*'\nand commit what it writes";
}

}  // namespace
}  // namespace imprint::operator_api
