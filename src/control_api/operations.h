// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/current.h"
#include "base/random.h"
#include "control_api/words.h"

namespace imprint::bulk {
class RegistrationTasks;
}
namespace imprint::identity {
class AccessControl;
}
namespace imprint::issuance {
class KeyPool;
}
namespace imprint::provisioning {
class ApplyTemplate;
class IssueCertificate;
struct Settings;
}  // namespace imprint::provisioning
namespace imprint::registry {
class Store;
}
namespace imprint::telemetry {
class Log;
}

/// The table of AWS's operations, in one part for each subject. Each part is next to its functions
/// and takes what they need besides the call.
namespace imprint::control_api {

Operations policy_operations(registry::Store& store, Random& random, telemetry::Log& log);
Operations policy_version_operations(registry::Store& store, telemetry::Log& log);
Operations policy_attachment_operations(registry::Store& store);
Operations device_rights_operations(registry::Store& store, identity::AccessControl& device_access,
                                    std::string endpoint_address);
Operations thing_operations(registry::Store& store, Random& random);
Operations thing_principal_operations(registry::Store& store);
Operations thing_type_operations(registry::Store& store, Random& random);
Operations thing_group_operations(registry::Store& store, Random& random);
Operations group_membership_operations(registry::Store& store);
Operations index_operations(registry::Store& store);
Operations template_operations(registry::Store& store);
Operations template_version_operations(registry::Store& store);
Operations register_thing_operations(provisioning::ApplyTemplate& apply);
Operations registration_task_operations(registry::Store& store,
                                        bulk::RegistrationTasks& registrations, Random& random);
Operations certificate_operations(registry::Store& store, provisioning::IssueCertificate& issue,
                                  issuance::KeyPool& keys,
                                  const Current<provisioning::Settings>& settings);
Operations certificate_registration_operations(registry::Store& store, Random& random);
Operations ca_certificate_operations(registry::Store& store, provisioning::IssueCertificate& issue,
                                     Random& random);
Operations registration_code_operations(registry::Store& store, Random& random);
Operations tag_operations(registry::Store& store);
Operations event_configuration_operations(registry::Store& store);
Operations endpoint_operations(std::string endpoint_address);

/// The dependencies of all these operations. References outlive the operations and are safe from
/// any thread.
struct Needs {
  registry::Store& store;
  identity::AccessControl& device_access;  ///< the rights of devices
  provisioning::IssueCertificate& issue;
  provisioning::ApplyTemplate& apply;
  bulk::RegistrationTasks& registrations;
  issuance::KeyPool& keys;
  const Current<provisioning::Settings>& settings;
  Random& random;
  telemetry::Log& log;
  std::string endpoint_address;  ///< for DescribeEndpoint: a host name without scheme and port
};

Operations operations(const Needs& needs);

/// The operations of AWS IoT that this server does not have.
std::span<const MissingArea> missing_operations();

}  // namespace imprint::control_api
