// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "bench/child.h"
#include "bench/pki.h"
#include "fleet/options.h"
#include "test/support/fleet_deployment.h"

namespace imprint::bench {

/// imprintd with its own deployment below `folder`; its key algorithm is P-256.
class Imprintd {
 public:
  Imprintd(const std::filesystem::path& binary, const std::filesystem::path& folder,
           unsigned threads);

  [[nodiscard]] const Child& process() const { return *process_; }
  [[nodiscard]] const deployment::Layout& layout() const { return deployment_.layout(); }
  /// The claim that devices first connect with, and the server's address.
  [[nodiscard]] fleet::Load claim_load() const { return load(deployment_.claim_folder()); }
  /// The same with a certificate that may use any topic.
  [[nodiscard]] fleet::Load broker_load() const { return load(deployment_.broker_folder()); }

 private:
  [[nodiscard]] fleet::Load load(const std::filesystem::path& bundle) const;

  test::FleetDeployment deployment_;
  std::optional<Child> process_;
};

/// mosquitto in its fastest configuration: mutual TLS, anonymous users, no persistence, no log.
class Mosquitto {
 public:
  Mosquitto(const std::filesystem::path& binary, const std::filesystem::path& folder,
            const Pki& pki);

  [[nodiscard]] const Child& process() const { return *process_; }
  [[nodiscard]] fleet::Load load() const;

 private:
  std::shared_ptr<const fleet::Identity> client_;
  x509::Certificate root_;
  std::uint16_t port_;
  std::optional<Child> process_;
};

}  // namespace imprint::bench
