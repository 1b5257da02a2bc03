// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/access.h"

#include <curl/curl.h>
#include <fmt/chrono.h>
#include <memory>

#include "access/signature.h"
#include "base/clock.h"
#include "base/file.h"
#include "deployment/config.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{4} * 1024 * 1024;
constexpr long kTimeoutSeconds = 60;

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t append(char* data, std::size_t size, std::size_t count, void* to) {
  auto& text = *static_cast<std::string*>(to);
  if (text.size() + size * count > kMaxAnswerBytes) return 0;
  text.append(data, size * count);
  return size * count;
}

using CurlHandle = std::unique_ptr<CURL, CurlFree>;
using CurlList = std::unique_ptr<curl_slist, CurlFree>;

Result<CurlHandle> begin(const deployment::Layout& layout, const std::string& url) {
  CurlHandle curl(curl_easy_init());
  if (!curl) return fail(Fault::internal, "libcurl cannot start");
  CURL* c = curl.get();
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_CAINFO, layout.trusted_root().c_str());
  curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_TIMEOUT, kTimeoutSeconds);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  return curl;
}

Result<Fetched> perform(CURL* c, const deployment::Layout& layout, const ServerAddress& server) {
  Fetched fetched;
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &fetched.body);
  if (const CURLcode code = curl_easy_perform(c); code != CURLE_OK) {
    return fail(Fault::unavailable, "{} does not answer: {}; is imprintd {} running?", server.http,
                curl_easy_strerror(code), layout.directory().string());
  }
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &fetched.status);
  return fetched;
}

/// The signed request and the sent one are built from one value, so that the query has the same
/// order and encoding in both.
Result<access::Outgoing> request_of(const ServerAddress& server, const std::string& method,
                                    std::string_view target, std::string body) {
  const std::size_t end = std::min(target.find('?'), target.size());
  access::Outgoing out{.method = method,
                       .host = server.http.substr(server.http.find("//") + 2),
                       .path = std::string(target.substr(0, end)),
                       .body = std::move(body)};
  target.remove_prefix(std::min(end + 1, target.size()));
  while (!target.empty()) {
    const std::string_view one = target.substr(0, target.find('&'));
    target.remove_prefix(std::min(one.size() + 1, target.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    TRY_ASSIGN(std::string name, encoding::percent_decode(one.substr(0, equals)));
    TRY_ASSIGN(std::string value,
               encoding::percent_decode(one.substr(std::min(equals + 1, one.size()))));
    out.query.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

std::string url_of(const ServerAddress& server, const access::Outgoing& request) {
  const std::string query = access::canonical_query(request.query);
  return server.http + request.path + (query.empty() ? "" : "?" + query);
}

CurlList signed_headers(const access::Outgoing& request, const access::AccessKey& key,
                        const std::string& region) {
  curl_slist* out = curl_slist_append(nullptr, "Content-Type: application/json");
  out = curl_slist_append(out, ("Host: " + request.host).c_str());
  for (const auto& [name, value] : access::sign(request, key, region, SystemClock().now()))
    out = curl_slist_append(out, fmt::format("{}: {}", name, value).c_str());
  return CurlList(out);
}

Fault fault_of(long status) {
  if (status == 404) return Fault::not_found;
  if (status == 401 || status == 403) return Fault::forbidden;
  return status >= 500 ? Fault::unavailable : Fault::invalid;
}

}  // namespace

std::string text_of(const encoding::json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<void> expect_deployment(const deployment::Layout& layout) {
  std::error_code ignored;
  if (std::filesystem::exists(layout.config(), ignored)) return {};
  const std::string directory = layout.directory().string();
  return fail(
      Fault::invalid,
      "{} is not a deployment: {} does not exist; name the directory that imprint init made",
      directory, layout.config().string());
}

Result<ServerAddress> find_server(const deployment::Layout& layout) {
  TRY(expect_deployment(layout));
  TRY_ASSIGN(const deployment::Config config, deployment::Config::load(layout.config()));
  ServerAddress found{"https://" + config.listen.http.text(), config.listen.mqtt.text(),
                      config.region};
  constexpr std::size_t kMaxRunFile = 4096;
  const auto running = read_file(layout.run_file(), kMaxRunFile);
  if (!running) return found;
  const auto parsed = encoding::parse_json(*running);
  if (!parsed || !parsed->is_object()) return found;
  const std::string http = text_of(parsed->get_object(), "http");
  const std::string mqtt = text_of(parsed->get_object(), "mqtt");
  if (!http.empty()) found.http = http;
  if (!mqtt.empty()) found.mqtt = mqtt;
  return found;
}

std::vector<std::pair<std::string, std::string>> aws_environment(const deployment::Layout& layout,
                                                                 const ServerAddress& server) {
  const auto absolute = [](const std::filesystem::path& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
  };
  return {
      {"AWS_ENDPOINT_URL", server.http},
      {"AWS_CA_BUNDLE", absolute(layout.trusted_root())},
      {"AWS_SHARED_CREDENTIALS_FILE", absolute(layout.admin_credentials())},
      {"AWS_PROFILE", "default"},
      {"AWS_REGION", server.region},
      {"AWS_DEFAULT_REGION", server.region},
      {"AWS_EC2_METADATA_DISABLED", "true"},
      {"AWS_PAGER", ""},
      {"IMPRINT_MQTT", server.mqtt},
  };
}

Result<Fetched> fetch(const deployment::Layout& layout, const ServerAddress& server,
                      const std::string& path) {
  TRY_ASSIGN(const CurlHandle curl, begin(layout, server.http + path));
  return perform(curl.get(), layout, server);
}

Result<encoding::json::value> call(const deployment::Layout& layout, const ServerAddress& server,
                                   const std::string& method, const std::string& path,
                                   const encoding::json::object& body) {
  TRY_ASSIGN(const access::AccessKey credentials,
             access::AccessKey::load(layout.admin_credentials()));
  const std::string text = body.empty() ? std::string() : encoding::to_json(body);
  TRY_ASSIGN(const access::Outgoing request, request_of(server, method, path, text));
  TRY_ASSIGN(const CurlHandle curl, begin(layout, url_of(server, request)));
  const CurlList headers = signed_headers(request, credentials, server.region);
  CURL* c = curl.get();
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (!text.empty()) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(text.size()));
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, text.c_str());
  }
  TRY_ASSIGN(const Fetched answer, perform(c, layout, server));
  TRY_ASSIGN(encoding::json::value parsed,
             encoding::parse_json(answer.body, {.max_bytes = kMaxAnswerBytes}));
  if (answer.status == 200) return parsed;
  const std::string message =
      parsed.is_object() ? text_of(parsed.get_object(), "message") : answer.body;
  return fail(fault_of(answer.status), "the server refused: {}", message);
}

Result<encoding::json::array> call_all(const deployment::Layout& layout,
                                       const ServerAddress& server, const std::string& path,
                                       std::string_view member) {
  encoding::json::array all;
  std::string next;
  do {
    const std::string page = next.empty() ? "" : "&nextToken=" + encoding::percent_encode(next);
    TRY_ASSIGN(const encoding::json::value answer,
               call(layout, server, "GET", path + "?maxResults=100" + page));
    const auto* rows = answer.is_object() ? answer.get_object().if_contains(member) : nullptr;
    if (rows == nullptr || !rows->is_array())
      return fail(Fault::internal, "the server's answer has no {}", member);
    for (const encoding::json::value& row : rows->get_array()) {
      if (row.is_object()) all.push_back(row);
    }
    next = text_of(answer.get_object(), "nextToken");
  } while (!next.empty());
  return all;
}

std::string shown_time(double seconds) {
  const auto milliseconds = static_cast<std::int64_t>(seconds * 1000 + 0.5);
  const Timestamp time = from_milliseconds(milliseconds);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)), milliseconds % 1000);
}

}  // namespace imprint::tool
