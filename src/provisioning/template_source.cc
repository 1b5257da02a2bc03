// SPDX-License-Identifier: Apache-2.0
#include "provisioning/template_source.h"

namespace imprint::provisioning {

std::string to_string(const TemplateSource& source) {
  if (const auto* name = std::get_if<TemplateName>(&source)) return name->str();
  return "cacert/" + std::get<TemplateOfCa>(source).ca.hex();
}

}  // namespace imprint::provisioning
