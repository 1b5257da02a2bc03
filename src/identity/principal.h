// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "registry/records.h"
#include "x509/certificate.h"

namespace imprint::identity {

using Policies = std::vector<std::shared_ptr<const policy::Policy>>;

struct AttachedThing {
  registry::Thing thing;
  bool exclusive = false;
  Policies policies = {};  ///< Of its groups and of those above them.
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

/// The policies that one connection goes by; it shares them with its principal.
struct Rights {
  Policies in_force = {};
  Policies only_deny = {};

  [[nodiscard]] policy::PolicySet set() const { return {in_force, only_deny}; }
  /// The first moment after `now` at which a condition on time may change what they say.
  [[nodiscard]] std::optional<Timestamp> next_change(Timestamp now) const;
};

/// Everything that decides what one certificate may do: an immutable snapshot, shared by the
/// sessions of that certificate and replaced whole when the registry changes.
struct Principal {
  explicit Principal(registry::Certificate record)
      : certificate(std::move(record)), id_text(certificate.id.hex()) {}

  registry::Certificate certificate;
  std::string id_text;
  std::vector<AttachedThing> things = {};
  Policies policies = {};                                 ///< Attached to the certificate itself.
  std::unique_ptr<const CertificateValues> subject = {};  ///< only when a policy speaks of it
  std::unique_ptr<const CertificateValues> issuer = {};

  /// Whether devices share it until each has an identity: made as a claim, or in AWS's way, which
  /// is any certificate that no thing holds and whose policies name the topics of fleet
  /// provisioning.
  [[nodiscard]] bool is_claim() const;
  /// The thing that stands for a connection: the one attached exclusively, or the attached one
  /// whose name is the client id (AWS IoT, thing policy variables). Null when there is none.
  [[nodiscard]] const registry::Thing* thing_of(std::string_view client_id) const;
  /// The certificate's own policies, and those of the groups of the thing that stands for the
  /// connection, as on AWS. Of the groups of its other things what they deny holds as well.
  [[nodiscard]] Rights rights_of(std::string_view client_id) const;

 private:
  [[nodiscard]] const AttachedThing* attached_of(std::string_view client_id) const;
};

using PrincipalPtr = std::shared_ptr<const Principal>;

/// What a connection adds to its principal. The texts outlive every question asked with it. Whoever
/// makes one says all of it (-Wmissing-designated-field-initializers).
struct ConnectionFacts {
  std::string client_id;
  std::string source_ip;    ///< Empty: not known.
  std::string domain_name;  ///< Of the endpoint.
  bool persistent;
  bool has_will;
  std::string will_topic;
};

/// The context policies are evaluated in. It views its arguments, which must outlive it.
policy::Context context_of(const Principal& principal, const ConnectionFacts& facts,
                           std::string_view account, Timestamp now);

}  // namespace imprint::identity
