// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "templates/template.h"

/// Checks of a template that templates/ cannot make: whether its policy documents are policies.
namespace imprint::provisioning {

/// Everything that can be said of a template before it is stored, without a registry.
std::vector<templates::Problem> lint_template(std::string_view body, templates::Use use);

/// templates::Template::parse for a template that is to be stored: Fault::invalid also for literals
/// and documents that would fail every device.
Result<templates::Template> parse_template(std::string_view body, templates::Use use);

/// Only its form: there is no IAM here, but what AWS would refuse should not pass.
bool is_role_arn(std::string_view arn);

}  // namespace imprint::provisioning
