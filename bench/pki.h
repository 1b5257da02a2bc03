// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/options.h"

namespace imprint::bench {

/// A root, a server certificate for 127.0.0.1 and a client certificate, P-256 and directly below
/// the root, valid for a day.
struct Pki {
  fleet::Identity root;
  fleet::Identity server;
  fleet::Identity client;

  static Pki make();
};

}  // namespace imprint::bench
