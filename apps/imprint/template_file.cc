// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/template_file.h"

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "encoding/json.h"

namespace imprint::tool {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

}  // namespace

Result<TemplateFile> read_template_file(const std::string& file) {
  TRY_ASSIGN(std::string text, read_argument(file, kMaxFileBytes));
  const auto parsed = encoding::parse_json(text, {.max_bytes = kMaxFileBytes, .max_depth = 64});
  const auto* object = parsed ? parsed->if_object() : nullptr;
  // What is no wrapper is a body, with whatever is wrong with it.
  if (object == nullptr || object->contains("Resources")) return TemplateFile{std::move(text)};
  if (!object->contains("templateBody")) {
    if (!object->contains("templateName")) return TemplateFile{std::move(text)};
    return fail(Fault::invalid,
                "{}: names the stored template {} and holds no body; name the file with the body, "
                "or the template itself",
                file, text_of(*object, "templateName"));
  }
  const encoding::json::value& body = object->at("templateBody");
  if (!body.is_string()) {
    return fail(Fault::invalid,
                "{}: templateBody is a JSON {}; AWS takes the body as a string, with its quotes "
                "escaped",
                file, encoding::type_name(body));
  }
  const std::string role = text_of(*object, "roleArn");
  return TemplateFile{std::string(body.get_string()),
                      role.empty() ? text_of(*object, "provisioningRoleArn") : role};
}

}  // namespace imprint::tool
