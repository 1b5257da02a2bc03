// SPDX-License-Identifier: Apache-2.0
#include "operator_api/operations.h"

namespace imprint::operator_api {

Operations operations(const Needs& needs) {
  return rest::join(
      {template_lint_operations(needs.store),
       template_trial_operations(needs.store, needs.hooks, needs.settings, needs.random),
       template_setting_operations(needs.store, needs.settings),
       manufacturing_list_operations(needs.store, needs.settings),
       list_entry_operations(needs.store),
       claim_operations(needs.store, needs.issue, needs.keys, needs.settings, needs.random),
       upload_operations(needs.store, needs.registrations),
       explain_operations(needs.store, needs.monitor),
       live_operations(needs.live),
       connection_operations(needs.store, needs.connections),
       hook_operations(needs.store, needs.hooks),
       certificate_authority_operations(needs.store, needs.authorities),
       audit_event_operations(needs.store),
       refusal_operations(needs.store),
       refused_device_operations(needs.store),
       audit_trail_operations(needs.store, needs.archive),
       credential_operations(needs.store, needs.random, needs.operators),
       reprovisioning_operations(needs.store),
       revocation_operations(needs.store),
       alarm_operations(needs.monitor),
       pipeline_operations(needs.monitor),
       expiring_certificate_operations(needs.store),
       operation_list_operations()});
}

}  // namespace imprint::operator_api
