// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "registry/records.h"
#include "x509/certificate.h"

namespace imprint::identity {

struct AttachedThing {
  registry::Thing thing;
  bool exclusive = false;
};

/// The subject or issuer of a certificate as policies see it. Owns the text that the views show.
class CertificateValues {
 public:
  CertificateValues() = default;
  CertificateValues(const x509::DistinguishedName& name,
                    const std::vector<x509::AlternativeName>& alternatives);
  CertificateValues(const CertificateValues&) = delete;
  CertificateValues& operator=(const CertificateValues&) = delete;

  [[nodiscard]] std::span<const policy::CertificateValue> views() const { return views_; }

 private:
  void add(policy::CertificateField field, std::string value);

  std::vector<std::unique_ptr<const std::string>> texts_;
  std::vector<policy::CertificateValue> views_;
};

/// Everything that decides what one certificate may do: an immutable snapshot, shared by the
/// sessions of that certificate and replaced whole when the registry changes.
struct Principal {
  explicit Principal(registry::Certificate record)
      : certificate(std::move(record)), id_text(certificate.id.hex()) {}

  registry::Certificate certificate;
  std::string id_text;
  std::vector<AttachedThing> things = {};
  std::vector<std::shared_ptr<const policy::Policy>> policies = {};
  std::unique_ptr<const CertificateValues> subject = {};  ///< only when a policy speaks of it
  std::unique_ptr<const CertificateValues> issuer = {};

  /// The thing that stands for a connection: the one attached exclusively, or the attached one
  /// whose name is the client id (AWS IoT, thing policy variables). Null when there is none.
  [[nodiscard]] const registry::Thing* thing_of(std::string_view client_id) const;
};

using PrincipalPtr = std::shared_ptr<const Principal>;

/// What a connection adds to its principal. The texts outlive every question asked with it.
struct ConnectionFacts {
  std::string client_id = {};
  std::string source_ip = {};
  bool persistent = false;
  bool has_will = false;
  std::string will_topic = {};
};

/// The context policies are evaluated in. It views both arguments, which must outlive it.
policy::Context context_of(const Principal& principal, const ConnectionFacts& facts,
                           std::string_view account);

}  // namespace imprint::identity
