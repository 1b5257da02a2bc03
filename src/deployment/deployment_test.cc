// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
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
#include "test/support/new_deployment.h"
#include "test/support/shell.h"
#include "test/support/test_ca.h"

namespace imprint::deployment {
namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

using Deployment = test::NewDeployment;

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

TEST_F(Deployment, DoesNotReplaceADirectoryCreatedConcurrently) {
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
