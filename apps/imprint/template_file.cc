// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/template_file.h"

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/name.h"
#include "encoding/json.h"
#include "provisioning/template_check.h"

namespace imprint::tool {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

struct Role {
  std::string arn;
  /// As in --cli-input-json of create-provisioning-template, with the template's name beside the
  /// body.
  bool is_of_new_template = false;
};

Result<Role> role_of(const encoding::json::object& wrapper, const std::string& file) {
  for (const std::string_view member : {"roleArn", "provisioningRoleArn"}) {
    if (!wrapper.contains(member)) continue;
    const std::string arn = text_of(wrapper, member);
    if (!provisioning::is_role_arn(arn)) {
      return fail(Fault::invalid,
                  "{}: {} {} is not the ARN of a role, such as "
                  "arn:aws:iam::000000000000:role/Provisioning; the server only checks its form",
                  file, member, quote(arn));
    }
    return Role{arn, member == "provisioningRoleArn"};
  }
  return Role{};
}

}  // namespace

Result<TemplateFile> read_template_file(const std::string& file) {
  TRY_ASSIGN(std::string text, read_text_argument(file, kMaxFileBytes));
  const auto parsed = encoding::parse_json(text, {.max_bytes = kMaxFileBytes, .max_depth = 64});
  const auto* object = parsed ? parsed->if_object() : nullptr;
  // Anything that is not a wrapper is a body, whatever is wrong with it.
  if (object == nullptr || object->contains("Resources")) return TemplateFile{std::move(text)};
  if (!object->contains("templateBody")) {
    if (!object->contains("templateName")) return TemplateFile{std::move(text)};
    return fail(
        Fault::invalid,
        "{}: names the stored template {} and contains no body; name the file with the body, "
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
  TRY_ASSIGN(const Role role, role_of(*object, file));
  const std::string name = text_of(*object, "templateName");
  if (!name.empty() && !role.is_of_new_template) {
    return fail(Fault::invalid,
                "{}: templateBody and templateName {} contradict each other; give one", file,
                quote(name));
  }
  return TemplateFile{std::string(body.get_string()), role.arn, name};
}

Result<TemplateFile> read_template_to_send(const std::string& file) {
  TRY_ASSIGN(TemplateFile out, read_template_file(file));
  const auto parsed = encoding::parse_json(out.body, {.max_bytes = kMaxFileBytes, .max_depth = 64});
  if (parsed) return out;
  return fail(Fault::invalid,
              "{}: the template is not JSON: {}; imprint template lint {} shows more", file,
              describe(parsed.error()), file);
}

}  // namespace imprint::tool
