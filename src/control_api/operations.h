// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "control_api/words.h"

/// The table of AWS's resources, in one part for each, beside the functions it names.
namespace imprint::control_api {

Operations policy_operations();                    // policies.cc
Operations policy_version_operations();            // policy_versions.cc
Operations policy_attachment_operations();         // policy_attachments.cc
Operations device_rights_operations();             // device_rights.cc
Operations thing_operations();                     // things.cc
Operations thing_principal_operations();           // thing_principals.cc
Operations thing_type_operations();                // thing_types.cc
Operations thing_group_operations();               // thing_groups.cc
Operations group_membership_operations();          // group_memberships.cc
Operations index_operations();                     // indices.cc
Operations template_operations();                  // templates.cc
Operations template_version_operations();          // template_versions.cc
Operations register_thing_operations();            // register_thing.cc
Operations registration_task_operations();         // registration_tasks.cc
Operations certificate_operations();               // certificates.cc
Operations certificate_registration_operations();  // certificate_registrations.cc
Operations ca_certificate_operations();            // ca_certificates.cc
Operations registration_code_operations();         // registration_code.cc
Operations tag_operations();                       // tags.cc
Operations event_configuration_operations();       // event_configurations.cc
Operations endpoint_operations();                  // endpoint.cc

/// All of them.
std::vector<const OperationInfo*> operations();

/// Those of AWS IoT that this server does not have.
std::span<const MissingArea> missing_operations();

}  // namespace imprint::control_api
