// SPDX-License-Identifier: Apache-2.0
#include "deployment/doctor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "deployment/layout.h"
#include "registry/sqlite/snapshot.h"
#include "registry/sqlite/sqlite_store.h"
#include "test/support/new_deployment.h"
#include "test/support/shell.h"

namespace imprint::deployment {
namespace {

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

using Doctor = test::NewDeployment;

TEST_F(Doctor, FindsAFreshDeploymentHealthyExceptForTheStore) {
  const Layout at = made({.endpoints = {"iot.example.com"}});
  for (const Check& one : examine(at.directory(), clock_)) {
    const Health expected = one.name == "store" ? Health::warn : Health::ok;
    if (one.name == "open files" || one.name == "disk") continue;  // properties of this machine
    EXPECT_EQ(one.health, expected) << one.name << ": " << one.found;
    EXPECT_EQ(one.remedy.empty(), one.health == Health::ok) << one.name;
  }
}

/// A shell command that adds a hook; the transport must follow.
const std::string kHook = "printf '[[hook]]\narn = \"x\"\ntransport = ";

TEST_F(Doctor, NoticesEachFault) {
  const struct {
    std::string name;
    std::string harm;  ///< shell, in the deployment directory
    Health health;
    std::string part;
  } rows[] = {
      {"directory", "chmod 755 .", Health::fail, "0755"},
      {"configuration", "echo 'bogus = 1' > imprint.toml", Health::fail, "imprint.toml:1"},
      {"configuration", "rm imprint.toml", Health::fail, "imprintd does not start"},
      {"settings",
       "sed -i 's/^mqtt = .*/mqtt = \"127.0.0.1:9000\"/; s/^http = .*/http = "
       "\"0.0.0.0:9000\"/' imprint.toml",
       Health::fail, "listen.mqtt and listen.http are both port 9000"},
      {"settings",
       "sed -i 's/^mqtt = .*/mqtt = \"127.0.0.1:9000\"/' imprint.toml; printf "
       "'[[hook]]\narn = \"x\"\ntransport = \"runtime\"\nlisten = \"127.0.0.1:9000\"\n' >> "
       "imprint.toml",
       Health::fail, "listen of hook \"x\" are both port 9000"},
      {"settings",
       "sed -i 's/^mqtt = .*/mqtt = \"0.0.0.0:9000\"/; s/^http = .*/http = "
       "\"[::1]:9000\"/' imprint.toml",
       Health::ok, "consistent"},
      {"hooks", kHook + "\"command\"\ncommand = [\"/nope/prog\"]\n' >> imprint.toml", Health::fail,
       "hook \"x\": command: cannot run \"/nope/prog\""},
      {"hooks",
       "echo x > prog; chmod 600 prog; " + kHook +
           "\"command\"\ncommand = [\"./prog\"]\n' >> imprint.toml",
       Health::fail, "Permission denied"},
      {"hooks",
       "echo x > prog; chmod 700 prog; " + kHook +
           "\"command\"\ncommand = [\"./prog\"]\n' >> imprint.toml",
       Health::ok, "programs exist"},
      {"hooks", kHook + "\"command\"\ncommand = [\"nope-prog\"]\n' >> imprint.toml", Health::warn,
       "cannot run \"nope-prog\""},
      {"hooks", kHook + "\"command\"\ncommand = [\"sh\"]\n' >> imprint.toml", Health::ok, "exist"},
      {"hooks",
       kHook + "\"http\"\nurl = \"https://h.example/\"\nbearer-file = \"none\"\n' >> imprint.toml",
       Health::fail, "bearer-file: cannot open"},
      {"hooks",
       kHook + "\"http\"\nurl = \"https://h.example/\"\nca-file = \"none\"\n' >> imprint.toml",
       Health::fail, "ca-file: cannot open"},
      {"server kinds",
       "cp server/server.pem server/second-server.pem; cp server/server.key "
       "server/second-server.key",
       Health::fail, "are both"},
      {"ownership token key", "echo x > ca/ownership-token.key; chmod 600 ca/ownership-token.key",
       Health::fail, "hexadecimal"},
      {"issuing key", "rm ca/issuing-ca.key; mkdir -m 755 ca/issuing-ca.key", Health::fail,
       "is not a regular file"},
      {"root certificate", "rm ca/root-ca.pem", Health::fail, "No such file"},
      {"issuing certificate", "echo x > ca/issuing-ca.pem", Health::fail, "does not start"},
      {"server certificate", "cat ca/root-ca.pem >> server/server.pem", Health::fail, "follow"},
      {"trusted root", "cp ca/issuing-ca.pem root-ca.pem", Health::fail,
       "not the same certificate"},
      {"root key", "rm ca/root-ca.key", Health::ok, "kept elsewhere"},
      {"issuing key", "rm ca/issuing-ca.key", Health::fail, "No such file"},
      {"issuing key", "chmod 644 ca/issuing-ca.key", Health::fail, "0644"},
      {"issuing key", "cp ca/root-ca.key ca/issuing-ca.key", Health::fail, "does not belong"},
      {"server key", "echo x > server/server.key", Health::fail, "does not start"},
      {"chain", "cp ca/root-ca.pem ca/issuing-ca.pem", Health::fail, "does not verify"},
      {"server names", "sed -i 's/.*endpoints = .*/endpoints = [\"new.example\"]/' imprint.toml",
       Health::fail, "new.example"},
      {"admin credentials", "chmod 640 admin.credentials", Health::fail, "0640"},
      {"admin credentials", "rm admin.credentials", Health::fail, "No such file"},
      {"credentials key", "rm ca/credentials.key", Health::warn, "does not exist yet"},
      {"credentials key", "chmod 640 ca/credentials.key", Health::fail, "0640"},
      {"credentials key", "echo x > ca/credentials.key", Health::fail, "hexadecimal"},
      {"store", "echo key > ca/ownership-token.key", Health::fail, "has served before"},
      {"store", "echo key > ca/ownership-token.key; touch imprint.db", Health::fail, "empty"},
      {"store", "echo x > imprint.db; chmod 644 imprint.db", Health::fail, "0644"},
      {"store", "echo x > imprint.db; chmod 600 imprint.db", Health::fail, "not a database"},
      {"secret files", "chmod 644 ca/root-ca.key", Health::warn, "root-ca.key has mode 0644"},
      {"secret files", "cp ca/root-ca.key server/old.key; chmod 620 server/old.key", Health::warn,
       "old.key has mode 0620"},
      {"secret files", "touch imprint.db-wal; chmod 604 imprint.db-wal", Health::warn,
       "imprint.db-wal has mode 0604"},
      {"audit archive", "mkdir -m 755 audit", Health::fail, "0755"},
      {"audit archive", "touch audit", Health::fail, "not a folder"},
      {"audit archive", "mkdir -m 700 audit", Health::ok, "mode 0700"},
      {"audit archive", "sed -i 's/^#archive = true/archive = false/' imprint.toml", Health::ok,
       "switched off"},
      {"secret files", "touch ca/note.pem; chmod 644 ca/note.pem", Health::ok, "owner"},
      {"MQTT port", "sed -i 's/^mqtt = .*/mqtt = \"192.0.2.77:8883\"/' imprint.toml", Health::fail,
       "no address"},
  };
  for (const auto& row : rows) {
    const Layout at = made();
    const auto harmed = test::shell(folder_, "cd d && " + row.harm);
    ASSERT_EQ(harmed.exit_code, 0) << harmed.output;
    const Check found = check(at, row.name);
    EXPECT_EQ(found.health, row.health) << row.harm << ": " << found.found;
    EXPECT_TRUE(says(found.found, row.part)) << row.harm << ": " << found.found;
    EXPECT_EQ(found.remedy.empty(), found.health == Health::ok);
    std::filesystem::remove_all(at.directory());
  }
}

TEST_F(Doctor, ReadsTheStoreWhileItIsOpen) {
  const Layout at = made();
  {
    const auto store = registry::SqliteStore::open(at.store());
    ASSERT_TRUE(store) << store.error().message;
    registry::ChangeSet changes;
    for (int i = 0; i < 500; ++i) {
      changes.add(registry::Put{
          registry::Thing{.name = *ThingName::parse(fmt::format("t{}", i)), .id = "i"}});
    }
    ASSERT_TRUE(runtime::run_blocking((*store)->commit(std::move(changes))));
    const Check open = check(at, "store");
    EXPECT_EQ(open.health, Health::ok) << open.found;
    EXPECT_TRUE(registry::is_in_use(at.store()));
    ASSERT_EQ(test::shell(folder_, "cp -a d copy").exit_code, 0);
    EXPECT_FALSE(registry::is_in_use(folder_ / "copy/imprint.db")) << "a copy holds no lock";
  }
  EXPECT_FALSE(registry::is_in_use(at.store()));
  EXPECT_EQ(check(at, "store").health, Health::ok);
  EXPECT_FALSE(std::filesystem::exists(at.store().string() + "-wal")) << "no log is left behind";
  const auto harmed = test::shell(
      folder_, "dd if=/dev/urandom of=d/imprint.db bs=4096 seek=20 count=2 conv=notrunc 2>&1");
  ASSERT_EQ(harmed.exit_code, 0) << harmed.output;
  const Check damaged = check(at, "store");
  EXPECT_EQ(damaged.health, Health::fail);
  EXPECT_TRUE(says(damaged.found, "damaged")) << damaged.found;
  EXPECT_TRUE(says(damaged.remedy, "imprint restore")) << damaged.remedy;
}

TEST_F(Doctor, KnowsWhatTheStoreNeeds) {
  const Layout at = made();
  ASSERT_EQ(
      test::shell(folder_, "sed -i 's/^#allowlist = .*/allowlist = \"line-a\"/' d/imprint.toml")
          .exit_code,
      0);
  const auto commit = [&](registry::Record record) {
    const auto store = registry::SqliteStore::open(at.store());
    ASSERT_TRUE(store) << store.error().message;
    registry::ChangeSet changes;
    changes.add(registry::Put{std::move(record)});
    ASSERT_TRUE(runtime::run_blocking((*store)->commit(std::move(changes))));
  };
  commit(registry::Thing{.name = *ThingName::parse("t"), .id = "i"});
  const Check missing = check(at, "default allowlist");
  EXPECT_EQ(missing.health, Health::fail) << missing.found;
  EXPECT_TRUE(says(missing.remedy, "imprint list create")) << missing.remedy;
  commit(registry::ManufacturingList{.name = *ListName::parse("line-a")});
  EXPECT_EQ(check(at, "default allowlist").health, Health::ok);

  std::filesystem::rename(at.credentials_key(), folder_ / "kept.key");
  EXPECT_EQ(check(at, "credentials key").health, Health::warn) << "nothing was sealed with it";
  commit(registry::Credential{.access_key_id = std::string(16, 'A'), .name = "k"});
  const Check lost = check(at, "credentials key");
  EXPECT_EQ(lost.health, Health::fail) << lost.found;
  EXPECT_TRUE(says(lost.found, "access keys were sealed with it")) << lost.found;
  std::filesystem::rename(folder_ / "kept.key", at.credentials_key());
  EXPECT_EQ(check(at, "credentials key").health, Health::ok);
}

TEST_F(Doctor, DoesNotMendAnOwnerByAMode) {
  const Layout at = made();
  // Only the superuser can give a file to another user.
  if (::chown(at.issuing_key().c_str(), 12'345, static_cast<gid_t>(-1)) != 0) return;
  const Check found = check(at, "issuing key");
  EXPECT_EQ(found.health, Health::fail) << found.found;
  EXPECT_TRUE(says(found.remedy, "as user 12345")) << found.remedy;
  EXPECT_FALSE(says(found.remedy, "chmod")) << found.remedy;
}

TEST_F(Doctor, ReadsTheClock) {
  const Layout at = made();
  clock_.advance(800 * test::kDay);
  EXPECT_EQ(check(at, "server expiry").health, Health::warn);
  clock_.advance(26 * test::kDay);
  EXPECT_EQ(check(at, "server expiry").health, Health::fail);
  EXPECT_EQ(check(at, "chain").health, Health::fail);
  clock_.advance(std::chrono::duration_cast<Milliseconds>(-clock_.now().time_since_epoch()));
  EXPECT_EQ(check(at, "clock").health, Health::fail);
  EXPECT_EQ(check(at, "root expiry").health, Health::fail);
}

TEST_F(Doctor, JudgesTheFilesOfTheServerThatRuns) {
  const Layout at = made();
  const struct {
    std::optional<std::uint64_t> server_files;
    Health health;
    const char* found;
    const char* remedy;
  } rows[] = {
      {1'024, Health::warn, "the running server may open 1024",
       "restart imprintd with LimitNOFILE"},
      {200'000, Health::ok, "the running server may open 200000", ""},
  };
  for (const auto& row : rows) {
    const auto checks = examine(at.directory(), clock_, row.server_files);
    const auto found = std::ranges::find(checks, "open files", &Check::name);
    ASSERT_NE(found, checks.end());
    EXPECT_EQ(found->health, row.health);
    EXPECT_TRUE(says(found->found, row.found)) << found->found;
    EXPECT_TRUE(says(found->remedy, row.remedy)) << found->remedy;
  }
  EXPECT_TRUE(says(check(at, "open files").found, "a server started from here may open"));
}

TEST_F(Doctor, FailsOneCheckWithoutADeployment) {
  const auto checks = examine(folder_ / "nothing", clock_);
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(worst(checks), Health::fail);
  EXPECT_TRUE(says(checks[0].remedy, "imprint init"));
  ASSERT_TRUE(write_file_durably(folder_ / "file", 0600, "x"));
  const auto of_file = examine(folder_ / "file", clock_);
  ASSERT_EQ(of_file.size(), 1U);
  EXPECT_FALSE(says(of_file[0].remedy, "make a deployment")) << of_file[0].remedy;
}

}  // namespace
}  // namespace imprint::deployment
