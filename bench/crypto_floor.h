// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace imprint::bench {

/// The cost of the P-256 operations of one onboarding on this CPU, in microseconds, with nothing
/// around them: libcrypto's low-level calls on prepared keys. The yardstick for server CPU:
/// absolute times vary by a third with the machine's other load, but ratios to this floor do not.
struct CryptoFloor {
  double keygen = 0;
  double derive = 0;  ///< ECDH
  double sign = 0;
  double verify = 0;  ///< with import of the public point

  /// Measures for about a fifth of a second.
  static CryptoFloor measure();

  /// TLS 1.3, everything P-256, the client known by fingerprint: key share, ECDH, one
  /// CertificateVerify signed and one verified, and 10 us of hashes, HKDF and AEAD.
  [[nodiscard]] double handshake() const { return keygen + derive + sign + verify + 10; }
  /// The handshake, the CSR's proof verified, a certificate signed, and 2 us of hashes.
  [[nodiscard]] double csr_flow() const { return handshake() + verify + sign + 2; }
  [[nodiscard]] double csr_flow_and_reconnect() const { return csr_flow() + handshake(); }
  /// The same when the server makes the key.
  [[nodiscard]] double keys_flow() const { return handshake() + keygen + sign + 2; }
};

}  // namespace imprint::bench
