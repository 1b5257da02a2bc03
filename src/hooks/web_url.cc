// SPDX-License-Identifier: Apache-2.0
#include "hooks/web_url.h"

#include <curl/urlapi.h>
#include <memory>

#include "base/name.h"

namespace imprint::hooks {

namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

}  // namespace

Result<WebUrl> WebUrl::parse(std::string_view text) {
  constexpr std::size_t kMaxBytes = 1024;
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  const bool is_sound =
      text.size() <= kMaxBytes &&
      curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) == CURLUE_OK;
  const std::string scheme = is_sound ? part_of(url.get(), CURLUPART_SCHEME) : "";
  const std::string host = is_sound ? part_of(url.get(), CURLUPART_HOST) : "";
  if ((scheme != "http" && scheme != "https") || host.empty()) {
    return fail(Fault::invalid,
                "{} is no http:// or https:// URL of at most {} bytes; write for instance "
                "\"https://hooks.example.net/pre-provision\"",
                quote(text), kMaxBytes);
  }
  if (!part_of(url.get(), CURLUPART_USER).empty() ||
      !part_of(url.get(), CURLUPART_PASSWORD).empty()) {
    // The URL is not shown: it has a password in it.
    return fail(Fault::invalid,
                "the URL holds a user name or password; put a token into a file and name that as "
                "bearer-file");
  }
  if (!part_of(url.get(), CURLUPART_FRAGMENT).empty())
    return fail(Fault::invalid, "{} has a fragment (#), which is never sent", quote(text));
  return WebUrl{.text = std::string(text),
                .path = part_of(url.get(), CURLUPART_PATH),
                .is_tls = scheme == "https",
                .is_loopback = host == "localhost" || host.starts_with("127.") || host == "[::1]"};
}

}  // namespace imprint::hooks
