// SPDX-License-Identifier: Apache-2.0
#include "server/dashboard.h"

#include <array>
#include <utility>
#include <zlib.h>

#include "base/error.h"
#include "encoding/text.h"
#include "x509/digest.h"

namespace imprint::server {

namespace {

using rest::HttpRequest;
using rest::HttpResponse;

constexpr std::string_view kFolder = "/ui/";
constexpr std::string_view kPage = "index.html";
constexpr std::string_view kAssets = "assets/";
constexpr std::size_t kWorthCompressing = 1024;

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".woff2", "font/woff2"},
}};

/// Allows scripts, styles, forms and requests only from and to this server, and no frames.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

std::string_view type_of(std::string_view path) {
  for (const auto& [extension, type] : kTypes) {
    if (path.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

/// The gzip format (RFC 1952).
std::string gzip(std::string_view text) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemory = 8;
  z_stream stream{};
  IMPRINT_ASSERT(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory,
                              Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  IMPRINT_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

HttpResponse redirect(std::string_view to) {
  return {.status = 308, .content_type = {}, .headers = {{"Location", std::string(to)}}};
}

}  // namespace

Dashboard::Dashboard(std::span<const DashboardFile> files) {
  for (const DashboardFile& file : files) {
    File one{
        .content_type = std::string(type_of(file.path)),
        .etag = "\"" + encoding::to_hex(x509::sha256(as_bytes(file.bytes))).substr(0, 32) + "\"",
        .body = std::string(file.bytes),
        .gzipped = {},
        .is_immutable = file.path.starts_with(kAssets)};
    if (file.bytes.size() >= kWorthCompressing) {
      one.gzipped = gzip(file.bytes);
      if (one.gzipped.size() >= one.body.size()) one.gzipped.clear();
    }
    files_.emplace(file.path, std::move(one));
  }
}

bool Dashboard::serves(const HttpRequest& request) {
  const std::string_view path = path_of(request.target);
  if (path == "/ui" || path.starts_with(kFolder)) return true;
  return path == "/" && request.method == "GET" &&
         request.header("accept").find("text/html") != std::string_view::npos;
}

HttpResponse Dashboard::answer(const HttpRequest& request) const {
  const std::string_view path = path_of(request.target);
  if (!path.starts_with(kFolder)) return redirect(kFolder);
  if (request.method != "GET") {
    return {.status = 405,
            .body = R"({"message":"the dashboard's files answer GET only"})",
            .headers = {{"Allow", "GET"}}};
  }
  const std::string_view name = path.substr(kFolder.size());
  auto it = files_.find(name);
  // Every address of the dashboard serves its single page, except that a missing asset is an error.
  if (it == files_.end() && !name.starts_with(kAssets)) it = files_.find(kPage);
  if (it == files_.end())
    return {.status = 404, .body = "no such file\n", .content_type = "text/plain; charset=utf-8"};
  const File& file = it->second;
  HttpResponse response{
      .content_type = file.content_type,
      .headers = {{"Content-Security-Policy", std::string(kContentSecurityPolicy)},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"},
                  {"Cross-Origin-Opener-Policy", "same-origin"},
                  {"Cross-Origin-Resource-Policy", "same-origin"},
                  {"Vary", "Accept-Encoding"},
                  {"ETag", file.etag},
                  {"Cache-Control",
                   file.is_immutable ? "public, max-age=31536000, immutable" : "no-cache"}}};
  if (request.header("if-none-match") == file.etag) {
    response.status = 304;
    return response;
  }
  const bool takes_gzip = request.header("accept-encoding").find("gzip") != std::string_view::npos;
  if (takes_gzip && !file.gzipped.empty()) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = file.gzipped;
  } else {
    response.body = file.body;
  }
  return response;
}

}  // namespace imprint::server
