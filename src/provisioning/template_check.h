// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "templates/template.h"

/// Checks of a template that templates/ cannot make: whether its policy documents are policies.
namespace imprint::provisioning {

/// All problems that can be found in a template without a registry.
std::vector<templates::Problem> lint_template(std::string_view body, templates::Use use);

/// templates::Template::parse for a template that will be stored: Fault::invalid also for literals
/// and documents that would make every registration fail.
Result<templates::Template> parse_template(std::string_view body, templates::Use use);

/// Checks the syntax only, as Imprint has no IAM: refuses what AWS would refuse.
bool is_role_arn(std::string_view arn);

}  // namespace imprint::provisioning
