// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <curl/curl.h>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace imprint::outbound {

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  // Only a bug can make libcurl refuse an option that it was built with.
  IMPRINT_ASSERT(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, ListDeleter>;
CurlList make_list(const std::vector<std::string>& entries);

/// One transfer to or from another machine. libcurl holds its address.
class Transfer {
 public:
  Transfer();
  virtual ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Sets the options of this kind of transfer; the common ones are already set: no proxy from the
  /// environment, TLS 1.2 or later, certificates verified.
  virtual void prepare() = 0;
  /// Called once when the transfer has ended, unless it was cancelled.
  virtual void conclude(CURLcode code) = 0;

 protected:
  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  /// Trusts only the CAs of a PEM file; empty: the system's.
  void trust(const std::string& ca_file);
  /// libcurl's message about a failure, escaped.
  [[nodiscard]] std::string problem_of(CURLcode code) const;

 private:
  friend class Transfers;
  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

/// Whether certainly no byte of the message has reached the other side.
bool is_unsent(CURLcode code);

/// Runs all transfers on one thread of its own. It has no time-outs: the caller cancels. Any
/// thread.
class Transfers {
 public:
  Transfers();
  /// Transfers in progress end without an answer.
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  /// The caller chooses `number`, which no other transfer in progress may have.
  void start(std::uint64_t number, std::unique_ptr<Transfer> transfer);
  /// A result that is being delivered at this moment may still arrive.
  void cancel(std::uint64_t number);

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  using ByNumber = std::map<std::uint64_t, std::unique_ptr<Transfer>>;

  void wake() { curl_multi_wakeup(multi_.get()); }
  void run();
  bool take_orders();
  void begin(std::uint64_t number, std::unique_ptr<Transfer> transfer);
  std::unique_ptr<Transfer> end(std::uint64_t number);
  void conclude_finished();

  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::mutex mutex_;
  ByNumber asked_;
  std::deque<std::uint64_t> cancelled_;
  bool is_stopped_ = false;
  ByNumber running_;  ///< used by the transfer thread only
  std::thread thread_;
};

}  // namespace imprint::outbound
