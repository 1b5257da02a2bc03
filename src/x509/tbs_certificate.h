// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "x509/algorithm.h"
#include "x509/certificate.h"
#include "x509/extensions.h"
#include "x509/name.h"
#include "x509/private_key.h"
#include "x509/public_key.h"
#include "x509/serial.h"

namespace imprint::x509 {

/// The content of a certificate before it is signed. Times are cut to whole seconds.
struct TbsCertificate {
  CertificateSerial serial;
  SignatureAlgorithm signature_algorithm;
  DistinguishedName issuer;
  Timestamp not_before;
  Timestamp not_after;
  DistinguishedName subject;
  PublicKey public_key;
  Extensions extensions;
};

/// The DER TBSCertificate, version 3. Times up to 2049 are UTCTime, later ones GeneralizedTime
/// (RFC 5280 section 4.1.2.5). Fails when notAfter is not after notBefore, a year lies outside
/// 1950..9999, or an extension cannot be written.
Result<Bytes> encode(const TbsCertificate& tbs);

/// The certificate made of a TBSCertificate and a signature over exactly these bytes.
Result<Certificate> assemble(BytesView tbs_der, SignatureAlgorithm algorithm, BytesView signature);

/// Encodes, signs and assembles at once: for roots, issuing CAs, servers and tests. Device
/// certificates go through issuance/, which lints before it signs.
Result<Certificate> sign_certificate(TbsCertificate tbs, const PrivateKey& key);

/// The fields of an encoded TBSCertificate; used by Certificate and by lint. Views point into the
/// bytes given.
struct TbsView {
  int version = 1;
  BytesView serial;               ///< content of the INTEGER
  BytesView signature_algorithm;  ///< whole AlgorithmIdentifier
  BytesView issuer;               ///< whole Name
  Timestamp not_before;
  Timestamp not_after;
  BytesView subject;     ///< whole Name
  BytesView spki;        ///< whole SubjectPublicKeyInfo
  BytesView extensions;  ///< whole Extensions SEQUENCE; empty when absent
};
Result<TbsView> read_tbs(BytesView tbs_der);

}  // namespace imprint::x509
