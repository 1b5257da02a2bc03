// SPDX-License-Identifier: Apache-2.0
// Access policies: parse never crashes, its errors always have a JSON path, and decisions agree
// with the statements.
#include "access/policy.h"
#include "base/bytes.h"
#include "base/error.h"
#include "outcome/causes.h"

using namespace imprint;          // NOLINT(google-build-using-namespace)
using namespace imprint::access;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const auto policy = Policy::parse(input, "fuzz");
  if (!policy) {
    IMPRINT_ASSERT(name_of(policy.error().cause) == "MalformedPolicy" &&
                   !policy.error().where.empty());
    return 0;
  }
  IMPRINT_ASSERT(!policy->statements().empty());
  const std::string known[] = {"iot:CreateThing"};
  const auto checked = policy->check_actions(known);
  IMPRINT_ASSERT(checked || !checked.error().where.empty());
  for (const std::string_view action : {std::string_view("iot:CreateThing"), input.substr(0, 40)}) {
    for (const std::string_view resource :
         {std::string_view(), std::string_view("thing/a"), input.substr(size / 2, 60)}) {
      const Request request{action, resource, "000000000000"};
      const Decision decision = evaluate(*policy, request);
      IMPRINT_ASSERT(!explain(decision, *policy).empty());
      bool denied = false;
      bool granted = false;
      for (const Statement& statement : policy->statements()) {
        if (!statement.covers(request)) continue;
        (statement.allows() ? granted : denied) = true;
      }
      IMPRINT_ASSERT(decision.allowed == (granted && !denied));
      IMPRINT_ASSERT((decision.statement != nullptr) == (granted || denied));
    }
  }
  return 0;
}
