// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backup/manifest.h"
#include "backup/tar.h"

namespace imprint::backup {

/// Receives the files of a backup in order.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<void> begin(const Entry& entry) = 0;
  virtual Result<void> write(BytesView bytes) = 0;
  virtual Result<void> end() = 0;
};

/// Reads a backup: the manifest first, then exactly its files in its order, each with its size and
/// SHA-256. Anything else is Fault::invalid, with the file's name; what the sink has received by
/// then must not be used.
Result<Manifest> unpack(TarReader& archive, Sink& sink);

}  // namespace imprint::backup
