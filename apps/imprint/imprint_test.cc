// SPDX-License-Identifier: Apache-2.0
// The operator's tool run as a command: exit codes, streams and files, as scripts see them.
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "encoding/json.h"
#include "test/support/shell.h"

namespace imprint {
namespace {

const std::string kTool = IMPRINT_TOOL;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Tool, HelpBeginsWithAnExample) {
  const test::ScratchFolder folder;
  for (const std::string verb : {"", " init", " doctor", " fleet"}) {
    const auto help = test::shell(folder, kTool + verb + " --help");
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_TRUE(help.output.starts_with("Example:")) << help.output;
  }
}

TEST(Tool, EveryVerbOfANounBeginsWithItsOwnExample) {
  const test::ScratchFolder folder;
  for (const std::string verb :
       {"claim create",  "claim list",      "claim show",         "claim freeze",
        "claim thaw",    "claim set",       "credentials create", "credentials list",
        "claim adopt",   "revocation list", "revocation lift",    "credentials revoke",
        "template lint", "template try",    "template set",       "template show",
        "list create",   "list import",     "list show",          "list lookup",
        "list set",      "list remove",     "list delete"}) {
    const auto help = test::shell(folder, kTool + " " + verb + " --help");
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_TRUE(help.output.starts_with("Example:\n  imprint " + verb + " ")) << help.output;
    std::istringstream lines(help.output.substr(0, help.output.find("\n\n")));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line))
      EXPECT_TRUE(line.starts_with("  imprint " + verb + " ")) << "another verb's: " << line;
  }
}

TEST(Tool, BadUsageExitsWithTwoAndAMessage) {
  const test::ScratchFolder folder;
  const struct {
    std::string arguments;
    std::string part;
  } rows[] = {
      {"", "A subcommand is required"},
      {"bogus", "\"bogus\" is not a command of imprint; see imprint --help"},
      {"dokter", "did you mean doctor?"},
      {"audit exprt", "is not a command of imprint audit; did you mean export?"},
      {"audit list d --count 0", "\"0\" is not a whole number of at least 1"},
      {"audit export d --after x", "\"x\" is not a whole number of at least 0"},
      {"audit export d --from 2026-03-02T00:00:00Z --until 2026-03-01T00:00:00Z",
       "--until must be later than --from"},
      {"init", "DIR is required"},
      {"init d --bogus", "--bogus"},
      {"init d --key-algorithm dsa", "key algorithm \"dsa\" is unknown"},
      {"init d --endpoint http://x", "without scheme"},
      {"init d --endpoint ''", "endpoint"},
      {"init d --output yaml", "--output"},
      {"doctor", "DIR is required"},
      {"list import d l", "FILE is required"},
      {"template set d T", "KEY=VALUE is required"},
      {"fleet", "neither DIR nor --endpoint"},
      {"fleet --endpoint nowhere", "write HOST:PORT"},
      {"fleet --endpoint ::1:8883", "IPv6 address in brackets"},
      {"fleet --endpoint h:1", "--template is missing"},
      {"fleet --endpoint h:1 --template a/b", "letters, digits"},
      {"fleet --endpoint h:1 --template T --flow tpm", "--flow"},
      {"fleet --endpoint h:1 --template T --devices -1", "--devices"},
  };
  for (const auto& row : rows) {
    const auto ran = test::shell(folder, kTool + " " + row.arguments);
    EXPECT_EQ(ran.exit_code, 2) << row.arguments << ": " << ran.output;
    EXPECT_TRUE(ran.output.starts_with("imprint: ")) << ran.output;
    EXPECT_TRUE(contains(ran.output, row.part)) << ran.output;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Tool, AMissingPathIsBadInputForEveryVerb) {
  const test::ScratchFolder folder;
  ASSERT_EQ(test::shell(folder, kTool + " init d").exit_code, 0);
  const char* rows[] = {
      "template lint nope.json",
      "ca register d nope.pem --sni-only",
      "ca register d d/root-ca.pem --key nope.key",
      "ca register d d/root-ca.pem --sni-only --body nope.json",
      "template try d T --body nope.json",
      "template try d T --certificate nope.pem",
      "template lint nope.json --ca nope.pem",
      "fleet --endpoint h:1 --template T --claim nope",
      "list import d l nope.csv",
      "restore nope.tar e",
      "import nope d",
      "import d nope",
      "export nope e",
      "backup nope e.tar",
      "explain nope --serial x",
      "env nope",
      "aws nope -- iot list-things",
      "audit verify nope",
      "audit head nope",
      "audit export nope",
      "audit list nope",
      "fleet nope",
      "credentials list nope",
      "claim list nope",
      "claim create nope --template T --out x",
      "credentials create d --name x --policy nope.json --out k",
      "top nope",
      "alarm list nope",
      "template show nope T",
      "list show nope",
      "revocation list nope",
      "claim adopt nope x",
  };
  for (const std::string row : rows) {
    const auto ran = test::shell(folder, kTool + " " + row);
    EXPECT_EQ(ran.exit_code, 2) << row << ": " << ran.output;
    EXPECT_TRUE(contains(ran.output, "nope")) << row << ": " << ran.output;
  }
}

TEST(Tool, APathThatIsNotATextFileIsBadInputAndNamed) {
  const test::ScratchFolder folder;
  ASSERT_EQ(test::shell(folder, kTool + " init d && mkdir folder").exit_code, 0);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name) << text;
  };
  write("empty.json", "");
  write("bom.json", "\xEF\xBB\xBF{}");
  write("utf16.json", std::string("\xFF\xFE{\0}\0", 6));
  write("unmarked.json", std::string("{\0}\0", 4));
  write("binary.json", std::string("\x7F"
                                   "ELF\x80\0\x01",
                                   7));
  write("der.json", std::string("\x30\x82\x01\0\xFF", 5));
  write("words.json", "these are words");
  const struct {
    std::string file;
    const char* part;
  } rows[] = {
      {"empty.json", "is empty"},
      {"bom.json", "byte order mark"},
      {"utf16.json", "UTF-16"},
      {"unmarked.json", "UTF-16"},
      {"binary.json", "not UTF-8 text"},
      {"folder", "is not a regular file"},
      {"der.json", "is DER"},
  };
  for (const auto& row : rows) {
    for (const std::string verb :
         {"template lint ", "ca register d d/root-ca.pem --sni-only --body ",
          "template try d T --body ", "ca register d --sni-only ",
          "credentials create d --name x --out k --policy "}) {
      const auto ran = test::shell(folder, kTool + " " + verb + row.file);
      EXPECT_EQ(ran.exit_code, 2) << verb << row.file << ": " << ran.output;
      EXPECT_TRUE(contains(ran.output, row.file)) << ran.output;
      EXPECT_TRUE(contains(ran.output, row.part)) << verb << row.file << ": " << ran.output;
    }
  }
  for (const std::string verb : {"ca register d d/root-ca.pem --sni-only --body words.json",
                                 "template try d T --body words.json"}) {
    const auto ran = test::shell(folder, kTool + " " + verb);
    EXPECT_EQ(ran.exit_code, 2) << ran.output;
    EXPECT_TRUE(contains(ran.output, "words.json: the template is not JSON")) << ran.output;
  }
  const auto key = test::shell(folder, kTool + " ca register d d/root-ca.pem --key folder");
  EXPECT_EQ(key.exit_code, 2) << key.output;
  EXPECT_FALSE(contains(key.output, "chmod")) << key.output;
  EXPECT_EQ(test::shell(folder, kTool + " list import d l folder --format csv").exit_code, 2);
}

TEST(Tool, TheDoctorChecksTheFilesOfAlarmChannels) {
  const test::ScratchFolder folder;
  ASSERT_EQ(test::shell(folder, kTool + " init d").exit_code, 0);
  test::shell(folder,
              "sed -i 's|^\\[alarms.webhook\\]|&\\nurl = \"https://h.example/\"\\nbearer-file = "
              "\"none\"|' d/imprint.toml");
  const auto doctor = test::shell(folder, kTool + " doctor d");
  EXPECT_EQ(doctor.exit_code, 1) << doctor.output;
  EXPECT_TRUE(contains(doctor.output, "alarms.webhook.bearer-file")) << doctor.output;
}

TEST(Tool, ANewDeploymentIsHealthy) {
  const test::ScratchFolder folder;
  const auto made = test::shell(folder, kTool + " init d --endpoint iot.example.com");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  EXPECT_TRUE(contains(made.output, "imprintd d"));
  test::shell(folder,
              "sed -i 's/^#mqtt = .*/mqtt = \"127.0.0.1:0\"/; "
              "s/^#http = .*/http = \"127.0.0.1:0\"/' d/imprint.toml");
  const auto doctor = test::shell(folder, kTool + " doctor d");
  EXPECT_EQ(doctor.exit_code, 0) << doctor.output;
  EXPECT_TRUE(contains(doctor.output, " 0 failed")) << doctor.output;
}

TEST(Tool, JsonIsOneDocumentOnStdout) {
  const test::ScratchFolder folder;
  const auto made = test::shell(folder, kTool + " init d --output json 2>/dev/null");
  const auto value = encoding::parse_json(made.output);
  ASSERT_TRUE(value) << made.output;
  EXPECT_EQ(value->at("directory").as_string(), "d");
  EXPECT_EQ(value->at("rootFingerprint").as_string().size(), 64U);
  const auto doctor = test::shell(
      folder, "chmod 640 d/ca/issuing-ca.key; " + kTool + " doctor d --output json 2>/dev/null");
  EXPECT_EQ(doctor.exit_code, 1);
  const auto checks = encoding::parse_json(doctor.output);
  ASSERT_TRUE(checks) << doctor.output;
  EXPECT_EQ(checks->at("health").as_string(), "fail");
}

TEST(Tool, InitLeavesAnExistingDirectoryAlone) {
  const test::ScratchFolder folder;
  ASSERT_EQ(test::shell(folder, kTool + " init d").exit_code, 0);
  const std::string before = test::shell(folder, "find d -type f | sort | xargs sha256sum").output;
  EXPECT_EQ(test::shell(folder, kTool + " init d").exit_code, 1);
  EXPECT_EQ(test::shell(folder, "find d -type f | sort | xargs sha256sum").output, before);
  EXPECT_EQ(test::shell(folder, "ls -A").output, "d\n");
}

TEST(Tool, TheAwsCliReadsTheCredentials) {
  const test::ScratchFolder folder;
  ASSERT_EQ(test::shell(folder, kTool + " init d").exit_code, 0);
  const std::string text = test::slurp(folder / "d/admin.credentials");
  EXPECT_TRUE(text.starts_with("[default]\naws_access_key_id = AKIA")) << text.size();
  const auto seen = test::shell(folder,
                                "AWS_SHARED_CREDENTIALS_FILE=d/admin.credentials "
                                "aws configure get aws_access_key_id");
  EXPECT_EQ(seen.output.substr(0, 4), "AKIA") << "./dev setup installs the AWS CLI";
}

TEST(Tool, LintReportsEveryFindingWithItsPlaceAndExitsWithOneOnErrors) {
  const test::ScratchFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name) << text;
  };
  write(
      "good.json",
      R"({"Parameters":{"S":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{)"
      R"("t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"S"}}},)"
      R"("c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}}})");
  write("bad.json",
        R"({"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"A"}}}}})");
  const auto good = test::shell(folder, kTool + " template lint good.json");
  EXPECT_EQ(good.exit_code, 0) << good.output;
  EXPECT_TRUE(contains(good.output, "good.json: 0 errors, 0 warnings")) << good.output;
  const auto bad = test::shell(folder, kTool + " template lint bad.json");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_TRUE(contains(bad.output,
                       "bad.json: error $.Resources.t.Properties.ThingName.Ref: refers to \"A\""))
      << bad.output;
  EXPECT_TRUE(contains(bad.output, "bad.json: warning $.Resources: has no certificate"))
      << bad.output;
  const auto as_json = test::shell(folder, kTool + " template lint bad.json --output json");
  EXPECT_EQ(encoding::parse_json(as_json.output)->at("errors").as_int64(), 1) << as_json.output;
  EXPECT_EQ(test::shell(folder, kTool + " template lint none.json").exit_code, 2);
}

TEST(Tool, LintReadsAPolicyAndTheWrapperOfARegistrationConfig) {
  const test::ScratchFolder folder;
  const auto write = [&](const std::string& name, const encoding::json::object& value) {
    std::ofstream(folder.path() / name) << encoding::to_json(value);
  };
  const auto body = [](const std::string& effect) {
    return fmt::format(
        R"({{"Resources":{{"c":{{"Type":"AWS::IoT::Certificate","Properties":{{"CertificateId":{{"Ref":"AWS::IoT::Certificate::Id"}}}}}},)"
        R"("p":{{"Type":"AWS::IoT::Policy","Properties":{{"PolicyDocument":"{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"{}\",\"Action\":\"iot:*\",\"Resource\":\"*\"}}]}}"}}}}}}}})",
        effect);
  };
  const std::string role = "arn:aws:iam::000000000000:role/r";
  write("good.json", {{"templateBody", body("Allow")}, {"roleArn", role}});
  write("bad.json", {{"templateBody", body("Alow")}, {"roleArn", role}});
  write("name.json", {{"templateName", "Jitp"}});
  write("role.json", {{"templateBody", body("Allow")}, {"roleArn", "nope"}});
  write("both.json",
        {{"templateBody", body("Allow")}, {"roleArn", role}, {"templateName", "Jitp"}});
  write("new.json",
        {{"templateBody", body("Allow")}, {"provisioningRoleArn", role}, {"templateName", "Jitp"}});
  write("object.json", {{"templateBody", *encoding::parse_json(body("Allow"))}});
  const auto lint = [&](const std::string& file) {
    return test::shell(folder, kTool + " template lint --type jitp " + file);
  };
  EXPECT_EQ(lint("good.json").exit_code, 0) << lint("good.json").output;
  const auto bad = lint("bad.json");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_TRUE(contains(bad.output, "$.Resources.p.Properties.PolicyDocument: is no policy"))
      << bad.output;
  EXPECT_TRUE(contains(lint("name.json").output, "names the stored template Jitp"));
  EXPECT_TRUE(contains(lint("object.json").output, "AWS takes the body as a string"));
  EXPECT_TRUE(contains(lint("role.json").output, "roleArn \"nope\" is not the ARN of a role"));
  EXPECT_EQ(lint("role.json").exit_code, 2);
  EXPECT_TRUE(contains(lint("both.json").output, "contradict each other"));
  EXPECT_EQ(lint("new.json").exit_code, 0) << "the input of create-provisioning-template";
  ASSERT_EQ(test::shell(folder, kTool + " init d").exit_code, 0);
  const auto dropped =
      test::shell(folder, kTool + " ca register d d/root-ca.pem --sni-only --body new.json");
  EXPECT_EQ(dropped.exit_code, 2) << dropped.output;
  EXPECT_TRUE(contains(dropped.output, "contains both a template name \"Jitp\"")) << dropped.output;
}

}  // namespace
}  // namespace imprint
