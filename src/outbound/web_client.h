// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace imprint::outbound {

/// Of an answer's body.
inline constexpr std::size_t kMaxWebAnswerBytes = std::size_t{64} * 1024;

struct WebRequest {
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::shared_ptr<const std::string> body;
  std::string ca_file = {};  ///< PEM; empty: the system's CAs
};

struct WebAnswer {
  int status = 0;  ///< 0: there is none, and `problem` says why
  std::string body = {};
  std::string function_error = {};  ///< the X-Amz-Function-Error header
  std::string problem = {};
  bool was_sent = true;  ///< false: no connection came about
};

class Transfers;

/// Posts to HTTP servers, all of them on one thread of its own. http and https only, no redirects,
/// no proxy of the environment, TLS 1.2 at least, bounded answers. It keeps no time: cancel().
/// Any thread.
class WebClient {
 public:
  using Done = std::function<void(WebAnswer)>;

  WebClient();
  /// What is under way ends without an answer.
  ~WebClient();
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;

  /// `number` is the caller's, and of no other request under way. `done` is called once on the
  /// client's thread, unless cancelled.
  void post(std::uint64_t number, WebRequest request, Done done);
  /// An answer that is being delivered at this moment may still come.
  void cancel(std::uint64_t number);

 private:
  std::unique_ptr<Transfers> transfers_;
};

}  // namespace imprint::outbound
