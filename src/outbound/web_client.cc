// SPDX-License-Identifier: Apache-2.0
#include "outbound/web_client.h"

#include <cstring>
#include <fmt/format.h>

#include "base/name.h"
#include "outbound/transfers.h"
#include "outbound/url.h"

namespace imprint::outbound {

namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{32} * 1024;

class Post final : public Transfer {
 public:
  Post(WebRequest request, WebClient::Done done)
      : request_(std::move(request)), done_(std::move(done)) {}

  void prepare() override {
    std::vector<std::string> headers = request_.headers;
    headers.emplace_back("Expect:");  // avoids a second round trip per event
    headers_ = make_list(headers);
    set(easy(), CURLOPT_URL, request_.url.c_str());
    set(easy(), CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy(), CURLOPT_FOLLOWLOCATION, 0L);
    set(easy(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy(), CURLOPT_POST, 1L);
    set(easy(), CURLOPT_POSTFIELDS, request_.body->data());
    set(easy(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
    set(easy(), CURLOPT_HTTPHEADER, headers_.get());
    set(easy(), CURLOPT_USERAGENT, "imprint");
    set(easy(), CURLOPT_WRITEFUNCTION, &take_body);
    set(easy(), CURLOPT_WRITEDATA, this);
    set(easy(), CURLOPT_HEADERFUNCTION, &take_header);
    set(easy(), CURLOPT_HEADERDATA, this);
    trust(request_.ca_file);
  }

  void conclude(CURLcode code) override {
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
      answer_.status = static_cast<int>(status);
    } else if (is_too_large_) {
      answer_.problem = fmt::format("the answer of {} is larger than {} bytes",
                                    without_secrets(request_.url), kMaxWebAnswerBytes);
    } else {
      answer_.was_sent = !is_unsent(code);
      answer_.problem = fmt::format("{}: {}", without_secrets(request_.url), problem_of(code));
    }
    done_(std::move(answer_));
  }

 private:
  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* context) {
    auto& post = *static_cast<Post*>(context);
    post.is_too_large_ = post.answer_.body.size() + size > kMaxWebAnswerBytes;
    if (post.is_too_large_) return CURL_WRITEFUNC_ERROR;
    post.answer_.body.append(data, size);
    return size;
  }

  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
    auto& post = *static_cast<Post*>(context);
    post.header_bytes_ += size;
    post.is_too_large_ = post.header_bytes_ > kMaxHeaderBytes;
    if (post.is_too_large_) return 0;
    constexpr std::string_view kName = "x-amz-function-error:";
    const std::string_view line(data, size);
    if (line.size() > kName.size() && ::strncasecmp(data, kName.data(), kName.size()) == 0) {
      std::string_view value = line.substr(kName.size());
      while (!value.empty() && std::strchr(" \t\r\n", value.front()) != nullptr)
        value.remove_prefix(1);
      while (!value.empty() && std::strchr(" \t\r\n", value.back()) != nullptr)
        value.remove_suffix(1);
      post.answer_.function_error = value;
    }
    return size;
  }

  WebRequest request_;
  WebClient::Done done_;
  WebAnswer answer_;
  std::size_t header_bytes_ = 0;
  bool is_too_large_ = false;
  CurlList headers_;
};

}  // namespace

WebClient::WebClient() : transfers_(std::make_unique<Transfers>()) {}
WebClient::~WebClient() = default;

void WebClient::post(std::uint64_t number, WebRequest request, Done done) {
  transfers_->start(number, std::make_unique<Post>(std::move(request), std::move(done)));
}

void WebClient::cancel(std::uint64_t number) { transfers_->cancel(number); }

}  // namespace imprint::outbound
