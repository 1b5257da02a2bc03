// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/store.h"

namespace imprint::provisioning {

/// Whether the first connection of a certificate has not been recorded yet, or the certificates
/// that it replaces have not been retired.
bool awaits_first_use(const registry::Certificate& certificate);

/// Records the first connection of a provisioned certificate, which proves that it reached its
/// device. In the same transaction, retires the certificates that it replaces and detaches them
/// from their thing. Retries after lost races; if that fails, the next connection tries again.
registry::Task<Result<void>> note_first_use(registry::Store& store, CertificateId certificate,
                                            Timestamp now);

}  // namespace imprint::provisioning
