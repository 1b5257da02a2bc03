// SPDX-License-Identifier: Apache-2.0
#include "server/watching.h"

#include <sys/statvfs.h>

#include "base/file.h"
#include "server/shard.h"
#include "x509/certificate.h"

namespace imprint::server {

namespace {

using alarms::Ending;

constexpr std::size_t kMaxPemBytes = 64 * 1024;

Result<Ending> ending_of(Ending::What what, const std::filesystem::path& file) {
  TRY_ASSIGN(const std::string pem, read_file(file, kMaxPemBytes));
  TRY_ASSIGN(const x509::Certificate certificate, x509::Certificate::from_pem(pem));
  return Ending{.what = what,
                .id = certificate.id().hex(),
                .name = file.filename().string(),
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

Result<std::vector<Ending>> own_certificates(const deployment::Layout& layout) {
  std::vector<Ending> out;
  for (const auto& [what, file] : {std::pair{Ending::What::server, layout.server_certificate()},
                                   {Ending::What::issuing, layout.issuing_certificate()},
                                   {Ending::What::root, layout.trusted_root()}}) {
    TRY_ASSIGN(Ending one, ending_of(what, file));
    out.push_back(std::move(one));
  }
  return out;
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
