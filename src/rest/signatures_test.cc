// SPDX-License-Identifier: Apache-2.0
#include "rest/signatures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "encoding/json.h"
#include "outcome/causes.h"
#include "test/support/aws_signer.h"
#include "test/support/test_ca.h"

namespace imprint::rest {
namespace {

using test::kToday;
using testing::HasSubstr;

const access::Operators& operators() {
  static const access::Operators known(
      {std::string(test::kAccessKeyId), Secret(std::string(test::kSecretAccessKey))},
      *access::Vault::make(Secret(std::string(64, 'a'))));
  return known;
}

Result<SignedScope> verify(const HttpRequest& request, Timestamp now = kToday) {
  auto target = Target::parse(request.target);
  if (!target) return tl::unexpected(target.error());
  return verify_signature(request, *target, operators(), now);
}

HttpRequest signed_request(std::string target = "/things", std::string body = "",
                           Headers headers = {}) {
  HttpRequest request{"POST", std::move(target), std::move(headers), std::move(body), ""};
  test::AwsSigner().sign(request, kToday);
  return request;
}

std::string& header(HttpRequest& request, std::string_view name) {
  for (auto& [found, value] : request.headers) {
    if (found == name) return value;
  }
  return request.headers.emplace_back(name, "").second;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, from.size(), to);
}

TEST(Signatures, AcceptWhatBotocoreSigns) {
  const auto text =
      read_file(std::string(IMPRINT_TEST_DIR) + "/golden/sigv4/botocore.json", 1 << 20);
  ASSERT_TRUE(text);
  const auto golden = encoding::parse_json(*text);
  ASSERT_TRUE(golden);
  const auto& requests = golden->as_object().at("requests").as_array();
  ASSERT_GE(requests.size(), 19U);
  for (const auto& row : requests) {
    const auto& vector = row.as_object();
    const auto member = [&](const char* name) { return std::string(vector.at(name).as_string()); };
    HttpRequest request{member("method"), member("target"), {}, member("body"), ""};
    for (const auto& [name, value] : vector.at("headers").as_object())
      request.headers.emplace_back(name, value.as_string());
    const auto scope = verify(request);
    ASSERT_TRUE(scope) << member("name") << ": " << scope.error().message;
    EXPECT_EQ(scope->region, member("region"));
    EXPECT_EQ(scope->service, member("service"));
    EXPECT_TRUE(scope->covers("host"));
  }
}

TEST(Signatures, CoverMethodPathQueryHeadersAndBody) {
  const Headers principal{{"x-amzn-principal", "arn:aws:iot:us-east-1:000000000000:cert/a"}};
  ASSERT_TRUE(verify(signed_request("/things/a?b=c", "body", principal)));
  struct Row {
    std::string name;
    std::function<void(HttpRequest&)> change;
  };
  const std::vector<Row> rows{
      {"method", [](HttpRequest& r) { r.method = "PUT"; }},
      {"path", [](HttpRequest& r) { replace(r.target, "/things/a", "/things/b"); }},
      {"path decoded", [](HttpRequest& r) { replace(r.target, "/things/a", "/things/%61"); }},
      {"query value", [](HttpRequest& r) { replace(r.target, "b=c", "b=d"); }},
      {"query added", [](HttpRequest& r) { r.target += "&e=f"; }},
      {"query taken away", [](HttpRequest& r) { replace(r.target, "?b=c", ""); }},
      {"body", [](HttpRequest& r) { r.body += ' '; }},
      {"signed header", [](HttpRequest& r) { header(r, "x-amzn-principal") += "b"; }},
      {"signed header twice",
       [](HttpRequest& r) { r.headers.emplace_back("X-Amzn-Principal", "other"); }},
      {"host", [](HttpRequest& r) { header(r, "Host") = "elsewhere"; }},
      {"date within the day",
       [](HttpRequest& r) { replace(header(r, "X-Amz-Date"), "T000000Z", "T000001Z"); }},
      {"region",
       [](HttpRequest& r) { replace(header(r, "Authorization"), "us-east-1", "us-east-2"); }},
      {"service",
       [](HttpRequest& r) { replace(header(r, "Authorization"), "/iot/", "/iotdata/"); }},
      {"one bit of the signature",
       [](HttpRequest& r) {
         char& last = header(r, "Authorization").back();
         last = last == '0' ? '1' : '0';
       }},
      {"signature cut", [](HttpRequest& r) { header(r, "Authorization").pop_back(); }},
      {"signature longer", [](HttpRequest& r) { header(r, "Authorization") += "0"; }},
      {"signed header gone",
       [](HttpRequest& r) {
         std::erase_if(r.headers, [](const auto& h) { return h.first == "x-amzn-principal"; });
       }},
  };
  for (const Row& row : rows) {
    HttpRequest request = signed_request("/things/a?b=c", "body", principal);
    row.change(request);
    const auto scope = verify(request);
    ASSERT_FALSE(scope) << row.name;
    EXPECT_EQ(name_of(scope.error().cause), "InvalidSignatureException") << row.name;
    EXPECT_EQ(scope.error().message.find("EXAMPLEKEY"), std::string::npos) << row.name;
  }
}

TEST(Signatures, DoNotCoverWhatSignedHeadersLeavesOut) {
  HttpRequest request = signed_request();
  request.headers.emplace_back("User-Agent", "anything");
  request.headers.emplace_back("amz-sdk-invocation-id", "1");
  EXPECT_TRUE(verify(request));
}

TEST(Signatures, RefuseMalformedOnesWithAnExplanation) {
  struct Row {
    std::string name;
    std::function<void(HttpRequest&)> change;
    std::string code;
    std::string message;
  };
  const auto authorization = [](const std::string& from, const std::string& to) {
    return [=](HttpRequest& r) { replace(header(r, "Authorization"), from, to); };
  };
  const std::vector<Row> rows{
      {"no header", [](HttpRequest& r) { header(r, "Authorization").clear(); },
       "MissingAuthenticationTokenException", "no Authorization header"},
      {"presigned", [](HttpRequest& r) { r.target += "?X-Amz-Signature=ab"; },
       "MissingAuthenticationTokenException", "presigned"},
      {"temporary credentials",
       [](HttpRequest& r) { r.headers.emplace_back("X-Amz-Security-Token", "t"); },
       "UnrecognizedClientException", "AWS_SESSION_TOKEN"},
      {"another key", authorization("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"),
       "UnrecognizedClientException", "AKIAIOSFODNN7EXAMPLF"},
      {"another scheme", authorization("AWS4-HMAC-SHA256 ", "Basic "),
       "IncompleteSignatureException", "AWS4-HMAC-SHA256"},
      {"a longer scheme", authorization("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256X "),
       "IncompleteSignatureException", "scheme"},
      {"no SignedHeaders", authorization("SignedHeaders", "Headers"),
       "IncompleteSignatureException", "each once"},
      {"SignedHeaders twice", authorization("Signature=", "SignedHeaders=host, Signature="),
       "IncompleteSignatureException", "each once"},
      {"empty credential",
       [](HttpRequest& r) {
         header(r, "Authorization") =
             "AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=ab";
       },
       "IncompleteSignatureException", "no Credential"},
      {"scope too short", authorization("/us-east-1/", "/"), "IncompleteSignatureException",
       "4 parts"},
      {"scope too long", authorization("/us-east-1/", "/us-east-1/x/"),
       "IncompleteSignatureException", "6 parts"},
      {"another terminator", authorization("aws4_request", "aws5_request"),
       "IncompleteSignatureException", "aws5_request"},
      {"a region that would break an ARN", authorization("us-east-1", "us:east"),
       "InvalidSignatureException", "no region name"},
      {"another service", authorization("/iot/", "/s3/"), "InvalidSignatureException", "\"s3\""},
      {"scope of another day", authorization("/20260101/", "/20260102/"),
       "InvalidSignatureException", "20260102"},
      {"no date", [](HttpRequest& r) { header(r, "X-Amz-Date").clear(); },
       "IncompleteSignatureException", "X-Amz-Date"},
      {"a date in words", [](HttpRequest& r) { header(r, "X-Amz-Date") = "today"; },
       "IncompleteSignatureException", "today"},
      {"a month too many", [](HttpRequest& r) { header(r, "X-Amz-Date") = "20261301T000000Z"; },
       "IncompleteSignatureException", "yyyymmddThhmmssZ"},
      {"host is not signed", authorization("SignedHeaders=host;", "SignedHeaders="),
       "IncompleteSignatureException", "lacks host"},
      {"date is not signed", authorization(";x-amz-date", ""), "IncompleteSignatureException",
       "lacks x-amz-date"},
      {"not sorted", authorization("host;x-amz-date", "x-amz-date;host"),
       "IncompleteSignatureException", "sorted"},
      {"upper case", authorization("=host", "=Host"), "IncompleteSignatureException", "lower case"},
      {"twice", authorization("host;", "host;host;"), "IncompleteSignatureException", "each once"},
      {"an empty name", authorization("host;", "host;;"), "IncompleteSignatureException",
       "lower case"},
      {"unsigned payload",
       [](HttpRequest& r) { r.headers.emplace_back("x-amz-content-sha256", "UNSIGNED-PAYLOAD"); },
       "InvalidSignatureException", "UNSIGNED-PAYLOAD"},
      {"streamed payload",
       [](HttpRequest& r) {
         r.headers.emplace_back("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
       },
       "InvalidSignatureException", "STREAMING"},
      {"another body's hash",
       [](HttpRequest& r) { r.headers.emplace_back("x-amz-content-sha256", "00"); },
       "InvalidSignatureException", "differs"},
      {"too long a header",
       [](HttpRequest& r) { header(r, "Authorization") += std::string(5000, 'a'); },
       "IncompleteSignatureException", "bytes"},
  };
  for (const Row& row : rows) {
    HttpRequest request = signed_request();
    row.change(request);
    const auto scope = verify(request);
    ASSERT_FALSE(scope) << row.name;
    EXPECT_EQ(name_of(scope.error().cause), row.code) << row.name << ": " << scope.error().message;
    EXPECT_THAT(scope.error().message, HasSubstr(row.message)) << row.name;
  }
}

TEST(Signatures, AcceptACorrectBodyHash) {
  const std::string hash = encoding::to_hex(x509::sha256(as_bytes("body")));
  EXPECT_TRUE(verify(signed_request("/things", "body", {{"x-amz-content-sha256", hash}})));
}

TEST(Signatures, AcceptADateHeaderInsteadOfXAmzDate) {
  HttpRequest request{"GET", "/things", {}, "", ""};
  test::AwsSigner signer;
  signer.date_header = "Date";
  signer.sign(request, kToday);
  EXPECT_TRUE(verify(request));
  request.headers.emplace_back("X-Amz-Date", test::AwsSigner::amz_date(kToday));
  const auto scope = verify(request);
  ASSERT_FALSE(scope) << "the date that counts is not signed";
  EXPECT_THAT(scope.error().message, HasSubstr("lacks x-amz-date"));
}

TEST(Signatures, AreValidForFiveMinutesEitherWay) {
  const HttpRequest request = signed_request();
  struct Row {
    Seconds skew;
    bool accepted;
  };
  for (const Row& row : {Row{Seconds(0), true}, Row{Seconds(300), true}, Row{Seconds(-300), true},
                         Row{Seconds(301), false}, Row{Seconds(-301), false}}) {
    const auto scope = verify(request, kToday + row.skew);
    EXPECT_EQ(scope.has_value(), row.accepted) << row.skew.count();
    if (!row.accepted) {
      EXPECT_THAT(scope.error().message, HasSubstr(row.skew > Seconds(0) ? "behind" : "ahead"));
    }
  }
}

TEST(Signatures, CanonicalizeThePathAsClientsDo) {
  struct Row {
    std::string sent;
    std::string signed_as;
  };
  for (const Row& row : {Row{"/things//a", "/things/a"}, Row{"/things/./a", "/things/a"},
                         Row{"/x/../things/a", "/things/a"}, Row{"/../things/a", "/things/a"}}) {
    HttpRequest request = signed_request(row.signed_as);
    request.target = row.sent;
    EXPECT_TRUE(verify(request)) << row.sent;
  }
  HttpRequest encoded = signed_request("/things/a");
  encoded.target = "/x/%2E%2E/things/a";  // Encoded dots are a name, not a direction.
  EXPECT_FALSE(verify(encoded));
}

/// A part of a request as it is sent, and as a client signs it.
struct SentAndSigned {
  std::string name;
  std::string sent;
  std::string signed_as;
  bool accepted;
};
using Rows = std::vector<SentAndSigned>;

TEST(Signatures, CanonicalizeSegmentsTwiceEncoded) {
  for (const SentAndSigned& row :
       Rows{{"an ARN", "/attached-policies/arn%3Aaws%3Aiot%3Ax%3A1%3Acert%2Fab",
             "/attached-policies/arn%3Aaws%3Aiot%3Ax%3A1%3Acert%2Fab", true},
            {"encoded once, as S3 does", "/things/a%3Ab", "/things/a:b", false},
            {"not encoded where it need not be", "/things/a:b", "/things/a:b", true},
            {"an encoded slash is no slash", "/things/a%2Fb", "/things/a/b", false},
            {"a space", "/things/a%20b", "/things/a%20b", true},
            {"a plus is no space", "/things/a+b", "/things/a%20b", false},
            {"unicode", "/things/gr%C3%B6%C3%9Fe", "/things/gr%C3%B6%C3%9Fe", true},
            {"hexadecimal digits as sent", "/things/%c3%b6", "/things/%C3%B6", false},
            {"a percent sign", "/things/100%25", "/things/100%25", true},
            {"a trailing slash counts", "/things/a/", "/things/a", false}}) {
    HttpRequest request = signed_request(row.signed_as);
    request.target = row.sent;
    EXPECT_EQ(verify(request).has_value(), row.accepted) << row.name;
  }
}

TEST(Signatures, CanonicalizeTheQueryAsClientsDo) {
  for (const SentAndSigned& row :
       Rows{{"order", "b=2&a=1", "a=1&b=2", true},
            {"repeated, by value", "a=2&a=1", "a=1&a=2", true},
            {"a name that begins another", "a-b=1&a=2", "a=2&a-b=1", true},
            {"a value that begins another", "a=10&a=1", "a=1&a=10", true},
            {"capitals first", "a=1&B=2", "B=2&a=1", true},
            {"no value is an empty one", "a", "a=", true},
            {"empty ones among others", "c=&b&a=", "a&b=&c", true},
            {"an empty part is none", "&a=1", "a=1", true},
            {"a space", "a=b%20c", "a=b%20c", true},
            {"a plus is a plus", "a=b+c", "a=b%2Bc", true},
            {"a plus is no space", "a=b+c", "a=b%20c", false},
            {"unicode", "a=%C3%B6", "a=%C3%B6", true},
            {"digits of either case", "a=%c3%b6", "a=%C3%B6", true},
            {"encoded where it need not be", "a=%61", "a=a", true},
            {"an equals sign in a value", "a=b=c", "a=b%3Dc", true},
            {"one of two", "a=1&a=1", "a=1", false},
            {"another case", "A=1", "a=1", false},
            {"a value gone", "a=", "a=1", false},
            {"one more", "a=1&b", "a=1", false}}) {
    HttpRequest request = signed_request("/things?" + row.signed_as);
    request.target = "/things?" + row.sent;
    EXPECT_EQ(verify(request).has_value(), row.accepted) << row.name;
  }
}

TEST(Signatures, CanonicalizeHeaderValuesAsClientsDo) {
  for (const SentAndSigned& row : Rows{{"runs of spaces", "a   b  c", "a b c", true},
                                       {"around", "  a b\t", "a b", true},
                                       {"empty", "", "", true},
                                       {"capitals", "A", "a", false},
                                       {"no space", "ab", "a b", false}}) {
    HttpRequest request = signed_request("/things", "", {{"x-amzn-principal", row.signed_as}});
    header(request, "x-amzn-principal") = row.sent;
    EXPECT_EQ(verify(request).has_value(), row.accepted) << row.name;
  }
}

TEST(Signatures, ReportTheServersTimeToAClientWithAWrongClock) {
  struct Row {
    std::string name;
    Seconds skew;
    std::string message;
  };
  const HttpRequest request = signed_request();
  for (const Row& row :
       {Row{"six minutes late", Seconds(360), "which says 20260101T000600Z"},
        Row{"six minutes early", Seconds(-360), "which says 20251231T235400Z"},
        Row{"a replay of last year", std::chrono::hours(24 * 365), "which says 20270101T000000Z"},
        Row{"a clock that was never set", -std::chrono::hours(24 * 365 * 30), "s ahead of"}}) {
    const auto scope = verify(request, kToday + row.skew);
    ASSERT_FALSE(scope) << row.name;
    EXPECT_EQ(name_of(scope.error().cause), "InvalidSignatureException") << row.name;
    EXPECT_THAT(scope.error().message, HasSubstr(row.message)) << row.name;
  }
}

TEST(Targets, AreParsed) {
  const auto target = Target::parse("/things/a%3Ab%2Fc/x?y=%C3%B6&z&z=1&=v&&q=a+b%20c");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/things/a%3Ab%2Fc/x");
  EXPECT_THAT(target->segments, testing::ElementsAre("things", "a:b/c", "x"));
  const QueryParameters expected{{"y", "ö"}, {"z", ""}, {"z", "1"}, {"", "v"}, {"q", "a+b c"}};
  EXPECT_EQ(target->query, expected);
}

TEST(Targets, AreRefusedBeyondTheirBounds) {
  std::string parameters = "/things?a";
  for (std::size_t i = 1; i < Target::kMaxParameters; ++i) parameters += "&a";
  std::string segments;
  for (std::size_t i = 0; i < Target::kMaxSegments; ++i) segments += "/a";
  const std::string longest = "/" + std::string(Target::kMaxBytes - 1, 'a');
  for (const std::string& text : {parameters, segments, longest}) EXPECT_TRUE(Target::parse(text));
  struct Row {
    std::string text;
    std::string message;
  };
  for (const Row& row :
       {Row{parameters + "&a", "query parameters"}, Row{segments + "/a", "segments"},
        Row{longest + "a", "bytes"}, Row{"", "start with"}, Row{"things", "start with"},
        Row{"https://localhost/things", "start with"}, Row{"/a b", "percent-encoded"},
        Row{"/a#b", "percent-encoded"}, Row{"/gr\xC3\xB6", "percent-encoded"},
        Row{"/a\n", "percent-encoded"}, Row{"/%", "hexadecimal"}, Row{"/%4", "hexadecimal"},
        Row{"/%zz", "hexadecimal"}, Row{"/%FF", "UTF-8"}, Row{"/a?b=%C0%80", "UTF-8"}}) {
    const auto target = Target::parse(row.text);
    ASSERT_FALSE(target) << row.text;
    EXPECT_THAT(target.error().message, HasSubstr(row.message)) << row.text;
  }
}

}  // namespace
}  // namespace imprint::rest
