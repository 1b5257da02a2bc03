// SPDX-License-Identifier: Apache-2.0
#include "server/port_claim.h"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include "deployment/port_probe.h"

namespace imprint::server {

namespace {

using deployment::PortState;

constexpr int kAttempts = 500;
constexpr auto kPause = std::chrono::milliseconds(20);

/// Two that start at the same moment would each find the port free: a name that one process of a
/// network namespace can have makes them take turns. It goes with the descriptor.
Result<FileDescriptor> take_turn(std::uint16_t port) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open())
    return fail(Fault::unavailable, "cannot open a socket: {}", std::strerror(errno));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  // A first byte of zero: a name that lies in no folder (unix(7)).
  const std::string text = fmt::format("imprintd binds port {}", port);
  std::memcpy(name.sun_path + 1, text.data(), text.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  for (int left = kAttempts;
       ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0; --left) {
    if (errno != EADDRINUSE || left == 0)
      return fail(Fault::unavailable,
                  "another imprintd is starting on port {}, or a program of this machine holds its "
                  "place; try "
                  "again, or choose another port (--mqtt): {}",
                  port, std::strerror(errno));
    std::this_thread::sleep_for(kPause);
  }
  return socket;
}

}  // namespace

Result<PortClaim> PortClaim::make(const deployment::ListenAddress& address) {
  TRY_ASSIGN(FileDescriptor turn, take_turn(address.port));
  // Port 0 is one that nobody has.
  const PortState state = address.port == 0 ? PortState::free : deployment::probe_port(address);
  if (state == PortState::answering || state == PortState::silent) {
    return fail(
        Fault::conflict,
        "cannot listen on {}: another process does already, perhaps the imprintd of another "
        "deployment; see who: ss -ltnp 'sport = :{}', or choose another port (listen.mqtt, "
        "--mqtt)",
        address.text(), address.port);
  }
  return PortClaim(std::move(turn));
}

}  // namespace imprint::server
