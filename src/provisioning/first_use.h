// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/store.h"

namespace imprint::provisioning {

/// Whether the first connection of a certificate is still to be noted, or what it replaces still to
/// be retired.
bool awaits_first_use(const registry::Certificate& certificate);

/// A certificate that was provisioned has connected: it is known to have reached its device, and
/// the certificates that it replaces are taken out of service and off their thing, in the same
/// transaction. Looks again when others changed the same records meanwhile; where that does not
/// help, nothing is lost, the next connection does it.
registry::Task<Result<void>> note_first_use(registry::Store& store, CertificateId certificate,
                                            Timestamp now);

}  // namespace imprint::provisioning
