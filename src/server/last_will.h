// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/principal.h"
#include "mqtt/message.h"
#include "runtime/task.h"
#include "server/session_address.h"

namespace imprint::server {

class Shard;

/// The will of a client that is gone, and what decides whether it may still be published.
struct LastWill {
  mqtt::Will will;
  CertificateId certificate;
  identity::ConnectionFacts facts;
  SessionAddress from;
};

/// Publishes it if its certificate is still in use and may still publish (and retain) there: rights
/// are read anew, for a will may fire long after its connection.
runtime::Task<void> publish_will(Shard& shard, LastWill last);

}  // namespace imprint::server
