// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace imprint::outbound {

/// The limit of an answer's body.
inline constexpr std::size_t kMaxWebAnswerBytes = std::size_t{64} * 1024;

struct WebRequest {
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::shared_ptr<const std::string> body;
  std::string ca_file = {};  ///< PEM; empty: the system's CAs
};

struct WebAnswer {
  int status = 0;  ///< 0: there is no answer, and `problem` says why
  std::string body = {};
  std::string function_error = {};  ///< the X-Amz-Function-Error header
  std::string problem = {};
  bool was_sent = true;  ///< false: no connection was established
};

class Transfers;

/// Posts to HTTP servers, on one thread of its own. http and https only, no redirects, no proxy
/// from the environment, TLS 1.2 or later, bounded answers. It has no time-outs: the caller
/// cancels. Any thread.
class WebClient {
 public:
  using Done = std::function<void(WebAnswer)>;

  WebClient();
  /// Requests in progress end without an answer.
  ~WebClient();
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;

  /// The caller chooses `number`, which no other request in progress may have. `done` is called
  /// once on the client's thread, unless cancelled.
  void post(std::uint64_t number, WebRequest request, Done done);
  /// An answer that is being delivered at this moment may still arrive.
  void cancel(std::uint64_t number);

 private:
  std::unique_ptr<Transfers> transfers_;
};

}  // namespace imprint::outbound
