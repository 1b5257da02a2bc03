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

/// One conversation with another machine. libcurl holds its address.
class Transfer {
 public:
  Transfer();
  virtual ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Sets what the kind of conversation needs; what all have in common is set: no proxy of the
  /// environment, TLS 1.2 at least, certificates checked.
  virtual void prepare() = 0;
  /// Called once when it has ended, unless it was cancelled.
  virtual void conclude(CURLcode code) = 0;

 protected:
  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  /// Trusts the CAs of a PEM file alone; empty: the system's.
  void trust(const std::string& ca_file);
  /// libcurl's sentence on a failure, escaped.
  [[nodiscard]] std::string problem_of(CURLcode code) const;

 private:
  friend class Transfers;
  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

/// Whether no byte of the message can have reached anybody.
bool is_unsent(CURLcode code);

/// Transfers, all of them on one thread of its own. It keeps no time: whoever asked cancels. Any
/// thread.
class Transfers {
 public:
  Transfers();
  /// What is under way ends without an answer.
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  /// `number` is the caller's, and of no other transfer under way.
  void start(std::uint64_t number, std::unique_ptr<Transfer> transfer);
  /// An answer that is being delivered at this moment may still come.
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
  ByNumber running_;  ///< the thread's own
  std::thread thread_;
};

}  // namespace imprint::outbound
