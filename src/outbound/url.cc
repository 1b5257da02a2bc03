// SPDX-License-Identifier: Apache-2.0
#include "outbound/url.h"

#include <curl/curl.h>
#include <curl/urlapi.h>
#include <memory>

#include "base/name.h"

namespace imprint::outbound {

namespace {

constexpr std::size_t kMaxBytes = 1024;

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

bool is_loopback_name(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

/// The parts that both kinds share. `scheme` is empty for text that is not a URL.
struct Parts {
  std::string scheme;
  std::string host;
  std::string path;
  std::string query;
  std::string fragment;
  bool has_user = false;
};

Parts parts_of(std::string_view text) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (text.size() > kMaxBytes ||
      curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK)
    return {};
  return {.scheme = part_of(url.get(), CURLUPART_SCHEME),
          .host = part_of(url.get(), CURLUPART_HOST),
          .path = part_of(url.get(), CURLUPART_PATH),
          .query = part_of(url.get(), CURLUPART_QUERY),
          .fragment = part_of(url.get(), CURLUPART_FRAGMENT),
          .has_user = !part_of(url.get(), CURLUPART_USER).empty() ||
                      !part_of(url.get(), CURLUPART_PASSWORD).empty()};
}

}  // namespace

Result<WebUrl> WebUrl::parse(std::string_view text) {
  const Parts parts = parts_of(text);
  if ((parts.scheme != "http" && parts.scheme != "https") || parts.host.empty()) {
    return fail(Fault::invalid,
                "{} is not an http:// or https:// URL of at most {} bytes; write for instance "
                "\"https://hooks.example.net/pre-provision\"",
                quote(text), kMaxBytes);
  }
  if (parts.has_user) {
    // The URL is not shown, because it contains a password.
    return fail(Fault::invalid,
                "the URL holds a user name or password; put a token into a file and name that as "
                "bearer-file");
  }
  if (!parts.fragment.empty())
    return fail(Fault::invalid, "{} has a fragment (#), which is never sent", quote(text));
  return WebUrl{.text = std::string(text),
                .path = parts.path,
                .is_tls = parts.scheme == "https",
                .is_loopback = is_loopback_name(parts.host)};
}

std::string without_secrets(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  return std::string(url.substr(0, url.find_first_of("/?#", host)));
}

Result<MailUrl> MailUrl::parse(std::string_view text) {
  const Parts parts = parts_of(text);
  if ((parts.scheme != "smtp" && parts.scheme != "smtps") || parts.host.empty()) {
    return fail(Fault::invalid,
                "{} is not an smtp:// or smtps:// URL of at most {} bytes; write for instance "
                "\"smtp://mail.example.net:587\"",
                quote(text), kMaxBytes);
  }
  if (parts.has_user) {
    return fail(Fault::invalid,
                "the URL holds a user name or password; name them as user and password-file");
  }
  if (parts.path.size() > 1 || !parts.query.empty() || !parts.fragment.empty()) {
    return fail(Fault::invalid, "{} continues after the host; write host and port only",
                quote(text));
  }
  return MailUrl{.text = std::string(text),
                 .is_tls = parts.scheme == "smtps",
                 .is_loopback = is_loopback_name(parts.host)};
}

}  // namespace imprint::outbound
