// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/current.h"
#include "base/random.h"
#include "operator_api/live_feed.h"
#include "operator_api/words.h"
#include "x509/certificate.h"

namespace imprint::access {
class Operators;
}
namespace imprint::audit {
class Archive;
}
namespace imprint::bulk {
class RegistrationTasks;
}
namespace imprint::hooks {
class Invoker;
}
namespace imprint::identity {
class Connections;
}
namespace imprint::issuance {
class KeyPool;
}
namespace imprint::monitoring {
class Monitor;
}
namespace imprint::provisioning {
class IssueCertificate;
struct Settings;
}  // namespace imprint::provisioning
namespace imprint::registry {
class Store;
}

/// The table of Imprint's own calls, in one part for each subject. Each part is next to its
/// functions and takes what they need besides the call.
namespace imprint::operator_api {

/// The deployment's own CAs.
struct Authorities {
  x509::Certificate root;
  x509::Certificate issuing;
};

Operations template_lint_operations(registry::Store& store);
Operations template_trial_operations(registry::Store& store, hooks::Invoker& hooks,
                                     const Current<provisioning::Settings>& settings,
                                     Random& random);
Operations template_setting_operations(registry::Store& store,
                                       const Current<provisioning::Settings>& settings);
Operations manufacturing_list_operations(registry::Store& store,
                                         const Current<provisioning::Settings>& settings);
Operations list_entry_operations(registry::Store& store);
Operations claim_operations(registry::Store& store, provisioning::IssueCertificate& issue,
                            issuance::KeyPool& keys,
                            const Current<provisioning::Settings>& settings, Random& random);
Operations upload_operations(registry::Store& store, bulk::RegistrationTasks& registrations);
Operations explain_operations(registry::Store& store, monitoring::Monitor& monitor);
Operations live_operations(LiveFeed& live);
Operations connection_operations(registry::Store& store, const identity::Connections& connections);
Operations hook_operations(registry::Store& store, hooks::Invoker& hooks);
Operations certificate_authority_operations(registry::Store& store, Authorities authorities);
Operations audit_event_operations(registry::Store& store);
Operations refusal_operations(registry::Store& store);
Operations refused_device_operations(registry::Store& store);
Operations audit_trail_operations(registry::Store& store, const audit::Archive* archive);
Operations credential_operations(registry::Store& store, Random& random,
                                 const access::Operators& operators);
Operations reprovisioning_operations(registry::Store& store);
Operations revocation_operations(registry::Store& store);
Operations alarm_operations(monitoring::Monitor& monitor);
Operations pipeline_operations(monitoring::Monitor& monitor);
Operations expiring_certificate_operations(registry::Store& store);
Operations operation_list_operations();

/// The dependencies of all these operations. References outlive the operations and are safe from
/// any thread.
struct Needs {
  registry::Store& store;
  provisioning::IssueCertificate& issue;
  bulk::RegistrationTasks& registrations;
  hooks::Invoker& hooks;
  issuance::KeyPool& keys;
  const Current<provisioning::Settings>& settings;
  monitoring::Monitor& monitor;
  Random& random;
  const access::Operators& operators;
  const identity::Connections& connections;
  Authorities authorities;
  LiveFeed& live;
  const audit::Archive* archive;  ///< null when the trail is not archived
};

Operations operations(const Needs& needs);

}  // namespace imprint::operator_api
