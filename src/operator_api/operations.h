// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "operator_api/words.h"

/// The table of Imprint's own calls, in one part for each subject, beside the functions it names.
namespace imprint::operator_api {

Operations template_lint_operations();          // template_lint.cc
Operations template_trial_operations();         // template_trial.cc
Operations template_setting_operations();       // template_settings.cc
Operations manufacturing_list_operations();     // manufacturing_lists.cc
Operations list_entry_operations();             // list_entries.cc
Operations claim_operations();                  // claims.cc
Operations upload_operations();                 // uploads.cc
Operations explain_operations();                // explain.cc
Operations live_operations();                   // live_feed.cc
Operations connection_operations();             // connections.cc
Operations hook_operations();                   // hooks.cc
Operations certificate_authority_operations();  // certificate_authorities.cc
Operations audit_event_operations();            // audit_events.cc
Operations refusal_operations();                // refusals.cc
Operations refused_device_operations();         // refused_devices.cc
Operations audit_trail_operations();            // audit_trail.cc
Operations credential_operations();             // credentials.cc
Operations reprovisioning_operations();         // reprovisioning.cc
Operations revocation_operations();             // revocations.cc
Operations alarm_operations();                  // alarms.cc
Operations pipeline_operations();               // pipeline.cc
Operations expiring_certificate_operations();   // expiring_certificates.cc
Operations catalogue_operations();              // catalogue.cc

/// All of them.
std::vector<const OperationInfo*> operations();

}  // namespace imprint::operator_api
