// SPDX-License-Identifier: Apache-2.0
// Whatever an activation hook answers is a decision or a refusal, and a decision names only what
// may be named.
#include <cstddef>

#include "provisioning/activation_hook.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using imprint::provisioning::ActivationDecision;
  const auto reply = imprint::hooks::read_answer({reinterpret_cast<const char*>(data), size});
  const auto decision = imprint::provisioning::read_decision(reply);
  if (!decision) {
    IMPRINT_ASSERT(decision.error().fault == imprint::Fault::unavailable);
    return 0;
  }
  const bool activates = decision->action == ActivationDecision::Action::activate;
  IMPRINT_ASSERT(activates || (decision->policies.empty() && !decision->thing));
  const auto resources =
      imprint::provisioning::resources_of(*decision, imprint::CertificateId(imprint::Sha256{}));
  IMPRINT_ASSERT(resources.certificate.has_value());
  IMPRINT_ASSERT(resources.policies.size() <= imprint::templates::kMaxPolicies);
  return 0;
}
