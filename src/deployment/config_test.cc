// SPDX-License-Identifier: Apache-2.0
#include "deployment/config.h"

#include <gtest/gtest.h>
#include <regex>

namespace imprint::deployment {
namespace {

TEST(Config, AnEmptyFileIsAllDefaults) {
  EXPECT_EQ(*Config::parse("", "f"), Config{});
  EXPECT_EQ(*Config::parse("[listen]\n[log]\n", "f"), Config{});
}

TEST(Config, TheCommentedFileStatesTheRealDefaults) {
  const std::string text = default_config_text({});
  EXPECT_EQ(*Config::parse(text, "f"), Config{});
  const std::string in_force = std::regex_replace(text, std::regex("\n#([a-z])"), "\n$1");
  const auto config = Config::parse(in_force, "f");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(*config, Config{});
  EXPECT_NE(in_force, text);
}

TEST(Config, TheEndpointsOfInitAreUsed) {
  const auto config = Config::parse(default_config_text({"a.example", "192.0.2.1"}), "f");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->endpoints, (std::vector<std::string>{"a.example", "192.0.2.1"}));
}

TEST(Config, ReadsEveryKey) {
  const auto config = Config::parse(R"(
account-id = "123456789012"
region = "eu-central-1"
endpoints = ["a.example"]
[listen]
mqtt = "0.0.0.0:443"
http = "[::]:8443"
plain-http = "127.0.0.1:8080"
threads = 4
old-tls = true
[certificates]
common-name = "Device"
organization = "Acme"
backdate = "1h"
crl-urls = ["http://a/1.crl"]
ocsp-urls = ["http://a/ocsp"]
ca-issuer-urls = ["http://a/ca.pem"]
key-pool-size = 7
[templates]
reprovision = "replace"
allowlist = "line-1"
fleet-limit = 5
jitp = "aws"
certificate-validity = "90d"
token-lifetime = "30m"
key-algorithm = "ec-p256"
[limits]
connections = 1
connections-per-address = 2
handshakes = 3
sessions = 4
session-queue-messages = 5
session-queue-bytes = 6
queued-bytes = 7
queued-bytes-per-certificate = 9
sessions-per-certificate = 10
retained-bytes = 0
pending-certificates = 8
audit-events = 1000
[audit]
archive = false
file-size = 4096
keep = "400d"
[log]
format = "json"
level = "debug"
)",
                                    "f");
  ASSERT_TRUE(config) << describe(config.error());
  Config expected;
  expected.account_id = "123456789012";
  expected.region = "eu-central-1";
  expected.endpoints = {"a.example"};
  expected.listen = {{"0.0.0.0", 443}, {"::", 8443}, ListenAddress{"127.0.0.1", 8080}, 4, true};
  expected.certificates = {"Device",
                           "Acme",
                           std::chrono::hours(1),
                           {"http://a/1.crl"},
                           {"http://a/ocsp"},
                           {"http://a/ca.pem"},
                           7};
  expected.templates = {templates::Reprovision::replace,
                        "line-1",
                        5,
                        templates::JitpMode::aws,
                        std::chrono::hours(24 * 90),
                        std::chrono::minutes(30),
                        x509::KeyAlgorithm::ec_p256};
  expected.limits = {.connections = 1,
                     .connections_per_address = 2,
                     .handshakes = 3,
                     .sessions = 4,
                     .session_queue_messages = 5,
                     .session_queue_bytes = 6,
                     .queued_bytes = 7,
                     .queued_bytes_per_certificate = 9,
                     .sessions_per_certificate = 10,
                     .retained_bytes = 0,
                     .pending_certificates = 8,
                     .audit_events = 1000};
  expected.audit = {false, 4096, std::chrono::hours(24 * 400)};
  expected.log = {LogFormat::json, "debug"};
  EXPECT_EQ(*config, expected);
  EXPECT_EQ(config->profile_options().validity, std::chrono::hours(24 * 90));
}

TEST(Config, ReadsHooksInTheirOrder) {
  const auto config = Config::parse(R"(
[[hook]]
arn = "a"
transport = "lambda"
url = "https://127.0.0.1:9001"
function = "f"
timeout = "3s"
concurrency = 1
queue = 2
retries = 3
breaker-failures = 4
breaker-pause = "6s"
shadow = true
ca-file = "ca.pem"
bearer-file = "b"
hmac-key-file = "h"
[[hook]]
arn = "*"
transport = "command"
command = ["node", "hook.mjs"]
start-timeout = "40s"
)",
                                    "f");
  ASSERT_TRUE(config) << describe(config.error());
  const std::vector<hooks::HookOptions> expected = {{.arn = "a",
                                                     .transport = hooks::Transport::lambda,
                                                     .url = "https://127.0.0.1:9001",
                                                     .function = "f",
                                                     .timeout = Milliseconds(3000),
                                                     .concurrency = 1,
                                                     .queue = 2,
                                                     .retries = 3,
                                                     .breaker_failures = 4,
                                                     .breaker_pause = Milliseconds(6000),
                                                     .shadow = true,
                                                     .ca_file = "ca.pem",
                                                     .bearer_file = "b",
                                                     .hmac_key_file = "h"},
                                                    {.arn = "*",
                                                     .transport = hooks::Transport::command,
                                                     .command = {"node", "hook.mjs"},
                                                     .start_timeout = Milliseconds(40000)}};
  EXPECT_EQ(config->hooks, expected);
}

TEST(Config, ReadsAlarms) {
  const auto config = Config::parse(R"(
[alarms]
topics = true
log = false
[alarms.webhook]
url = "https://example.net/alarms"
hmac-key-file = "server/alarms.key"
[alarms.mail]
server = "smtp://127.0.0.1:25"
from = "imprint@example.net"
to = ["ops@example.net"]
starttls = false
[alarms.failure-ratio]
above = 1
below = 0
window = "4s"
minimum = 3
[alarms.no-success]
enabled = false
[alarms.points]
quiet = "2s"
)",
                                    "f");
  ASSERT_TRUE(config) << describe(config.error());
  alarms::Options expected;
  expected.topics = true;
  expected.log = false;
  expected.webhook = {.url = "https://example.net/alarms", .hmac_key_file = "server/alarms.key"};
  expected.mail = {.server = "smtp://127.0.0.1:25",
                   .from = "imprint@example.net",
                   .to = {"ops@example.net"},
                   .starttls = false};
  expected.failure_ratio = {.above = 1, .below = 0, .window = Seconds(4), .least = 3};
  expected.no_success.enabled = false;
  expected.points.quiet = Seconds(2);
  EXPECT_EQ(config->alarms, expected);
}

TEST(Config, TheCommentedHookShowsEveryKeyWithItsDefault) {
  const std::string text = default_config_text({});
  std::string hook = text.substr(text.find("# [[hook]]"));
  hook = std::regex_replace(hook, std::regex("(^|\n)# "), "$1");
  // Keeps only the keys of the transport that the example shows.
  hook = std::regex_replace(hook, std::regex("\n(listen|command) = [^\n]*"), "");
  const auto config = Config::parse(hook, "f");
  ASSERT_TRUE(config) << describe(config.error()) << hook;
  EXPECT_EQ(config->hooks,
            (std::vector<hooks::HookOptions>{{.arn = "arn:aws:lambda:*:*:function:pre-provision",
                                              .transport = hooks::Transport::lambda,
                                              .url = "http://127.0.0.1:9001"}}));
}

TEST(Config, ErrorsNameFileLineKeyValueAndRemedy) {
  const struct {
    std::string text;
    std::string message;
  } rows[] = {
      {"\nbogus = 1\n",
       "imprint.toml:2: \"bogus\" = 1: there is no such key; the top of the file "
       "may hold: account-id, region, endpoints"},
      {"[listen]\nmqqt = \"x\"\n",
       "imprint.toml:2: \"listen.mqqt\" = \"x\": there is no such key; "
       "[listen] may hold: mqtt, http, plain-http, threads, old-tls"},
      {"[listen]\n\nmqtt = \"8883\"\n",
       "imprint.toml:3: listen.mqtt = \"8883\": \"8883\" is not "
       "ADDRESS:PORT; write for instance \"127.0.0.1:8883\""},
      {"listen = 3\n", "imprint.toml:1: listen = 3: must be a table; write [listen]"},
      {"[hosts]\na = 1\n", "imprint.toml:1: \"hosts\" = a table: there is no such key"},
      {"alarms = 1\n", "imprint.toml:1: alarms = 1: must be a table; write [alarms]"},
      {"[alarms]\nsms = true\n", "imprint.toml:2: \"alarms.sms\" = true: there is no such key"},
      {"[alarms]\nenabled = 1\n", "imprint.toml:2: alarms.enabled = 1: must be true or false"},
      {"[alarms]\nmail = \"ops\"\n",
       R"(imprint.toml:2: alarms.mail = "ops": must be a table; write [alarms.mail])"},
      {"[alarms.flux]\n", "\"alarms.flux\" = a table: there is no such key; [alarms] may hold"},
      {"[alarms.disk-low]\nmib = 1\n", "[alarms.disk-low] may hold: enabled, least-mib"},
      {"[alarms.failure-ratio]\nabove = \"5 %\"\n",
       R"(imprint.toml:2: alarms.failure-ratio.above = "5 %": must be a number)"},
      {"[alarms.failure-ratio]\nabove = nan\n", "must be a number from"},
      {"[alarms.failure-ratio]\nabove = 0\n", "must be a number from 0.0001"},
      {"[alarms.failure-ratio]\nbelow = 0.06\n",
       "imprint.toml:2: alarms.failure-ratio.below = 0.06: 0.06 is more than above = 0.05"},
      {"[alarms.failure-ratio]\nwindow = \"1s\"\n", "must lie between 2 and 86400 seconds"},
      {"[alarms.failure-ratio]\nminimum = 0\n", "must be a whole number from 1"},
      {"[alarms.webhook]\nurl = \"x\"\n", "imprint.toml:2: alarms.webhook.url = \"x\""},
      {"[alarms.mail]\nserver = \"smtp://m\"\n", "imprint.toml:1: alarms.mail.from: is missing"},
      {"[alarms.mail]\nserver = \"smtp://m\"\nfrom = \"a@b\"\nto = [\"c\\r\\nd@e\"]\n",
       "\"c\\x0d\\x0ad@e\" is not a plain mail address"},
      {"[hook]\narn = \"a\"\n", "imprint.toml:1: hook = a table: must be a list of tables"},
      {"hook = [1]\n", "imprint.toml:1: hook = [...]: must be a list of tables"},
      {"\n[[hook]]\narn = \"a\"\n", "imprint.toml:2: hook.transport: is missing"},
      {"[[hook]]\ntransport = \"http\"\nurl = \"http://a/\"\n",
       "imprint.toml:1: hook.arn: is missing"},
      {"[[hook]]\narn = \"a\"\ntransport = \"sqs\"\n",
       R"(imprint.toml:3: hook.transport = "sqs": must be one of "http", "lambda")"},
      {"[[hook]]\narn = \"a\"\ntransport = \"http\"\n", "imprint.toml:1: hook.url: is missing"},
      {"[[hook]]\narn = \"a\"\ntransport = \"http\"\nurl = \"ftp://a/\"\n",
       R"(imprint.toml:4: hook.url = "ftp://a/": "ftp://a/" is not an http://)"},
      {"[[hook]]\narn = \"a\"\ntransport = \"http\"\nurl = \"http://a/\"\nlisten = \"x\"\n",
       R"(imprint.toml:5: hook.listen = "x": has no effect for transport "http")"},
      {"[[hook]]\narn = \"a\"\ntransport = \"runtime\"\nlisten = \"0.0.0.0:9002\"\n",
       "imprint.toml:4: hook.listen = \"0.0.0.0:9002\""},
      {"[[hook]]\narn = \"a\"\ntransport = \"runtime\"\nlisten = \"127.0.0.1:0\"\n",
       "must name a port"},
      {"[[hook]]\narn = \"a\"\ntransport = \"command\"\ncommand = \"node\"\n",
       "hook.command = \"node\": must be a list"},
      {"[[hook]]\narn = \"a\"\ntransport = \"command\"\ncommand = [\"a\"]\nconcurrency = 257\n",
       "hook.concurrency = 257: starts that many programs"},
      {"[[hook]]\ntimeout = \"61s\"\n",
       "hook.timeout = \"61s\": must lie between 1 and 60 seconds"},
      {"[[hook]]\nretries = 11\n", "hook.retries = 11: must be a whole number from 0 to 10"},
      {"[[hook]]\nshadow = 1\n", "hook.shadow = 1: must be true or false"},
      {"[[hook]]\nbogus = 1\n",
       "imprint.toml:2: \"hook.bogus\" = 1: there is no such key; [[hook]] may hold: arn, "
       "transport"},
      {"[audit]\narchive = \"yes\"\n",
       "imprint.toml:2: audit.archive = \"yes\": must be true or false"},
      {"[audit]\nkeep = \"1h\"\n", "or \"forever\""},
      {"[audit]\nkeep = 5\n", "or \"forever\""},
      {"[audit]\nfile-size = 1\n", "audit.file-size = 1: must be a whole number from 4096"},
      {"account-id = 123456789012\n", "account-id = 123456789012: must be text"},
      {"account-id = \"12345\"\n", "must be 12 digits"},
      {"region = \"a b\"\n", "region = \"a b\": must be"},
      {"endpoints = \"a\"\n", "endpoints = \"a\": must be a list"},
      {"endpoints = [1]\n", "endpoints = [...]: must be text"},
      {"endpoints = [\"a b\"]\n", "without scheme and port"},
      {"[listen]\nold-tls = 1\n", "must be true or false"},
      {"[listen]\nthreads = -1\n", "from 0 to 1024"},
      {"[listen]\nthreads = 1025\n", "from 0 to 1024"},
      {"[listen]\nthreads = 1.0\n", "from 0 to 1024"},
      {"[listen]\nthreads = true\n", "listen.threads = true"},
      {"[certificates]\nbackdate = \"25h\"\n", "between 0 and 86400 seconds"},
      {"[certificates]\nbackdate = 5\n", "must be text"},
      {"[certificates]\ncommon-name = \"\"\n", "must not be empty"},
      {"[certificates]\ncommon-name = \"a\\nb\"\n", "control character"},
      {"[certificates]\ncrl-urls = [\"https://a\"]\n", "http:// URL"},
      {"[certificates]\nocsp-urls = "
       "[\"http://1\",\"http://2\",\"http://3\",\"http://4\",\"http://5\"]\n",
       "more than 4"},
      {"[templates]\nreprovision = \"always\"\n",
       R"(must be one of "same-key", "replace", "operator", "never", "aws")"},
      {"[templates]\nkey-algorithm = \"rsa-4096\"\n", R"(must be one of "rsa-2048", "ec-p256")"},
      {"[templates]\njitp = 1\n", R"(must be one of "inline", "aws")"},
      {"[templates]\nallowlist = \"a b\"\n", "templates.allowlist"},
      {"[templates]\ncertificate-validity = \"1s\"\n", "between 60 and"},
      {"[limits]\nconnections = 0\n", "from 1 to 4294967295"},
      {"[limits]\nconnections = 4294967296\n", "from 1 to 4294967295"},
      {"[log]\nlevel = \"verbose\"\n", "must be one of"},
      {"a = \n", "imprint.toml:1: not valid TOML"},
      {"region = \"a\"\nregion = \"b\"\n", "imprint.toml:2: not valid TOML"},
      {"x = 1979-05-27\n", "a date or time"},
      {std::string(300000, '#'), "at most 262144"},
      {"a = " + std::string(5000, '['), "not valid TOML"},
  };
  for (const auto& row : rows) {
    const auto config = Config::parse(row.text, "imprint.toml");
    ASSERT_FALSE(config) << row.text.substr(0, 100);
    EXPECT_EQ(config.error().fault, Fault::invalid);
    EXPECT_NE(describe(config.error()).find(row.message), std::string::npos)
        << describe(config.error());
  }
}

TEST(Config, AMissingFileIsNotFound) {
  EXPECT_EQ(Config::load("/nonexistent/imprint.toml").error().fault, Fault::not_found);
}

TEST(Duration, WholeNumbersWithAUnit) {
  EXPECT_EQ(*parse_duration("0s"), Seconds(0));
  EXPECT_EQ(*parse_duration("90m"), Seconds(5400));
  EXPECT_EQ(*parse_duration("36500d"), std::chrono::hours(24 * 36500));
  for (const std::string text : {"", "s", "5", "-5s", "5.5s", "5 s", "5S", "5ss", "36601d",
                                 "9223372036854775807d", "99999999999999999999s", "0x5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ListenAddress, RoundTrips) {
  for (const std::string text : {"127.0.0.1:0", "0.0.0.0:65535", "[::]:8883", "[2001:db8::1]:1"})
    EXPECT_EQ(ListenAddress::parse(text)->text(), text);
  for (const std::string text :
       {"", ":", "8883", "localhost:8883", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:+1", "::1:8883", "[127.0.0.1]:1", "[::1]", "[]:1",
        "127.0.0.1:1 ", " 127.0.0.1:1"}) {
    EXPECT_FALSE(ListenAddress::parse(text)) << text;
  }
}

}  // namespace
}  // namespace imprint::deployment
