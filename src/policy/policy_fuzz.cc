// SPDX-License-Identifier: Apache-2.0
// Policies: parse never crashes, decisions are sound, and the matcher agrees with the slow one. The
// input is a policy document, or a golden case (test/golden/policy) whose policies are used.
#include <algorithm>

#include "encoding/json.h"
#include "encoding/text.h"
#include "outcome/causes.h"
#include "policy/policy.h"
#include "policy/reference_match.h"

using namespace imprint;          // NOLINT(google-build-using-namespace)
using namespace imprint::policy;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t kMaxReferenceBytes = 512;

void check_matcher(std::string_view input) {
  const std::size_t cut = input.find('\n');
  if (cut == std::string_view::npos || input.size() > kMaxReferenceBytes) return;
  const std::string_view pattern = input.substr(0, cut);
  const std::string_view text = input.substr(cut + 1);
  if (pattern.find("${") != std::string_view::npos || !encoding::is_utf8(pattern)) return;
  const auto parsed = Pattern::parse(pattern, Pattern::Wildcards::yes);
  IMPRINT_ASSERT(parsed.has_value());
  IMPRINT_ASSERT(parsed->matches(text) == reference_match(pattern, text));
}

void check_decisions(const std::vector<std::shared_ptr<const Policy>>& policies,
                     std::string_view input) {
  const std::map<std::string, std::string, std::less<>> attributes = {{"site", "north"}};
  const CertificateValue subject[] = {{CertificateField::common_name, input.substr(0, 40)},
                                      {CertificateField::organization, "Org, Inc."}};
  Context full = nothing_known();
  full.client_id = input.substr(input.size() / 2, 20);
  full.source_ip = input.substr(0, 15);
  full.thing_name = "thing-1";
  full.thing_type_name = "SmartSensor";
  full.thing_attributes = &attributes;
  full.subject = subject;
  full.is_attached = true;
  full.last_will = true;
  full.last_will_topic = "wills/1";
  full.now = Timestamp(Seconds(1769860800));
  const std::string shared = "$share/g/" + std::string(input.substr(0, 30));
  for (const Context& context : {nothing_known(), full}) {
    for (const ActionInfo& row : actions()) {
      for (const std::string_view resource :
           {std::string_view("thing-1/x"), input.substr(0, 30), std::string_view(shared)}) {
        const Request request = {row.action, resource};
        const Decision decision = evaluate(policies, request, context);
        IMPRINT_ASSERT(!explain(decision, policies, request, context).empty());
        if (decision.policy == nullptr) continue;
        const Statement& deciding = decision.policy->statements()[decision.statement];
        IMPRINT_ASSERT(deciding.allows() == decision.allowed());
        IMPRINT_ASSERT(deciding.actions()[static_cast<std::size_t>(row.action)]);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  check_matcher(input);
  std::vector<std::shared_ptr<const Policy>> policies;
  const auto add = [&](std::string_view document) {
    auto policy = Policy::parse(document, "fuzz");
    if (policy) {
      policies.push_back(std::make_shared<const Policy>(*std::move(policy)));
    } else {
      IMPRINT_ASSERT(name_of(policy.error().cause) == "MalformedPolicy" &&
                     !policy.error().where.empty());
    }
  };
  add(input);
  if (const auto golden = encoding::parse_json(input); golden && golden->is_object()) {
    for (const char* member : {"policies", "refused"}) {
      const auto* documents = golden->get_object().if_contains(member);
      if (documents == nullptr || !documents->is_object()) continue;
      for (const auto& one : documents->get_object()) add(encoding::to_json(one.value()));
    }
  }
  if (!policies.empty()) check_decisions(policies, input);
  return 0;
}
