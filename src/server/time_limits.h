// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

/// Time limits of connections and of the shutdown. The limits that the MQTT session enforces itself
/// are in mqtt/limits.h: CONNECT, the answer to it, a packet that has begun, and keep alive.
namespace imprint::server {

// Both listeners.

/// Until the first byte of the TLS handshake: the client sends first and need not wait for
/// anything.
inline constexpr std::chrono::seconds kFirstByteTime{3};

// MQTT.

/// To write the last bytes of a connection that the server ends.
inline constexpr std::chrono::seconds kClosingTime{2};
/// After that, for the client to close its end: further input is read and dropped, so that no reset
/// overtakes the last bytes.
inline constexpr std::chrono::seconds kLingeringTime{1};
/// For a request to wait for a key before it is refused; less than device SDKs wait for an answer.
inline constexpr std::chrono::seconds kKeyPatience{25};
/// For clients to receive their DISCONNECT when the server stops.
inline constexpr std::chrono::seconds kGoodbyeTime{5};

// HTTPS.

/// For the whole TLS handshake, and for its shutdown.
inline constexpr std::chrono::seconds kHandshakeTime{10};
/// From the first byte of a request to the end of its headers.
inline constexpr std::chrono::seconds kHeaderTime{10};
/// To read the body, and to write the answer.
inline constexpr std::chrono::seconds kRequestTime{20};
/// Between two requests, from an operator and from unauthenticated clients.
inline constexpr std::chrono::seconds kIdleTime{60};
inline constexpr std::chrono::seconds kUnauthenticatedIdleTime{10};

}  // namespace imprint::server
