// SPDX-License-Identifier: Apache-2.0
#include "x509/tbs_certificate.h"

#include "x509/der.h"
#include "x509/strings.h"

namespace imprint::x509 {

namespace {

constexpr std::uint8_t kVersion3[] = {der::context(0, true), 3, der::integer, 1, 2};

Result<int> read_version(der::Reader& fields) {
  if (!fields.next_is(der::context(0, true))) return 1;
  TRY_ASSIGN(der::Reader wrapper, fields.enter(der::context(0, true), "version"));
  TRY_ASSIGN(const BytesView value, wrapper.integer_bytes("version"));
  TRY(wrapper.end("version"));
  // An explicit 0 would be the default value, which DER does not encode.
  if (value.size() != 1 || value[0] == 0 || value[0] > 2)
    return fail(Fault::invalid, "version: only 1, 2 and 3 exist");
  return value[0] + 1;
}

}  // namespace

// Not with OpenSSL 3.0's i2d_re_X509_tbs: it has no setter for the algorithm of a signature that an
// issuance::Signer makes, nor for that signature, and reads the public key again: 1.6 ms, not 12
// us.
Result<Bytes> encode(const TbsCertificate& tbs) {
  if (tbs.not_after <= tbs.not_before)
    return fail(Fault::invalid, "the certificate would end before it begins");
  TRY_ASSIGN(const Bytes not_before, encode_time(tbs.not_before));
  TRY_ASSIGN(const Bytes not_after, encode_time(tbs.not_after));
  TRY_ASSIGN(const Bytes extensions, write_extensions(tbs.extensions));
  return der::sequence_of(BytesView(kVersion3), der::unsigned_integer(tbs.serial.magnitude()),
                          algorithm_identifier(tbs.signature_algorithm), tbs.issuer.der(),
                          der::sequence_of(not_before, not_after), tbs.subject.der(),
                          tbs.public_key.spki(),
                          der::constructed(der::context(3, true), extensions));
}

Result<Certificate> assemble(BytesView tbs_der, SignatureAlgorithm algorithm, BytesView signature) {
  return Certificate::from_der(
      der::sequence_of(tbs_der, algorithm_identifier(algorithm), der::bit_string_of(signature)));
}

Result<Certificate> sign_certificate(TbsCertificate tbs, const PrivateKey& key) {
  tbs.signature_algorithm = key.signature_algorithm();
  TRY_ASSIGN(const Bytes encoded, encode(tbs));
  TRY_ASSIGN(const Bytes signature, key.sign(encoded));
  return assemble(encoded, tbs.signature_algorithm, signature);
}

Result<TbsView> read_tbs(BytesView tbs_der) {
  TRY_ASSIGN(const der::Element outer, der::read_one(tbs_der, der::sequence, "certificate"));
  der::Reader fields(outer.content);
  TbsView out;
  TRY_ASSIGN(out.version, read_version(fields));
  TRY_ASSIGN(out.serial, fields.integer_bytes("serial number"));
  TRY_ASSIGN(const der::Element algorithm, fields.expect(der::sequence, "signature algorithm"));
  TRY_ASSIGN(const der::Element issuer, fields.expect(der::sequence, "issuer"));
  TRY_ASSIGN(der::Reader validity, fields.enter(der::sequence, "validity"));
  TRY_ASSIGN(const der::Element not_before, validity.any("notBefore"));
  TRY_ASSIGN(const der::Element not_after, validity.any("notAfter"));
  TRY(validity.end("validity"));
  TRY_ASSIGN(out.not_before, time_value(not_before.tag, not_before.content));
  TRY_ASSIGN(out.not_after, time_value(not_after.tag, not_after.content));
  TRY_ASSIGN(const der::Element subject, fields.expect(der::sequence, "subject"));
  TRY_ASSIGN(const der::Element spki, fields.expect(der::sequence, "public key"));
  out.signature_algorithm = algorithm.whole;
  out.issuer = issuer.whole;
  out.subject = subject.whole;
  out.spki = spki.whole;
  // issuerUniqueID and subjectUniqueID: obsolete, versions 2 and 3 only.
  for (const unsigned number : {1U, 2U}) {
    if (out.version > 1 && fields.next_is(der::context(number, false)))
      TRY(fields.any("unique identifier"));
  }
  if (out.version == 3 && fields.next_is(der::context(3, true))) {
    TRY_ASSIGN(der::Reader wrapper, fields.enter(der::context(3, true), "extensions"));
    TRY_ASSIGN(const der::Element extensions, wrapper.expect(der::sequence, "extensions"));
    TRY(wrapper.end("extensions"));
    out.extensions = extensions.whole;
  }
  TRY(fields.end("certificate"));
  return out;
}

}  // namespace imprint::x509
