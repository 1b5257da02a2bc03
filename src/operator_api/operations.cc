// SPDX-License-Identifier: Apache-2.0
#include "operator_api/operations.h"

namespace imprint::operator_api {

std::vector<const OperationInfo*> operations() {
  std::vector<const OperationInfo*> out;
  for (const Operations& rows : {template_lint_operations(),
                                 template_trial_operations(),
                                 template_setting_operations(),
                                 manufacturing_list_operations(),
                                 list_entry_operations(),
                                 claim_operations(),
                                 upload_operations(),
                                 explain_operations(),
                                 live_operations(),
                                 connection_operations(),
                                 hook_operations(),
                                 certificate_authority_operations(),
                                 audit_event_operations(),
                                 refusal_operations(),
                                 refused_device_operations(),
                                 audit_trail_operations(),
                                 credential_operations(),
                                 reprovisioning_operations(),
                                 revocation_operations(),
                                 alarm_operations(),
                                 pipeline_operations(),
                                 expiring_certificate_operations(),
                                 catalogue_operations()}) {
    for (const OperationInfo& row : rows) out.push_back(&row);
  }
  return out;
}

}  // namespace imprint::operator_api
