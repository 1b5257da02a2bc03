// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"
#include "x509/name.h"

namespace imprint::issuance {

/// The options of device certificates that an operator may choose; everything else is fixed by
/// lint.h.
struct ProfileOptions {
  std::string name = "device";  ///< the metric label
  std::string common_name = "Imprint device certificate";
  std::string organization = {};  ///< left out when empty
  /// Shortened to the issuing CA's own notAfter when it would outlive the CA.
  Seconds validity = std::chrono::hours(24 * 3650);
  /// notBefore lies this far in the past, because device clocks run behind.
  Seconds backdate = std::chrono::minutes(5);
  std::vector<std::string> crl_urls = {};
  std::vector<std::string> ocsp_urls = {};
  std::vector<std::string> ca_issuer_urls = {};
};

/// How one issuing CA certifies devices: an immutable value, safe to share between threads.
/// The subject comes from here, never from a request.
class Profile {
 public:
  static constexpr Seconds kMaxBackdate = std::chrono::hours(24);

  /// Fails when the issuer is not a CA with key identifier and a supported key, when a duration or
  /// a URL is out of range, or when the subject cannot be encoded.
  static Result<Profile> make(const ProfileOptions& options, const x509::Certificate& issuing_ca);

  [[nodiscard]] const ProfileOptions& options() const { return options_; }
  [[nodiscard]] const x509::Certificate& issuing_ca() const { return issuing_ca_; }
  [[nodiscard]] const x509::DistinguishedName& subject() const { return subject_; }
  [[nodiscard]] x509::SignatureAlgorithm signature_algorithm() const { return algorithm_; }
  /// The same profile with another validity: a template's certificate-validity setting.
  [[nodiscard]] Result<Profile> with_validity(Seconds validity) const;

 private:
  Profile(ProfileOptions options, x509::Certificate issuing_ca, x509::DistinguishedName subject,
          x509::SignatureAlgorithm algorithm)
      : options_(std::move(options)),
        issuing_ca_(std::move(issuing_ca)),
        subject_(std::move(subject)),
        algorithm_(algorithm) {}

  ProfileOptions options_;
  x509::Certificate issuing_ca_;
  x509::DistinguishedName subject_;
  x509::SignatureAlgorithm algorithm_;
};

}  // namespace imprint::issuance
