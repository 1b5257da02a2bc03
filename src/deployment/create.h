// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "x509/certificate.h"
#include "x509/private_key.h"

namespace imprint::deployment {

struct CreateOptions {
  std::vector<std::string> endpoints = {};  ///< host names or IP addresses, besides localhost
  std::string organization = "Imprint";     ///< O of the CAs
  x509::KeyAlgorithm key_algorithm = x509::KeyAlgorithm::ec_p256;
};

/// The results of `imprint init`, to show to the operator.
struct Created {
  std::string root_fingerprint;  ///< SHA-256, lower-case hex
  std::string access_key_id;
  std::vector<std::string> server_names;
  Timestamp server_certificate_ends;
};

/// Makes a deployment directory: mode 0700, two CAs, an RSA and an EC server certificate,
/// credentials, configuration; every file of layout.h but the store. Refuses a path that exists
/// (Fault::conflict). Everything is built in a sibling directory, synced, and renamed into place
/// without replacing anything, so a crash leaves no directory that looks complete.
Result<Created> create(const std::filesystem::path& directory, const CreateOptions& options,
                       const Clock& clock, Random& random);

/// A server certificate for `names` (host names and IP addresses) from the issuing CA; used by
/// create() and for renewal. Valid for 825 days in all, back-dating included.
Result<x509::Certificate> make_server_certificate(const x509::PublicKey& server_key,
                                                  const std::vector<std::string>& names,
                                                  const x509::Certificate& issuing_ca,
                                                  const x509::PrivateKey& issuing_key,
                                                  Timestamp now, Random& random);

/// `endpoints` plus the names that every server certificate carries, checked and without
/// duplicates.
Result<std::vector<std::string>> server_names(const std::vector<std::string>& endpoints);

}  // namespace imprint::deployment
