// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

/// How long those who connect may take, and what waits for the server to end. What the MQTT session
/// counts itself is in mqtt/limits.h: CONNECT, the answer to it, a packet that has begun, and keep
/// alive.
namespace imprint::server {

// Both listeners.

/// To the first byte of the TLS handshake: the client speaks first, and has nothing to wait for.
inline constexpr std::chrono::seconds kFirstByteTime{3};

// MQTT.

/// To write the last bytes of a connection that the server ends.
inline constexpr std::chrono::seconds kClosingTime{2};
/// After that, for the client to close its end: what it still sends is read and dropped, so that no
/// reset overtakes the last bytes.
inline constexpr std::chrono::seconds kLingeringTime{1};
/// For a request that waits for a key before it is refused: less than device SDKs wait for an
/// answer.
inline constexpr std::chrono::seconds kKeyPatience{25};
/// For clients to take their DISCONNECT when the server stops.
inline constexpr std::chrono::seconds kGoodbyeTime{5};

// HTTPS.

/// The whole TLS handshake, and its end.
inline constexpr std::chrono::seconds kHandshakeTime{10};
/// From the first byte of a request to the end of its headers.
inline constexpr std::chrono::seconds kHeaderTime{10};
/// To read the body, and to write the answer.
inline constexpr std::chrono::seconds kRequestTime{20};
/// Between two requests, of somebody with an access key and of others.
inline constexpr std::chrono::seconds kIdleTime{60};
inline constexpr std::chrono::seconds kStrangerIdleTime{10};

}  // namespace imprint::server
