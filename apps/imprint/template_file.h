// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace imprint::tool {

/// A template as read from a file: its body alone, or wrapped as `aws iot` takes it in
/// --registration-config and --cli-input-json.
struct TemplateFile {
  std::string body;
  /// The role beside a wrapped body, if there is one.
  std::string role_arn = {};
  /// Likewise, the name of the template that create-provisioning-template would make.
  std::string template_name = {};
};

/// Errors name the file, also for a role or a name beside the body that the server would refuse.
Result<TemplateFile> read_template_file(const std::string& file);

/// As above, for a body that is sent to the server: it must at least be JSON.
Result<TemplateFile> read_template_to_send(const std::string& file);

}  // namespace imprint::tool
