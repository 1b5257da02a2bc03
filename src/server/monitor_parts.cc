// SPDX-License-Identifier: Apache-2.0
#include "server/monitor_parts.h"

#include <sys/statvfs.h>

#include "base/file.h"
#include "server/shard.h"

namespace imprint::server {

namespace {

using alarms::WatchedCertificate;

WatchedCertificate ending_of(WatchedCertificate::What what, const x509::Certificate& certificate) {
  return {.what = what,
          .id = certificate.id().hex(),
          .name = certificate.subject().text(),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after()};
}

}  // namespace

Result<alarms::DiskSpace> space_at(const std::filesystem::path& directory) {
  struct statvfs status{};
  if (::statvfs(directory.c_str(), &status) != 0)
    return system_failure("examine the file system of", directory);
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  const auto mib = [&](std::uint64_t blocks) {
    return static_cast<std::int64_t>(blocks * status.f_frsize / kMiB);
  };
  return alarms::DiskSpace{.free_mib = mib(status.f_bavail), .total_mib = mib(status.f_blocks)};
}

std::vector<WatchedCertificate> own_expiries(const x509::Certificate& server,
                                             const x509::Certificate& issuing,
                                             const x509::Certificate& root) {
  return {ending_of(WatchedCertificate::What::server, server),
          ending_of(WatchedCertificate::What::issuing, issuing),
          ending_of(WatchedCertificate::What::root, root)};
}

monitoring::Publish publisher(const std::vector<Shard*>& shards, const Clock& clock) {
  return [&shards, &clock](const std::string& topic, const std::string& payload) {
    if (shards.empty()) return;
    auto message = std::make_shared<const mqtt::Message>(
        mqtt::Message{.topic = topic,
                      .payload = Bytes(payload.begin(), payload.end()),
                      .content_type = "application/json",
                      .received = clock.monotonic()});
    Shard* const shard = shards.front();
    shard->post([shard, message = std::move(message)] {
      shard->switchboard().publish(message, mqtt::QoS::at_least_once, false, {shard->index(), 0});
    });
  };
}

}  // namespace imprint::server
