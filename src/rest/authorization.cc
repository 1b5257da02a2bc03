// SPDX-License-Identifier: Apache-2.0
#include "rest/authorization.h"

#include <algorithm>

#include "base/certificate_id.h"
#include "rest/arn.h"
#include "rest/exceptions.h"
#include "rest/router.h"

namespace imprint::rest {

namespace {

constexpr std::string_view kNative = "/imprint/";
constexpr std::string_view kCertificates[] = {"cert/", "cacert/"};

/// Calls f with each part of the text between separators.
template <class F>
void for_each_word(std::string_view text, char separator, F f) {
  while (!text.empty()) {
    const auto end = text.find(separator);
    f(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// The parts of "thing/{thingName|thingArn}".
struct Word {
  std::string_view prefix;        ///< "thing/", or empty where the input is an ARN
  std::string_view alternatives;  ///< "thingName|thingArn"
};

Word take_apart(std::string_view word) {
  const auto open = word.find('{');
  IMPRINT_ASSERT(open != std::string_view::npos && word.ends_with('}'));
  return {word.substr(0, open), word.substr(open + 1, word.size() - open - 2)};
}

/// The certificate id of a request may have capitals or 0x; policies have it in the canonical form.
std::string canonical(std::string resource) {
  for (const std::string_view type : kCertificates) {
    if (!resource.starts_with(type)) continue;
    const auto id = CertificateId::parse(std::string_view(resource).substr(type.size()));
    return id ? std::string(type) + id->hex() : resource;
  }
  return resource;
}

}  // namespace

std::string action_of(const Operation& operation) {
  return fmt::format("{}:{}", operation.path.starts_with(kNative) ? "imprint" : "iot",
                     operation.name);
}

std::vector<std::string> known_actions(const Router& router) {
  std::vector<std::string> out;
  for (const Operation& operation : router.operations()) out.push_back(action_of(operation));
  for (const MissingArea& area : router.missing()) {
    for (const MissingOperation& missing : area.operations)
      out.push_back(fmt::format("iot:{}", missing.name));
  }
  return out;
}

std::vector<std::string> resources_of(const Operation& operation, const Inputs& inputs) {
  std::vector<std::string> out;
  for_each_word(operation.resource, ' ', [&](std::string_view text) {
    const Word word = take_apart(text);
    for_each_word(word.alternatives, '|', [&](std::string_view member) {
      for (const std::string& value : inputs.texts(member)) {
        const auto arn_part = arn_resource(value);
        out.push_back(
            canonical(arn_part ? std::string(*arn_part) : std::string(word.prefix) + value));
      }
    });
  });
  return out;
}

Judgement judge(const access::Operator& who, const Operation& operation, const Call& call) {
  const std::string action = action_of(operation);
  std::vector<std::string> resources = resources_of(operation, call.in);
  if (resources.empty()) resources.emplace_back();
  Judgement out;
  for (const std::string& resource : resources) {
    const access::Decision decision =
        access::evaluate(*who.policy, {action, resource, call.account});
    out = {decision.allowed, resource.empty() ? "*" : call.arn(resource),
           access::explain(decision, *who.policy)};
    if (!out.allowed) return out;
  }
  return out;
}

bool may_also(const Call& call, std::string_view action, std::string_view resource) {
  return call.policy != nullptr &&
         access::evaluate(*call.policy, {action, resource, call.account}).allowed;
}

Unexpected refuse_access(const access::Operator& who, const Operation& operation, const Call& call,
                         const Judgement& judgement) {
  return refuse(Exception::access_denied,
                fmt::format("User: arn:aws:iam::{}:user/{} (access key {}) is not authorized to "
                            "perform: {} on resource: {} {}",
                            call.account, who.name, who.access_key_id, action_of(operation),
                            judgement.resource, judgement.reason));
}

bool resource_is_sound(const Operation& operation) {
  bool sound = true;
  for_each_word(operation.resource, ' ', [&](std::string_view text) {
    for_each_word(take_apart(text).alternatives, '|', [&](std::string_view member) {
      sound =
          sound && std::ranges::any_of(operation.inputs, [&](const InputInfo& input) {
            return input.name == member && (input.type == Type::text || input.type == Type::list);
          });
    });
  });
  return sound;
}

}  // namespace imprint::rest
