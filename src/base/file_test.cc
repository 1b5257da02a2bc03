// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace imprint {
namespace {

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "imprint-file-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static mode_t mode_of(const std::filesystem::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }

  std::filesystem::path folder_;
};

TEST_F(FileTest, WritesTheExactModeRegardlessOfTheUmask) {
  const mode_t before = ::umask(0077);
  ASSERT_TRUE(write_file_durably(folder_ / "public", 0644, "p"));
  ::umask(0);
  ASSERT_TRUE(write_file_durably(folder_ / "secret", 0600, "s"));
  ::umask(before);
  EXPECT_EQ(mode_of(folder_ / "public"), 0644U);
  EXPECT_EQ(mode_of(folder_ / "secret"), 0600U);
}

TEST_F(FileTest, ReplacesAsAWholeAndLeavesNoTemporary) {
  ASSERT_TRUE(write_file_durably(folder_ / "a", 0600, "first, and longer"));
  ASSERT_TRUE(write_file_durably(folder_ / "a", 0600, "second"));
  EXPECT_EQ(*read_file(folder_ / "a", 100), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, AFailedWriteKeepsTheOldFile) {
  std::filesystem::create_directory(folder_ / "taken");
  ASSERT_TRUE(write_file_durably(folder_ / "taken" / "x", 0600, "x"));
  const auto written = write_file_durably(folder_ / "taken", 0600, "y");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("cannot replace"), std::string::npos);
  EXPECT_EQ(*read_file(folder_ / "taken" / "x", 10), "x");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, RefusesFilesThatAreNotRegularOrTooLarge) {
  ASSERT_TRUE(write_file_durably(folder_ / "large", 0600, std::string(101, 'x')));
  EXPECT_EQ(read_file(folder_ / "large", 100).error().fault, Fault::invalid);
  EXPECT_EQ(read_file(folder_ / "missing", 100).error().fault, Fault::not_found);
  EXPECT_EQ(read_file(folder_, 100).error().fault, Fault::invalid);
  std::filesystem::create_directory(folder_ / "open");
  std::filesystem::permissions(folder_ / "open", std::filesystem::perms(0755));
  const auto folder = read_secret_file(folder_ / "open", 100);
  EXPECT_EQ(folder.error().fault, Fault::invalid) << "its mode is not the problem";
  EXPECT_EQ(folder.error().message.find("chmod"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(folder_ / "fifo", 100).error().fault, Fault::invalid);
}

TEST_F(FileTest, ASecretMustBeUnreadableForOthers) {
  for (const mode_t mode : {0600U, 0400U}) {
    ASSERT_TRUE(write_file_durably(folder_ / "key", mode, "secret"));
    EXPECT_EQ(read_secret_file(folder_ / "key", 100)->reveal(), "secret") << mode;
  }
  for (const mode_t mode : {0640U, 0604U, 0644U, 0660U, 0601U}) {
    ASSERT_TRUE(write_file_durably(folder_ / "key", mode, "secret"));
    const auto key = read_secret_file(folder_ / "key", 100);
    ASSERT_FALSE(key) << mode;
    EXPECT_EQ(key.error().fault, Fault::forbidden);
    EXPECT_NE(key.error().message.find("chmod 600"), std::string::npos);
    EXPECT_EQ(key.error().message.find("secret\""), std::string::npos);
  }
}

}  // namespace
}  // namespace imprint
