// SPDX-License-Identifier: Apache-2.0
#include "control_api/operations.h"

namespace imprint::control_api {

Operations operations(const Needs& needs) {
  return rest::join(
      {policy_operations(needs.store, needs.random, needs.log),
       policy_version_operations(needs.store, needs.log),
       policy_attachment_operations(needs.store),
       device_rights_operations(needs.store, needs.device_access, needs.endpoint_address),
       thing_operations(needs.store, needs.random),
       thing_principal_operations(needs.store),
       thing_type_operations(needs.store, needs.random),
       thing_group_operations(needs.store, needs.random),
       group_membership_operations(needs.store),
       index_operations(needs.store),
       template_operations(needs.store),
       template_version_operations(needs.store),
       register_thing_operations(needs.apply),
       registration_task_operations(needs.store, needs.registrations, needs.random),
       certificate_operations(needs.store, needs.issue, needs.keys, needs.settings),
       certificate_registration_operations(needs.store, needs.random),
       ca_certificate_operations(needs.store, needs.issue, needs.random),
       registration_code_operations(needs.store, needs.random),
       tag_operations(needs.store),
       event_configuration_operations(needs.store),
       endpoint_operations(needs.endpoint_address)});
}

}  // namespace imprint::control_api
