// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace imprint::access {

/// The access key with which an operator signs requests, in the form that AWS's clients expect.
struct AccessKey {
  std::string id;  ///< "AKIA" and 16 characters of A-Z2-7
  Secret secret;   ///< 40 characters of A-Za-z0-9+/

  static AccessKey make(Random& random);
  /// Reads profile `default` of a shared-credentials file. Refuses a file that others can read
  /// (Fault::forbidden).
  static Result<AccessKey> load(const std::filesystem::path& file);
  /// The text of a shared-credentials file with the key in profile `default`.
  [[nodiscard]] Secret file_text() const;
};

}  // namespace imprint::access
