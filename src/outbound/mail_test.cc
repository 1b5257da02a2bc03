// SPDX-License-Identifier: Apache-2.0
#include "outbound/mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/text.h"
#include "outbound/url.h"

namespace imprint::outbound {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Timestamp kThen{std::chrono::seconds(1'700'000'000)};

Mail mail(std::string subject, std::string body) {
  return {.from = "imprint@example.net",
          .to = {"ops@example.net", "line@example.net"},
          .subject = std::move(subject),
          .body = std::move(body)};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\r\n", at);
    out.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 2;
  }
  return out;
}

TEST(Mails, HaveTheHeadersThatReadersWant) {
  const std::string text = write_mail(mail("disk-low raised", "make room"), kThen, "1.2");
  for (const char* line :
       {"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n", "From: <imprint@example.net>\r\n",
        "To: <ops@example.net>,\r\n <line@example.net>\r\n",
        "Message-ID: <1.2@imprint.invalid>\r\n", "Subject: =?utf-8?B?ZGlzay1sb3cgcmFpc2Vk?=\r\n",
        "Auto-Submitted: auto-generated\r\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_TRUE(text.ends_with("\r\n\r\nbWFrZSByb29t\r\n")) << text;
}

TEST(Mails, LetNoTextBecomeAHeaderOrACommand) {
  const std::string evil = "x\r\nBcc: <thief@example.org>\r\n\r\n.\r\nQUIT\r\n=?utf-8?Q?=0D=0A?=";
  const std::string text = write_mail(mail(evil, evil), kThen, "1");
  EXPECT_THAT(text, Not(HasSubstr("thief")));
  EXPECT_THAT(text, Not(HasSubstr("QUIT")));
  for (const std::string& line : lines_of(text)) {
    EXPECT_LE(line.size(), 78U) << line;
    EXPECT_FALSE(line.starts_with(".")) << line;
    EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
  }
}

TEST(Mails, SplitLongSubjectsBetweenCharacters) {
  std::string subject;
  for (int i = 0; i < 60; ++i) subject += "\xC3\xA4\xE2\x82\xAC";  // two characters, five bytes
  const std::string text = write_mail(mail(subject, ""), kThen, "1");
  std::string told;
  for (const std::string& line : lines_of(text)) {
    const auto begin = line.find("=?utf-8?B?");
    if (begin == std::string::npos) continue;
    const auto word = encoding::from_base64(line.substr(begin + 10, line.size() - begin - 12));
    ASSERT_TRUE(word) << line;
    const std::string part(word->begin(), word->end());
    EXPECT_TRUE(encoding::is_utf8(part)) << line;
    told += part;
  }
  EXPECT_EQ(told, subject);
}

TEST(Mails, AreBounded) {
  const std::string text =
      write_mail(mail(std::string(100'000, 's'), std::string(1'000'000, 'b')), kThen, "1");
  EXPECT_LT(text.size(), 100'000U);
}

TEST(WebUrls, AreShownWithoutWhatMayBeSecret) {
  EXPECT_EQ(without_secrets("https://chat.example.net:8443/services/T0/B1/x?token=y#z"),
            "https://chat.example.net:8443");
  EXPECT_EQ(without_secrets("http://127.0.0.1?code=1"), "http://127.0.0.1");
  EXPECT_EQ(without_secrets("https://h"), "https://h");
}

TEST(MailAddresses, ArePlain) {
  for (const char* good : {"a@b", "ops+imprint@example.net"}) {
    EXPECT_TRUE(check_mail_address(good)) << good;
  }
  for (const char* wrong : {"", "a", "@b", "a@", "a@b@c", "a b@c", "<a@b>", "a@b,c@d", "a@b\r\nX",
                            "\"a\"@b", "a@b;c", "\xC3\xA4@b"})
    EXPECT_FALSE(check_mail_address(wrong)) << wrong;
  EXPECT_FALSE(check_mail_address(std::string(300, 'a') + "@b"));
}

TEST(MailUrls, NameAHostAndNothingElse) {
  const auto url = MailUrl::parse("smtps://mail.example.net:465");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_tls);
  EXPECT_FALSE(MailUrl::parse("smtp://127.0.0.1:25")->is_tls);
  EXPECT_TRUE(MailUrl::parse("smtp://127.0.0.1:25")->is_loopback);
  for (const char* wrong :
       {"", "mail.example.net", "http://mail.example.net", "smtp://", "smtp://u:p@mail",
        "smtp://mail/x", "smtp://mail?x", "smtp://mail#x", "smtp://ma il"})
    EXPECT_FALSE(MailUrl::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace imprint::outbound
