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
  Policies policies = {};  ///< Those of its groups and their parent groups.
};

/// The subject or issuer of a certificate, for policies. Owns the texts of views().
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

/// The policies that apply to a connection; shared with its principal.
struct Rights {
  Policies in_force = {};
  Policies only_deny = {};

  [[nodiscard]] policy::PolicySet set() const { return {in_force, only_deny}; }
  /// The first time after `now` at which a time condition may change a decision.
  [[nodiscard]] std::optional<Timestamp> next_change(Timestamp now) const;
};

/// All data that determines the permissions of a certificate. An immutable snapshot, shared by the
/// certificate's sessions and replaced when the registry changes.
struct Principal {
  explicit Principal(registry::Certificate record)
      : certificate(std::move(record)), id_text(certificate.id.hex()) {}

  registry::Certificate certificate;
  std::string id_text;
  std::vector<AttachedThing> things = {};
  Policies policies = {};                                 ///< Attached to the certificate itself.
  std::unique_ptr<const CertificateValues> subject = {};  ///< only if a policy refers to it
  std::unique_ptr<const CertificateValues> issuer = {};

  /// Whether this is a claim certificate, which devices share until each has its own identity:
  /// either created as a claim or, as on AWS, any certificate without a thing whose policies name
  /// the topics of fleet provisioning.
  [[nodiscard]] bool is_claim() const;
  /// The thing of a connection: the exclusively attached thing, or the attached thing whose name is
  /// the client id (AWS IoT, thing policy variables). Null if there is none.
  [[nodiscard]] const registry::Thing* thing_of(std::string_view client_id) const;
  /// As on AWS, the certificate's own policies and those of the groups of the connection's thing.
  /// In addition, Deny statements from the groups of its other things apply.
  [[nodiscard]] Rights rights_of(std::string_view client_id) const;

 private:
  [[nodiscard]] const AttachedThing* attached_of(std::string_view client_id) const;
};

using PrincipalPtr = std::shared_ptr<const Principal>;

/// The facts about a connection that policies can refer to. Must outlive every context made from
/// it. All members must be initialized explicitly (-Wmissing-designated-field-initializers).
struct ConnectionFacts {
  std::string client_id;
  std::string source_ip;    ///< Empty if unknown.
  std::string domain_name;  ///< The endpoint's.
  bool persistent;
  bool has_will;
  std::string will_topic;
};

/// The context for evaluating policies. It borrows from its arguments, which must outlive it.
policy::Context context_of(const Principal& principal, const ConnectionFacts& facts,
                           std::string_view account, Timestamp now);

}  // namespace imprint::identity
