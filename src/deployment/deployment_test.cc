// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <regex>
#include <sys/socket.h>
#include <sys/stat.h>

#include "access/access_key.h"
#include "base/file.h"
#include "deployment/create.h"
#include "deployment/doctor.h"
#include "deployment/key_file.h"
#include "deployment/layout.h"
#include "deployment/port_probe.h"
#include "issuance/issuer.h"
#include "registry/sqlite/snapshot.h"
#include "registry/sqlite/sqlite_store.h"
#include "test/support/shell.h"
#include "test/support/test_ca.h"

namespace imprint::deployment {
namespace {

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return now_; }
  [[nodiscard]] Monotonic monotonic() const override { return {}; }
  void set(Timestamp now) { now_ = now; }

 private:
  Timestamp now_ = test::kToday;
};

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Deployment : public ::testing::Test {
 protected:
  Layout made(const CreateOptions& options = {}) {
    const auto result = create(folder_ / "d", options, clock_, random_);
    EXPECT_TRUE(result) << result.error().message;
    const Layout at(folder_ / "d");
    // Free ports, so that a server on this machine does not affect a result.
    std::string quiet = *read_file(at.config(), 65536);
    quiet = std::regex_replace(quiet, std::regex("#mqtt = .*"), "mqtt = \"127.0.0.1:0\"");
    quiet = std::regex_replace(quiet, std::regex("#http = .*"), "http = \"127.0.0.1:0\"");
    EXPECT_TRUE(write_file_durably(at.config(), 0644, quiet));
    return at;
  }

  /// The check with that name, after an examination.
  Check check(const Layout& at, const std::string& name) {
    for (const Check& one : examine(at.directory(), clock_)) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no check " << name;
    return {};
  }

  const test::ScratchFolder folder_;
  FixedClock clock_;
  SystemRandom random_;
};

TEST_F(Deployment, HasEveryFileWithItsMode) {
  const Layout at = made({.endpoints = {"iot.example.com", "192.0.2.1"}});
  EXPECT_EQ(mode_of(at.directory()), 0700U);
  EXPECT_EQ(mode_of(at.ca_folder()), 0700U);
  EXPECT_EQ(mode_of(at.server_folder()), 0700U);
  for (const auto& path :
       {at.root_key(), at.issuing_key(), at.server_key(), at.admin_credentials()})
    EXPECT_EQ(mode_of(path), 0600U) << path;
  for (const auto& path : {at.root_certificate(), at.issuing_certificate(), at.trusted_root(),
                           at.server_certificate(), at.config()}) {
    EXPECT_EQ(mode_of(path), 0644U) << path;
  }
  EXPECT_FALSE(std::filesystem::exists(at.store()));
  EXPECT_EQ(test::shell(folder_, "ls -A").output, "d\n");
}

TEST_F(Deployment, TheOpensslToolVerifiesTheChainForEveryName) {
  for (const auto algorithm : {x509::KeyAlgorithm::ec_p256, x509::KeyAlgorithm::rsa_2048}) {
    const test::ScratchFolder folder;
    ASSERT_TRUE(create(folder / "d", {.endpoints = {"iot.example.com"}, .key_algorithm = algorithm},
                       clock_, random_));
    const std::string verify =
        "openssl verify -x509_strict -purpose sslserver -attime 1767225600 -CAfile d/root-ca.pem "
        "-untrusted d/ca/issuing-ca.pem ";
    for (const std::string name : {"-verify_hostname iot.example.com", "-verify_hostname localhost",
                                   "-verify_ip 127.0.0.1", "-verify_ip ::1"}) {
      const auto ran = test::shell(folder, verify + name + " d/server/server.pem");
      EXPECT_EQ(ran.exit_code, 0) << ran.output;
    }
    EXPECT_NE(
        test::shell(folder, verify + "-verify_hostname evil.example d/server/server.pem").exit_code,
        0);
    const auto text = test::shell(folder, "openssl x509 -in d/ca/issuing-ca.pem -noout -text");
    EXPECT_TRUE(contains(text.output, "CA:TRUE, pathlen:0")) << text.output;
  }
}

TEST_F(Deployment, ItsCertificatesAreNotValidLongerThanConfigured) {
  for (const auto algorithm : {x509::KeyAlgorithm::ec_p256, x509::KeyAlgorithm::rsa_2048}) {
    const Layout at = made({.key_algorithm = algorithm});
    const std::pair<std::filesystem::path, int> rows[] = {{at.root_certificate(), 30 * 365},
                                                          {at.issuing_certificate(), 20 * 365},
                                                          {at.server_certificate(), 825},
                                                          {at.second_server_certificate(), 825}};
    for (const auto& [path, days] : rows) {
      const auto certificate = x509::Certificate::from_pem(*read_file(path, 65536));
      ASSERT_TRUE(certificate) << path;
      // The validity period includes both of its ends (RFC 5280 section 4.1.2.5).
      const auto life =
          certificate->not_after() - certificate->not_before() + std::chrono::seconds(1);
      EXPECT_LE(life, std::chrono::hours(24) * days) << path;
      EXPECT_GE(life, std::chrono::hours(24) * (days - 1)) << path;
    }
    std::filesystem::remove_all(at.directory());
  }
}

TEST_F(Deployment, HasAServerCertificateOfEachKeyFamily) {
  for (const auto algorithm : {x509::KeyAlgorithm::ec_p256, x509::KeyAlgorithm::rsa_2048}) {
    const Layout at = made({.key_algorithm = algorithm});
    const auto type_of = [](const std::filesystem::path& path) {
      return x509::Certificate::from_pem(*read_file(path, 65536))->public_key().type();
    };
    const bool is_rsa = algorithm == x509::KeyAlgorithm::rsa_2048;
    EXPECT_EQ(type_of(at.server_certificate()) == x509::KeyType::rsa, is_rsa);
    EXPECT_EQ(type_of(at.second_server_certificate()) == x509::KeyType::rsa, !is_rsa);
    EXPECT_EQ(worst(examine(at.directory(), clock_)), Health::warn)
        << "the store does not exist yet";
    std::filesystem::remove(at.second_server_key());
    EXPECT_EQ(check(at, "second server key").health, Health::fail);
    std::filesystem::remove(at.second_server_certificate());
    EXPECT_EQ(worst(examine(at.directory(), clock_)), Health::warn) << "it may be missing";
    std::filesystem::remove_all(at.directory());
  }
}

TEST_F(Deployment, TheIssuingKeyIssues) {
  const Layout at = made();
  const auto ca = x509::Certificate::from_pem(*read_file(at.issuing_certificate(), 65536));
  auto signer = issuance::FileSigner::load(at.issuing_key());
  ASSERT_TRUE(ca && signer);
  EXPECT_TRUE(issuance::Issuer::make(*ca, std::move(*signer)));
  EXPECT_TRUE(issuance::Profile::make(Config{}.profile_options(), *ca));
}

TEST_F(Deployment, RefusesAPathThatExists) {
  std::filesystem::create_directory(folder_.path() / "empty");
  test::spill(folder_ / "file", "x");
  std::filesystem::create_symlink("nowhere", folder_.path() / "dangling");
  for (const std::string name : {"empty", "empty/", "file", "dangling", "."}) {
    const auto result = create(folder_ / name, {}, clock_, random_);
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().fault, Fault::conflict) << result.error().message;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "empty"));
  EXPECT_EQ(test::slurp(folder_ / "file"), "x");
}

/// Makes the target directory while create() is running, as a second `imprint init` would.
class RacingRandom final : public Random {
 public:
  explicit RacingRandom(std::string target) : target_(std::move(target)) {}
  void fill(std::span<std::uint8_t> out) override {
    std::filesystem::create_directory(target_);
    system_.fill(out);
  }

 private:
  const std::string target_;
  SystemRandom system_;
};

TEST_F(Deployment, ADirectoryThatAppearsMeanwhileIsNotReplaced) {
  RacingRandom racing(folder_ / "d");
  const auto result = create(folder_ / "d", {}, clock_, racing);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, Fault::conflict);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "d"));
  EXPECT_EQ(test::shell(folder_, "ls -A").output, "d\n");
}

TEST_F(Deployment, AFailureLeavesNothingBehind) {
  EXPECT_FALSE(create(folder_ / "missing/parent/d", {}, clock_, random_));
  EXPECT_FALSE(create(folder_ / "d", {.endpoints = {"a b"}}, clock_, random_));
  EXPECT_FALSE(create(folder_ / "d", {.organization = std::string(65, 'x')}, clock_, random_));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(Deployment, EndpointsAreNamesOrAddresses) {
  for (const std::string name :
       {"iot.example.com", "a", "192.0.2.1", "2001:db8::1", "xn--bcher-kva.de"})
    EXPECT_TRUE(server_names({name})) << name;
  for (const std::string name :
       {"", "http://a", "a:8883", "a b", "a..b", ".a", "a.", "-a", "*.a", "a/b",
        "b\xc3\xbc"
        "cher.de",
        "a\n"}) {
    EXPECT_FALSE(server_names({name})) << name;
  }
  EXPECT_FALSE(server_names({std::string(254, 'a')}));
  EXPECT_EQ(*server_names({"localhost", "b", "b"}),
            (std::vector<std::string>{"localhost", "b", "127.0.0.1", "::1"}));
}

TEST_F(Deployment, CredentialsRoundTrip) {
  const Layout at = made();
  const auto admin = access::AccessKey::load(at.admin_credentials());
  ASSERT_TRUE(admin) << admin.error().message;
  EXPECT_TRUE(std::regex_match(admin->id, std::regex("AKIA[A-Z2-7]{16}")));
  EXPECT_TRUE(std::regex_match(admin->secret.reveal(), std::regex("[A-Za-z0-9+/]{40}")));
  EXPECT_EQ(admin->file_text().reveal(), test::slurp(at.admin_credentials()));
}

TEST_F(Deployment, MalformedCredentialsAreRefusedWithoutRepeatingThem) {
  const std::string path = folder_ / "c";
  const struct {
    std::string text;
    mode_t mode;
    Fault fault;
  } rows[] = {
      {"", 0600, Fault::invalid},
      {"[other]\naws_access_key_id = AKIAAAAAAAAAAAAAAAAA\naws_secret_access_key = "
       "hunter2hunter2hunter2hunter2hunter2hunt\n",
       0600, Fault::invalid},
      {"[default]\naws_access_key_id = AKIAAAAAAAAAAAAAAAAA\naws_secret_access_key = hunter2\n",
       0600, Fault::invalid},
      {"[default]\naws_access_key_id = AK!A\naws_secret_access_key = "
       "hunter2hunter2hunter2hunter2hunter2hunt\n",
       0600, Fault::invalid},
      {"[default]\naws_access_key_id = AKIAAAAAAAAAAAAAAAAA\naws_secret_access_key = "
       "hunter2hunter2hunter2hunter2hunter2hunt\n",
       0644, Fault::forbidden},
  };
  for (const auto& row : rows) {
    ASSERT_TRUE(write_file_durably(path, row.mode, row.text));
    const auto admin = access::AccessKey::load(path);
    ASSERT_FALSE(admin) << row.text;
    EXPECT_EQ(admin.error().fault, row.fault);
    EXPECT_FALSE(contains(admin.error().message, "hunter2"));
  }
  ASSERT_TRUE(write_file_durably(path, 0600,
                                 "# note\r\n[a]\r\nx=1\r\n[default]\r\n"
                                 "aws_secret_access_key=s234567890123456789=\r\n"
                                 " aws_access_key_id =  AKIAAAAAAAAAAAAAAAAA \r\n"));
  EXPECT_EQ(access::AccessKey::load(path)->secret.reveal(), "s234567890123456789=");
}

TEST_F(Deployment, ANewOneIsHealthyExceptForTheStore) {
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

TEST_F(Deployment, TheDoctorNoticesEachFault) {
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
    EXPECT_TRUE(contains(found.found, row.part)) << row.harm << ": " << found.found;
    EXPECT_EQ(found.remedy.empty(), found.health == Health::ok);
    std::filesystem::remove_all(at.directory());
  }
}

TEST_F(Deployment, TheDoctorReadsTheStoreWhileItIsOpen) {
  const Layout at = made();
  {
    const auto store = registry::SqliteStore::open(at.store());
    ASSERT_TRUE(store) << store.error().message;
    registry::ChangeSet changes;
    for (int i = 0; i < 500; ++i) {
      changes.changes.emplace_back(registry::Put{
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
  EXPECT_TRUE(contains(damaged.found, "damaged")) << damaged.found;
  EXPECT_TRUE(contains(damaged.remedy, "imprint restore")) << damaged.remedy;
}

TEST_F(Deployment, TheDoctorChecksWhatTheStoreNeeds) {
  const Layout at = made();
  ASSERT_EQ(
      test::shell(folder_, "sed -i 's/^#allowlist = .*/allowlist = \"line-a\"/' d/imprint.toml")
          .exit_code,
      0);
  const auto commit = [&](registry::Record record) {
    const auto store = registry::SqliteStore::open(at.store());
    ASSERT_TRUE(store) << store.error().message;
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(runtime::run_blocking((*store)->commit(std::move(changes))));
  };
  commit(registry::Thing{.name = *ThingName::parse("t"), .id = "i"});
  const Check missing = check(at, "default allowlist");
  EXPECT_EQ(missing.health, Health::fail) << missing.found;
  EXPECT_TRUE(contains(missing.remedy, "imprint list create")) << missing.remedy;
  commit(registry::ManufacturingList{.name = *ListName::parse("line-a")});
  EXPECT_EQ(check(at, "default allowlist").health, Health::ok);

  std::filesystem::rename(at.credentials_key(), folder_ / "kept.key");
  EXPECT_EQ(check(at, "credentials key").health, Health::warn) << "nothing was sealed with it";
  commit(registry::Credential{.access_key_id = std::string(16, 'A'), .name = "k"});
  const Check lost = check(at, "credentials key");
  EXPECT_EQ(lost.health, Health::fail) << lost.found;
  EXPECT_TRUE(contains(lost.found, "access keys were sealed with it")) << lost.found;
  std::filesystem::rename(folder_ / "kept.key", at.credentials_key());
  EXPECT_EQ(check(at, "credentials key").health, Health::ok);
}

TEST_F(Deployment, TheDoctorDoesNotSuggestChmodForAWrongOwner) {
  const Layout at = made();
  // Only the superuser can give a file to another user.
  if (::chown(at.issuing_key().c_str(), 12'345, static_cast<gid_t>(-1)) != 0) return;
  const Check found = check(at, "issuing key");
  EXPECT_EQ(found.health, Health::fail) << found.found;
  EXPECT_TRUE(contains(found.remedy, "as user 12345")) << found.remedy;
  EXPECT_FALSE(contains(found.remedy, "chmod")) << found.remedy;
}

TEST_F(Deployment, AKeyFileIsMadeOnceAndNeverReplaced) {
  const std::string path = folder_ / "some.key";
  EXPECT_EQ(load_key_file(path).error().fault, Fault::not_found);
  const auto made = load_or_make_key_file(path, random_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->reveal().size(), kKeyFileDigits);
  EXPECT_EQ(load_or_make_key_file(path, random_)->reveal(), made->reveal());
  for (const std::string& text : {std::string(), std::string(63, 'a'), std::string(64, 'x')}) {
    ASSERT_TRUE(write_file_durably(path, 0600, text));
    EXPECT_EQ(load_or_make_key_file(path, random_).error().fault, Fault::invalid) << text;
    EXPECT_EQ(test::slurp(path), text) << "secrets sealed with it would be lost";
  }
  ASSERT_TRUE(write_file_durably(path, 0644, std::string(64, 'a')));
  EXPECT_EQ(load_or_make_key_file(path, random_).error().fault, Fault::forbidden);
}

TEST_F(Deployment, TheDoctorChecksTheClock) {
  const Layout at = made();
  clock_.set(test::kToday + 800 * test::kDay);
  EXPECT_EQ(check(at, "server expiry").health, Health::warn);
  clock_.set(test::kToday + 826 * test::kDay);
  EXPECT_EQ(check(at, "server expiry").health, Health::fail);
  EXPECT_EQ(check(at, "chain").health, Health::fail);
  clock_.set(Timestamp{});
  EXPECT_EQ(check(at, "clock").health, Health::fail);
  EXPECT_EQ(check(at, "root expiry").health, Health::fail);
}

TEST_F(Deployment, TheDoctorChecksTheRunningServersFileLimit) {
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
    EXPECT_TRUE(contains(found->found, row.found)) << found->found;
    EXPECT_TRUE(contains(found->remedy, row.remedy)) << found->remedy;
  }
  EXPECT_TRUE(contains(check(at, "open files").found, "a server started from here may open"));
}

TEST_F(Deployment, AMissingDirectoryIsOneFailedCheck) {
  const auto checks = examine(folder_ / "nothing", clock_);
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(worst(checks), Health::fail);
  EXPECT_TRUE(contains(checks[0].remedy, "imprint init"));
  ASSERT_TRUE(write_file_durably(folder_ / "file", 0600, "x"));
  const auto of_file = examine(folder_ / "file", clock_);
  ASSERT_EQ(of_file.size(), 1U);
  EXPECT_FALSE(contains(of_file[0].remedy, "make a deployment")) << of_file[0].remedy;
}

TEST(PortProbe, DistinguishesFreeAnsweringAndSilentPorts) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const ListenAddress here{"127.0.0.1", ntohs(address.sin_port)};
  EXPECT_EQ(probe_port(here), PortState::silent);
  ASSERT_EQ(::listen(listener, 1), 0);
  EXPECT_EQ(probe_port(here), PortState::answering);
  ::close(listener);
  EXPECT_EQ(probe_port(here), PortState::free);
  EXPECT_EQ(probe_port({"127.0.0.1", 0}), PortState::free);
  EXPECT_EQ(probe_port({"192.0.2.77", 1}), PortState::no_address);
}

}  // namespace
}  // namespace imprint::deployment
