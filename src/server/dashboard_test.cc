// SPDX-License-Identifier: Apache-2.0
#include "server/dashboard.h"

#include <gmock/gmock.h>

namespace imprint::server {
namespace {

using rest::HttpRequest;
using rest::HttpResponse;
using testing::HasSubstr;
using testing::Not;

std::string header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

HttpRequest get(std::string target, rest::Headers headers = {}) {
  return {"GET", std::move(target), std::move(headers), "", ""};
}

class Files : public testing::Test {
 protected:
  const std::string script = std::string(5000, 'x');
  const std::vector<DashboardFile> files = {{"index.html", "<!doctype html>page"},
                                            {"assets/index-1.js", script}};
  const Dashboard dashboard{files};
};

TEST_F(Files, EveryAddressOfThePageServesThePage) {
  for (const char* target : {"/ui/", "/ui/index.html", "/ui/devices/x%22y", "/ui/?a=b"}) {
    const HttpResponse response = dashboard.answer(get(target));
    EXPECT_EQ(response.status, 200) << target;
    EXPECT_EQ(response.body, "<!doctype html>page") << target;
    EXPECT_EQ(header_of(response, "Cache-Control"), "no-cache");
    const std::string policy = header_of(response, "Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  }
  EXPECT_EQ(dashboard.answer(get("/ui/assets/gone.js")).status, 404);
  EXPECT_EQ(header_of(dashboard.answer(get("/ui")), "Location"), "/ui/");
  EXPECT_EQ(header_of(dashboard.answer(get("/")), "Location"), "/ui/");
  HttpRequest post = get("/ui/");
  post.method = "POST";
  EXPECT_EQ(dashboard.answer(post).status, 405);
}

TEST_F(Files, AreSentOnceAndCompressed) {
  const HttpResponse first =
      dashboard.answer(get("/ui/assets/index-1.js", {{"Accept-Encoding", "br, gzip"}}));
  EXPECT_EQ(header_of(first, "Content-Encoding"), "gzip");
  EXPECT_LT(first.body.size(), 200U);
  EXPECT_THAT(header_of(first, "Cache-Control"), HasSubstr("immutable"));
  EXPECT_EQ(first.content_type, "text/javascript; charset=utf-8");
  const HttpResponse again =
      dashboard.answer(get("/ui/assets/index-1.js", {{"If-None-Match", header_of(first, "ETag")}}));
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(dashboard.answer(get("/ui/assets/index-1.js")).body, script);
}

TEST(Dashboard, ServesBrowsersOnly) {
  EXPECT_TRUE(Dashboard::serves(get("/", {{"Accept", "text/html,*/*"}})));
  EXPECT_FALSE(Dashboard::serves(get("/")));
  EXPECT_FALSE(Dashboard::serves(get("/things", {{"Accept", "text/html"}})));
  EXPECT_FALSE(Dashboard::serves(get("/uiX")));
}

TEST(Dashboard, IsInTheBinary) {
  const Dashboard dashboard(dashboard_files());
  const HttpResponse page = dashboard.answer(get("/ui/"));
  EXPECT_THAT(page.body, HasSubstr("<title>"));
  EXPECT_THAT(page.body, HasSubstr("/ui/assets/"));
  EXPECT_THAT(page.body, Not(testing::ContainsRegex("(https?:)?//[a-z]")));
}

}  // namespace
}  // namespace imprint::server
