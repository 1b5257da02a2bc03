// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "fleet/options.h"
#include "fleet/report.h"

/// The fleet simulator: one process that simulates many devices over real TLS and MQTT.
namespace imprint::fleet {

struct Progress {
  std::size_t devices = 0;
  std::size_t succeeded = 0;
  std::size_t failed = 0;
  Duration elapsed = {};
};

/// Receives the progress of a run about ten times a second, and once at its end, on the thread that
/// called run().
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void update(const Progress& progress) = 0;
};

/// Onboards every device: connects with the claim, creates a certificate, calls RegisterThing,
/// verifies what the server issued, reconnects with it and publishes. Returns when all devices are
/// finished; their failures are in the report. Errors: invalid options, or no server at the
/// endpoint (Fault::unavailable). `sink` may be null.
Result<Report> run(const Options& options, const Clock& clock, Random& random, ProgressSink* sink);

/// Makes the same number of connections without provisioning: connects with the load's identity,
/// subscribes to a topic of the client's own, publishes to it and waits for the echo, disconnects.
/// Works with any MQTT broker, for comparison; topics are echo/{client id}.
Result<Report> run_echo(const Load& load, const Clock& clock, Random& random, ProgressSink* sink);

}  // namespace imprint::fleet
