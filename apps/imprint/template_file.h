// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace imprint::tool {

/// A template as a file has it: its body alone, or wrapped as `aws iot` takes it in
/// --registration-config and --cli-input-json.
struct TemplateFile {
  std::string body;
  /// Beside a wrapped body, where there is one.
  std::string role_arn = {};
  /// The same: of the template that create-provisioning-template would make.
  std::string template_name = {};
};

/// Errors name the file: also a role or a name beside the body that the server would refuse.
Result<TemplateFile> read_template_file(const std::string& file);

/// The same for a body that is sent: it must be JSON at least.
Result<TemplateFile> read_template_to_send(const std::string& file);

}  // namespace imprint::tool
