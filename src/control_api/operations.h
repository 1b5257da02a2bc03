// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "control_api/operation.h"

/// The table of operations, in one part for each resource, beside the functions it names.
namespace imprint::control_api {

using Operations = std::span<const OperationInfo>;

Operations policy_operations();             // policies.cc
Operations policy_version_operations();     // policy_versions.cc
Operations policy_attachment_operations();  // policy_attachments.cc
Operations thing_operations();              // things.cc
Operations thing_principal_operations();    // thing_principals.cc
Operations thing_type_operations();         // thing_types.cc
Operations thing_group_operations();        // thing_groups.cc
Operations group_membership_operations();   // group_memberships.cc
Operations template_operations();           // templates.cc
Operations template_version_operations();   // template_versions.cc
Operations claim_operations();              // claims.cc
Operations certificate_operations();        // certificates.cc
Operations endpoint_operations();           // endpoint.cc
Operations explain_operations();            // explain.cc
Operations live_operations();               // live_feed.cc
Operations audit_event_operations();        // audit_events.cc
Operations refusal_operations();            // refusals.cc
Operations refused_device_operations();     // refused_devices.cc
Operations audit_trail_operations();        // audit_trail.cc
Operations credential_operations();         // credentials.cc
Operations reprovisioning_operations();     // reprovisioning.cc
Operations revocation_operations();         // revocations.cc
Operations template_lint_operations();      // template_lint.cc
Operations register_thing_operations();     // register_thing.cc
Operations registration_task_operations();  // registration_tasks.cc
Operations upload_operations();             // uploads.cc
Operations index_operations();              // indices.cc
Operations catalogue_operations();          // catalogue.cc
Operations template_trial_operations();     // template_trial.cc

Operations registration_code_operations();         // registration_code.cc
Operations ca_certificate_operations();            // ca_certificates.cc
Operations certificate_registration_operations();  // certificate_registrations.cc
Operations tag_operations();                       // tags.cc
Operations device_rights_operations();             // device_rights.cc
Operations event_configuration_operations();       // event_configurations.cc

Operations alarm_operations();                 // alarms.cc
Operations pipeline_operations();              // pipeline.cc
Operations expiring_certificate_operations();  // expiring_certificates.cc

Operations template_setting_operations();    // template_settings.cc
Operations manufacturing_list_operations();  // manufacturing_lists.cc
Operations list_entry_operations();          // list_entries.cc

Operations connection_operations();             // connections.cc
Operations hook_operations();                   // hooks.cc
Operations certificate_authority_operations();  // certificate_authorities.cc

}  // namespace imprint::control_api
