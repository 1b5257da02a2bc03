// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace imprint::deployment {

/// The operator's access key, as the AWS CLI reads it from a shared-credentials file.
struct AdminCredentials {
  std::string access_key_id;  ///< "AKIA" and 16 of A-Z2-7
  Secret secret_access_key;   ///< 40 of A-Za-z0-9+/

  static AdminCredentials make(Random& random);
  /// Reads profile `default`. Refuses a file that others can read (Fault::forbidden).
  static Result<AdminCredentials> load(const std::filesystem::path& file);
  /// The text of the shared-credentials file.
  [[nodiscard]] Secret file_text() const;
};

}  // namespace imprint::deployment
