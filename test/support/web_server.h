// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <fmt/format.h>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/error.h"

namespace imprint::test {

/// One HTTP request as received.
struct WebCall {
  std::string head;  ///< up to and without the empty line
  std::string body;
  [[nodiscard]] bool has(std::string_view part) const {
    return head.find(part) != std::string::npos;
  }
};

inline std::string web_answer(int status, const std::string& body, const std::string& more = "") {
  return fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), more,
                     body);
}

/// A web server on a loopback port whose handler returns the exact bytes of each answer; an empty
/// answer closes the connection. It has one thread per connection, so the handler may wait.
class WebServer {
 public:
  using Handler = std::function<std::string(const WebCall&)>;

  explicit WebServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    IMPRINT_ASSERT(::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0);
    IMPRINT_ASSERT(::listen(listener_, 128) == 0);
    IMPRINT_ASSERT(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { accept(); });
  }
  ~WebServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    {
      const std::scoped_lock lock(mutex_);
      for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int connection : connections_) ::close(connection);
    ::close(listener_);
  }
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  [[nodiscard]] int calls() const { return calls_; }

 private:
  void accept() {
    while (true) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      const std::scoped_lock lock(mutex_);
      connections_.push_back(connection);
      threads_.emplace_back([this, connection] { serve(connection); });
    }
  }

  void serve(int connection) {
    std::string held;
    while (true) {
      const auto end = held.find("\r\n\r\n");
      if (end == std::string::npos) {
        if (!read_more(connection, held)) return;
        continue;
      }
      WebCall call{held.substr(0, end), {}};
      const auto at = call.head.find("Content-Length: ");
      const std::size_t length =
          at == std::string::npos ? 0 : std::stoul(call.head.substr(at + 16));
      while (held.size() < end + 4 + length) {
        if (!read_more(connection, held)) return;
      }
      call.body = held.substr(end + 4, length);
      held.erase(0, end + 4 + length);
      ++calls_;
      const std::string answer = handler_(call);
      if (answer.empty()) {
        ::shutdown(connection, SHUT_RDWR);
        return;
      }
      if (::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  static bool read_more(int connection, std::string& held) {
    char bytes[4096];
    const ssize_t size = ::recv(connection, bytes, sizeof bytes, 0);
    if (size > 0) held.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> calls_{0};
  std::mutex mutex_;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

}  // namespace imprint::test
