// SPDX-License-Identifier: Apache-2.0
#include "deployment/port_probe.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "x509/general_name.h"

namespace imprint::deployment {

namespace {

constexpr int kConnectMilliseconds = 1000;

class Socket {
 public:
  explicit Socket(int family)
      : value_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Endpoint to_endpoint(BytesView octets, std::uint16_t port) {
  Endpoint out;
  if (octets.size() == 4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
  }
  return out;
}

bool answers(const Endpoint& endpoint) {
  const Socket socket(endpoint.storage.ss_family);
  if (socket.get() < 0) return false;
  if (::connect(socket.get(), endpoint.get(), endpoint.size) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd wait{socket.get(), POLLOUT, 0};
  if (::poll(&wait, 1, kConnectMilliseconds) != 1) return false;
  int reason = 0;
  socklen_t size = sizeof reason;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason, &size) == 0 && reason == 0;
}

}  // namespace

PortState probe_port(const ListenAddress& address) {
  const auto octets = x509::parse_ip_address(address.address);
  if (!octets) return PortState::no_address;
  const Endpoint endpoint = to_endpoint(*octets, address.port);
  const Socket socket(endpoint.storage.ss_family);
  if (socket.get() < 0) return PortState::failed;
  // As the server does, because connections of its last run may still be in TIME_WAIT.
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), endpoint.get(), endpoint.size) == 0) return PortState::free;
  switch (errno) {
    case EADDRINUSE:
      return answers(endpoint) ? PortState::answering : PortState::silent;
    case EACCES:
      return PortState::not_permitted;
    case EADDRNOTAVAIL:
      return PortState::no_address;
    default:
      return PortState::failed;
  }
}

}  // namespace imprint::deployment
