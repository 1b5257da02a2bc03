// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "fleet/options.h"
#include "fleet/report.h"

/// The fleet simulator: one process that plays many devices over real TLS and MQTT.
namespace imprint::fleet {

struct Progress {
  std::size_t devices = 0;
  std::size_t succeeded = 0;
  std::size_t failed = 0;
  Duration elapsed = {};
};

/// Told about ten times a second how a run goes, and once at its end, on the thread that called
/// run().
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void update(const Progress& progress) = 0;
};

/// Onboards every device: connect with the claim, create a certificate, RegisterThing, verify what
/// was handed out, reconnect with it and publish. Returns when all are done; a device's failure is
/// in the report. Errors: invalid options, or no server at the endpoint (Fault::unavailable).
/// `sink` may be null.
Result<Report> run(const Options& options, const Clock& clock, Random& random, ProgressSink* sink);

/// The same number of connections without provisioning: connect with the load's identity, subscribe
/// to a topic of the client's own, publish to it and wait for the echo, disconnect. What a plain
/// broker does as well, for comparison; topics are echo/{client id}.
Result<Report> run_echo(const Load& load, const Clock& clock, Random& random, ProgressSink* sink);

}  // namespace imprint::fleet
