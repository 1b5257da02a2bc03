// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/store.h"

namespace imprint::provisioning {

/// Whether the certificate has not connected yet, or replaces others that are not retired yet.
bool awaits_first_use(const registry::Certificate& certificate);

/// Notes that a certificate that was provisioned has connected, and so has reached its device. The
/// certificates that it replaces are deactivated and detached from their thing in the same
/// transaction. If that fails, the next connection does it.
registry::Task<Result<void>> note_first_use(registry::Store& store, CertificateId certificate,
                                            Timestamp now);

}  // namespace imprint::provisioning
