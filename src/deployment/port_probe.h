// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "deployment/config.h"

namespace imprint::deployment {

enum class PortState {
  free,           ///< this process could listen there now
  answering,      ///< something accepts connections there
  silent,         ///< in use, but nothing accepts within a second
  not_permitted,  ///< a port below 1024 without the right to use it
  no_address,     ///< this machine has no such address
  failed,         ///< any other reason
};

/// Tries to bind, then to connect. Leaves nothing open.
PortState probe_port(const ListenAddress& address);

}  // namespace imprint::deployment
