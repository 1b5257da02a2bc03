// SPDX-License-Identifier: Apache-2.0
#include "hooks/web_client.h"

#include <array>
#include <cstring>
#include <curl/curl.h>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/name.h"
#include "hooks/verdict.h"

namespace imprint::hooks {

namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{32} * 1024;
constexpr long kIdleConnections = 64;
constexpr int kLongestWait = 60'000;  // milliseconds; whoever has work wakes the thread

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

/// One request under way. libcurl holds its address.
struct Transfer {
  WebRequest request;
  WebClient::Done done;
  WebAnswer answer;
  std::size_t header_bytes = 0;
  bool is_too_large = false;
  std::array<char, CURL_ERROR_SIZE> problem{};
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<curl_slist, ListDeleter> headers;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.is_too_large = transfer.answer.body.size() + size > kMaxAnswerBytes;
  if (transfer.is_too_large) return CURL_WRITEFUNC_ERROR;
  transfer.answer.body.append(data, size);
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.header_bytes += size;
  transfer.is_too_large = transfer.header_bytes > kMaxHeaderBytes;
  if (transfer.is_too_large) return 0;
  constexpr std::string_view kName = "x-amz-function-error:";
  const std::string_view line(data, size);
  if (line.size() > kName.size() && ::strncasecmp(data, kName.data(), kName.size()) == 0) {
    std::string_view value = line.substr(kName.size());
    while (!value.empty() && std::strchr(" \t\r\n", value.front()) != nullptr)
      value.remove_prefix(1);
    while (!value.empty() && std::strchr(" \t\r\n", value.back()) != nullptr)
      value.remove_suffix(1);
    transfer.answer.function_error = value;
  }
  return size;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  // Only a bug can make libcurl refuse an option that it was built with.
  IMPRINT_ASSERT(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

/// Whether no byte of the request can have reached anybody.
bool is_unsent(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_SSL_CONNECT_ERROR;
}

void prepare(Transfer& transfer) {
  transfer.easy.reset(curl_easy_init());
  CURL* easy = transfer.easy.get();
  IMPRINT_ASSERT(easy != nullptr);
  curl_slist* headers = nullptr;
  for (const std::string& header : transfer.request.headers)
    headers = curl_slist_append(headers, header.c_str());
  headers = curl_slist_append(headers, "Expect:");  // no second round trip for an event
  transfer.headers.reset(headers);
  set(easy, CURLOPT_URL, transfer.request.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer holds up its own request only.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_POSTFIELDS, transfer.request.body->data());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.request.body->size()));
  set(easy, CURLOPT_HTTPHEADER, headers);
  set(easy, CURLOPT_USERAGENT, "imprint");
  set(easy, CURLOPT_ERRORBUFFER, transfer.problem.data());
  set(easy, CURLOPT_WRITEFUNCTION, &take_body);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_HEADERFUNCTION, &take_header);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  if (!transfer.request.ca_file.empty()) {
    set(easy, CURLOPT_CAINFO, transfer.request.ca_file.c_str());
    set(easy, CURLOPT_CAPATH, nullptr);
  }
}

void conclude(Transfer& transfer, CURLcode code) {
  WebAnswer& answer = transfer.answer;
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
  } else if (transfer.is_too_large) {
    answer.problem = fmt::format("the answer of {} is larger than {} bytes",
                                 quote(transfer.request.url), kMaxAnswerBytes);
  } else {
    answer.was_sent = !is_unsent(code);
    answer.problem = fmt::format(
        "{}: {}", quote(transfer.request.url),
        quote(transfer.problem[0] == 0 ? curl_easy_strerror(code) : transfer.problem.data()));
  }
  transfer.done(std::move(answer));
}

void initialise_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);  // once in a process
  IMPRINT_ASSERT(code == CURLE_OK);
}

}  // namespace

struct WebClient::Parts {
  std::unique_ptr<CURLM, MultiDeleter> multi;

  std::mutex mutex;
  std::map<std::uint64_t, std::unique_ptr<Transfer>> asked;
  std::deque<std::uint64_t> cancelled;
  bool is_stopped = false;

  std::map<std::uint64_t, std::unique_ptr<Transfer>> running = {};  ///< the thread's own
  std::thread thread;

  void wake() { curl_multi_wakeup(multi.get()); }

  void run() {
    while (take_orders()) {
      int count = 0;
      curl_multi_perform(multi.get(), &count);
      conclude_finished();
      curl_multi_poll(multi.get(), nullptr, 0, kLongestWait, nullptr);
    }
    for (const auto& [number, transfer] : running)
      curl_multi_remove_handle(multi.get(), transfer->easy.get());
    running.clear();
  }

  bool take_orders() {
    std::map<std::uint64_t, std::unique_ptr<Transfer>> starting;
    std::deque<std::uint64_t> ending;
    {
      const std::scoped_lock lock(mutex);
      if (is_stopped) return false;
      starting.swap(asked);
      ending.swap(cancelled);
    }
    for (auto& [number, transfer] : starting) {
      prepare(*transfer);
      set_number(*transfer, number);
      curl_multi_add_handle(multi.get(), transfer->easy.get());
      running.emplace(number, std::move(transfer));
    }
    for (const std::uint64_t number : ending) end(number);
    return true;
  }

  static void set_number(Transfer& transfer, std::uint64_t number) {
    set(transfer.easy.get(), CURLOPT_PRIVATE, reinterpret_cast<void*>(number));
  }

  std::unique_ptr<Transfer> end(std::uint64_t number) {
    auto node = running.extract(number);
    if (node.empty()) return nullptr;
    curl_multi_remove_handle(multi.get(), node.mapped()->easy.get());
    return std::move(node.mapped());
  }

  void conclude_finished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* number = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &number);
      const CURLcode code = message->data.result;
      const auto transfer = end(reinterpret_cast<std::uint64_t>(number));
      conclude(*transfer, code);
    }
  }
};

WebClient::WebClient() : parts_(std::make_unique<Parts>()) {
  initialise_curl();
  parts_->multi.reset(curl_multi_init());
  IMPRINT_ASSERT(parts_->multi != nullptr);
  curl_multi_setopt(parts_->multi.get(), CURLMOPT_MAXCONNECTS, kIdleConnections);
  parts_->thread = std::thread([parts = parts_.get()] { parts->run(); });
}

WebClient::~WebClient() {
  {
    const std::scoped_lock lock(parts_->mutex);
    parts_->is_stopped = true;
  }
  parts_->wake();
  parts_->thread.join();
}

void WebClient::post(std::uint64_t number, WebRequest request, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  {
    const std::scoped_lock lock(parts_->mutex);
    parts_->asked.emplace(number, std::move(transfer));
  }
  parts_->wake();
}

void WebClient::cancel(std::uint64_t number) {
  {
    const std::scoped_lock lock(parts_->mutex);
    if (parts_->asked.erase(number) > 0) return;
    parts_->cancelled.push_back(number);
  }
  parts_->wake();
}

}  // namespace imprint::hooks
