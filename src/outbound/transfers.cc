// SPDX-License-Identifier: Apache-2.0
#include "outbound/transfers.h"

#include "base/name.h"
#include "base/thread.h"

namespace imprint::outbound {

namespace {

constexpr long kIdleConnections = 64;
constexpr int kLongestWait = 60'000;  // milliseconds; new work wakes the thread

void initialise_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);  // once per process
  IMPRINT_ASSERT(code == CURLE_OK);
}

}  // namespace

CurlList make_list(const std::vector<std::string>& entries) {
  curl_slist* list = nullptr;
  for (const std::string& entry : entries) list = curl_slist_append(list, entry.c_str());
  return CurlList(list);
}

Transfer::Transfer() {
  initialise_curl();
  easy_.reset(curl_easy_init());
  IMPRINT_ASSERT(easy_ != nullptr);
  set(easy(), CURLOPT_PROXY, "");
  set(easy(), CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer delays only its own request.
  set(easy(), CURLOPT_QUICK_EXIT, 1L);
  set(easy(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy(), CURLOPT_ERRORBUFFER, problem_.data());
}

void Transfer::trust(const std::string& ca_file) {
  if (ca_file.empty()) return;
  set(easy(), CURLOPT_CAINFO, ca_file.c_str());
  set(easy(), CURLOPT_CAPATH, nullptr);
}

std::string Transfer::problem_of(CURLcode code) const {
  return quote(problem_[0] == 0 ? curl_easy_strerror(code) : problem_.data());
}

bool is_unsent(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_SSL_CONNECT_ERROR;
}

Transfers::Transfers() {
  initialise_curl();
  multi_.reset(curl_multi_init());
  IMPRINT_ASSERT(multi_ != nullptr);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kIdleConnections);
  thread_ = start_thread("outbound", [this] { run(); });
}

Transfers::~Transfers() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  wake();
  thread_.join();
}

void Transfers::start(std::uint64_t number, std::unique_ptr<Transfer> transfer) {
  {
    const std::scoped_lock lock(mutex_);
    asked_.emplace(number, std::move(transfer));
  }
  wake();
}

void Transfers::cancel(std::uint64_t number) {
  {
    const std::scoped_lock lock(mutex_);
    if (asked_.erase(number) > 0) return;
    cancelled_.push_back(number);
  }
  wake();
}

void Transfers::run() {
  while (take_orders()) {
    int count = 0;
    curl_multi_perform(multi_.get(), &count);
    conclude_finished();
    curl_multi_poll(multi_.get(), nullptr, 0, kLongestWait, nullptr);
  }
  for (const auto& [number, transfer] : running_)
    curl_multi_remove_handle(multi_.get(), transfer->easy());
  running_.clear();
}

bool Transfers::take_orders() {
  ByNumber starting;
  std::deque<std::uint64_t> ending;
  {
    const std::scoped_lock lock(mutex_);
    if (is_stopped_) return false;
    starting.swap(asked_);
    ending.swap(cancelled_);
  }
  for (auto& [number, transfer] : starting) begin(number, std::move(transfer));
  for (const std::uint64_t number : ending) end(number);
  return true;
}

void Transfers::begin(std::uint64_t number, std::unique_ptr<Transfer> transfer) {
  transfer->prepare();
  set(transfer->easy(), CURLOPT_PRIVATE, reinterpret_cast<void*>(number));
  curl_multi_add_handle(multi_.get(), transfer->easy());
  running_.emplace(number, std::move(transfer));
}

std::unique_ptr<Transfer> Transfers::end(std::uint64_t number) {
  auto node = running_.extract(number);
  if (node.empty()) return nullptr;
  curl_multi_remove_handle(multi_.get(), node.mapped()->easy());
  return std::move(node.mapped());
}

void Transfers::conclude_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    void* number = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &number);
    const CURLcode code = message->data.result;
    const auto transfer = end(reinterpret_cast<std::uint64_t>(number));
    transfer->conclude(code);
  }
}

}  // namespace imprint::outbound
