// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace imprint::tool {

/// A template as a file has it: its body alone, or wrapped as `aws iot` takes it in
/// --registration-config and --cli-input-json.
struct TemplateFile {
  std::string body;
  std::string role_arn = {};  ///< beside a wrapped body, where there is one
};

/// Errors name the file.
Result<TemplateFile> read_template_file(const std::string& file);

}  // namespace imprint::tool
