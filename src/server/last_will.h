// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/principal.h"
#include "mqtt/message.h"
#include "runtime/task.h"
#include "server/session_address.h"

namespace imprint::server {

class Shard;

/// The will of a client that is gone, with the facts that decide whether it may still be published.
struct LastWill {
  mqtt::Will will;
  CertificateId certificate;
  identity::ConnectionFacts facts;
  SessionAddress from;
};

/// Publishes the will if its certificate is still usable and may still publish (and retain) to the
/// topic. Reads the rights again, because a will may fire long after its connection closed.
runtime::Task<void> publish_will(Shard& shard, LastWill last);

}  // namespace imprint::server
