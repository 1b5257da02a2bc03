// SPDX-License-Identifier: Apache-2.0
#include "bench/servers.h"

#include "base/file.h"
#include "bench/must.h"

namespace imprint::bench {

namespace {

constexpr const char* kImprintConfig = "[templates]\nkey-algorithm = \"ec-p256\"\n";

fleet::Identity copy_of(const fleet::Identity& identity) {
  return {identity.certificate,
          must(x509::PrivateKey::from_pem(identity.key.pem_pkcs8().reveal()))};
}

}  // namespace

Imprintd::Imprintd(const std::filesystem::path& binary, const std::filesystem::path& folder,
                   unsigned threads)
    : deployment_(folder / "imprint") {
  must(write_file_durably(deployment_.layout().config(), 0600, kImprintConfig));
  process_.emplace(
      std::vector<std::string>{binary.string(), deployment_.layout().directory().string(), "--mqtt",
                               "127.0.0.1:0", "--http", "127.0.0.1:0", "--threads",
                               std::to_string(threads), "--log-level", "warning"},
      folder / "imprintd.out");
  process_->wait_for_output("imprintd ready");
}

fleet::Load Imprintd::load(const std::filesystem::path& bundle) const {
  fleet::ClaimBundle login = must(fleet::ClaimBundle::load(bundle));
  const std::string ready = process_->output();
  const std::size_t at = ready.find("mqtt=") + 5;
  return {.endpoint = must(fleet::Endpoint::parse(ready.substr(at, ready.find(' ', at) - at))),
          .identity = std::move(login.claim),
          .roots = std::move(login.roots)};
}

Mosquitto::Mosquitto(const std::filesystem::path& binary, const std::filesystem::path& folder,
                     const Pki& pki)
    : client_(std::make_shared<const fleet::Identity>(copy_of(pki.client))),
      root_(pki.root.certificate),
      port_(free_port()) {
  const std::filesystem::path own = folder / "mosquitto";
  std::filesystem::create_directory(own);
  must(write_file_durably(own / "root.pem", 0644, pki.root.certificate.pem()));
  must(write_file_durably(own / "server.pem", 0644, pki.server.certificate.pem()));
  must(write_file_durably(own / "server.key", 0600, pki.server.key.pem_pkcs8().reveal()));
  must(write_file_durably(
      own / "mosquitto.conf", 0644,
      fmt::format("listener {} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\n"
                  "require_certificate true\nallow_anonymous true\npersistence false\n"
                  "log_dest stderr\nlog_type error\nlog_type information\n"
                  "connection_messages false\nuser root\n",
                  port_, (own / "root.pem").string(), (own / "server.pem").string(),
                  (own / "server.key").string())));
  process_.emplace(
      std::vector<std::string>{binary.string(), "-c", (own / "mosquitto.conf").string()},
      folder / "mosquitto.out");
  process_->wait_for_output("running");
}

fleet::Load Mosquitto::load() const {
  return {.endpoint = {"127.0.0.1", port_}, .identity = client_, .roots = {root_}};
}

}  // namespace imprint::bench
