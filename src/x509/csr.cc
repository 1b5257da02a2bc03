// SPDX-License-Identifier: Apache-2.0
#include "x509/csr.h"

#include "outcome/causes.h"
#include "x509/algorithm.h"
#include "x509/der.h"
#include "x509/digest.h"
#include "x509/name.h"
#include "x509/pem.h"

namespace imprint::x509 {

namespace {

struct Request {
  BytesView info;  ///< whole CertificationRequestInfo: what the sender signed
  BytesView spki;
  BytesView algorithm;
  BytesView signature;
};

/// RFC 2986 section 4.1: a SET OF Attribute, each a SEQUENCE of an identifier and a SET of values.
Result<void> check_attributes(BytesView content) {
  constexpr std::string_view kWhat = "attributes";
  der::Reader attributes(content);
  while (!attributes.empty()) {
    TRY_ASSIGN(der::Reader attribute, attributes.enter(der::sequence, kWhat));
    TRY(attribute.oid(kWhat));
    TRY_ASSIGN(const der::Element values, attribute.expect(der::set, kWhat));
    TRY(attribute.end(kWhat));
    der::Reader each(values.content);
    if (each.empty()) return fail(Fault::invalid, "attributes: one has no value");
    while (!each.empty()) TRY(each.any(kWhat));
  }
  return {};
}

/// RFC 2986 section 4. The attributes have no effect, but they must be well-formed.
Result<Request> read_request(BytesView der) {
  TRY_ASSIGN(const der::Element outer, der::read_one(der, der::sequence, "request"));
  der::Reader reader(outer.content);
  TRY_ASSIGN(const der::Element info, reader.expect(der::sequence, "request info"));
  TRY_ASSIGN(const der::Element algorithm, reader.expect(der::sequence, "signature algorithm"));
  TRY_ASSIGN(const BytesView signature, reader.bit_string_bytes("signature"));
  TRY(reader.end("request"));

  der::Reader fields(info.content);
  TRY_ASSIGN(const BytesView version, fields.integer_bytes("version"));
  if (version.size() != 1 || version[0] != 0)
    return fail(Fault::invalid, "version: only version 1 (value 0) exists");
  TRY_ASSIGN(const der::Element subject, fields.expect(der::sequence, "subject"));
  TRY(DistinguishedName::from_der(subject.whole));
  TRY_ASSIGN(const der::Element spki, fields.expect(der::sequence, "public key"));
  // RFC 2986 requires the attributes even when empty; some embedded stacks leave them out.
  if (!fields.empty()) {
    TRY_ASSIGN(const der::Element attributes, fields.expect(der::context(0, true), "attributes"));
    TRY(check_attributes(attributes.content));
  }
  TRY(fields.end("request info"));
  return Request{info.whole, spki.whole, algorithm.whole, signature};
}

/// For an ECDSA signature (r, s), uses r alone: (r, n - s) verifies as well, and anybody can
/// compute it.
Result<Sha256> proof_of(const Request& request, SignatureAlgorithm algorithm) {
  BytesView own = request.signature;
  if (!is_rsa(algorithm)) {
    TRY_ASSIGN(const der::Element pair, der::read_one(own, der::sequence, "signature"));
    der::Reader numbers(pair.content);
    TRY_ASSIGN(own, numbers.integer_bytes("signature"));
  }
  Bytes both(request.info.begin(), request.info.end());
  both.insert(both.end(), own.begin(), own.end());
  return sha256(both);
}

Unexpected refuse(std::string_view step, const Error& error) {
  return Unexpected(Error{Fault::invalid, fmt::format("CSR {}: {}", step, error.message),
                          error.where, "InvalidCsr"_cause});
}

}  // namespace

Result<Csr> Csr::from_pem(std::string_view text, KeyRule rule) {
  auto block = decode_pem(text, {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}, kMaxPemChars,
                          "certificate signing request");
  if (!block) return refuse("text", block.error());
  return from_der(block->der, rule);
}

Result<Csr> Csr::from_der(BytesView der, KeyRule rule) {
  const auto request = read_request(der);
  if (!request) return refuse("structure", request.error());
  auto key = PublicKey::from_spki(request->spki);
  if (!key) return refuse("public key", key.error());
  if (const auto fit = rule(*key); !fit) return refuse("public key", fit.error());
  const auto algorithm = parse_signature_algorithm(request->algorithm);
  if (!algorithm) return refuse("signature", algorithm.error());
  if (const auto valid = key->verify(*algorithm, request->info, request->signature); !valid)
    return refuse("self-signature", valid.error());
  auto proof = proof_of(*request, *algorithm);
  if (!proof) return refuse("self-signature", proof.error());
  return Csr(std::move(*key), *proof);
}

Result<std::string> make_csr_pem(const PrivateKey& key, const DistinguishedName& subject) {
  const Bytes no_attributes = der::element(der::context(0, true), {});
  const Bytes info = der::sequence_of(der::unsigned_integer({}), subject.der(),
                                      key.public_key().spki(), no_attributes);
  TRY_ASSIGN(const Bytes signature, key.sign(info));
  return encode_pem("CERTIFICATE REQUEST",
                    der::sequence_of(info, algorithm_identifier(key.signature_algorithm()),
                                     der::bit_string_of(signature)));
}

}  // namespace imprint::x509
