// SPDX-License-Identifier: Apache-2.0
#include "control_api/operations.h"

namespace imprint::control_api {

std::vector<const OperationInfo*> operations() {
  std::vector<const OperationInfo*> out;
  for (const Operations& rows : {policy_operations(),
                                 policy_version_operations(),
                                 policy_attachment_operations(),
                                 device_rights_operations(),
                                 thing_operations(),
                                 thing_principal_operations(),
                                 thing_type_operations(),
                                 thing_group_operations(),
                                 group_membership_operations(),
                                 index_operations(),
                                 template_operations(),
                                 template_version_operations(),
                                 register_thing_operations(),
                                 registration_task_operations(),
                                 certificate_operations(),
                                 certificate_registration_operations(),
                                 ca_certificate_operations(),
                                 registration_code_operations(),
                                 tag_operations(),
                                 event_configuration_operations(),
                                 endpoint_operations()}) {
    for (const OperationInfo& row : rows) out.push_back(&row);
  }
  return out;
}

}  // namespace imprint::control_api
