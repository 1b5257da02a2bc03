// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <string>

#include "mqtt/frame_reader.h"
#include "mqtt/server_session.h"
#include "mqtt/subscription_index.h"

namespace imprint::mqtt {
namespace {

constexpr std::string_view kTopic = "$aws/provisioning-templates/fleet/provision/json";

PublishPacket publish(BytesView payload, Version version) {
  PublishPacket packet{
      .qos = QoS::at_least_once, .packet_id = 1, .topic = kTopic, .payload = payload};
  if (version == Version::v5) packet.properties.content_type = "application/json";
  return packet;
}

void decode_publish_packet(benchmark::State& state) {
  const auto version = static_cast<Version>(state.range(0));
  const Bytes payload(static_cast<std::size_t>(state.range(1)), 'x');
  Bytes bytes;
  encode(publish(payload, version), version, bytes);
  FrameReader reader(1 << 20);
  for (auto _ : state) {
    BytesView rest = bytes;
    const auto frame = reader.next(rest);
    benchmark::DoNotOptimize(decode_publish(**frame, version, Sender::client));
  }
}
BENCHMARK(decode_publish_packet)->ArgsProduct({{4, 5}, {256, 4096}});

void encode_publish_packet(benchmark::State& state) {
  const auto version = static_cast<Version>(state.range(0));
  const Bytes payload(static_cast<std::size_t>(state.range(1)), 'x');
  const PublishPacket packet = publish(payload, version);
  Bytes out;
  for (auto _ : state) {
    out.clear();
    encode(packet, version, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(encode_publish_packet)->ArgsProduct({{4, 5}, {256, 4096}});

/// One QoS 1 message through a session, and its PUBACK.
void publish_through_a_session(benchmark::State& state) {
  const Limits limits;
  const Monotonic now{Seconds(1000)};
  ServerSession session(limits, now);
  Bytes bytes;
  encode(ConnectPacket{.client_id = "dev"}, Version::v3_1_1, bytes);
  session.receive(bytes, now);
  while (session.next_action()) session.accept_connect({}, now);
  session.written(4, now);
  bytes.clear();
  const Bytes payload(256, 'x');
  encode(publish(payload, Version::v3_1_1), Version::v3_1_1, bytes);
  for (auto _ : state) {
    session.receive(bytes, now);
    while (auto action = session.next_action()) {
      if (const auto* request = std::get_if<PublishRequest>(&*action)) {
        session.acknowledge_publish(request->packet_id);
      } else if (const auto* send = std::get_if<SendBytes>(&*action)) {
        session.written(send->bytes.size(), now);
      }
    }
  }
}
BENCHMARK(publish_through_a_session);

/// Ten thousand filters as in a fleet: five per device, two of them with wildcards.
void match_in_a_fleet(benchmark::State& state) {
  SubscriptionIndex index;
  const auto subscribe = [&](std::uint64_t who, const std::string& filter) {
    index.subscribe(SubscriberId{who}, *parse_filter(filter), {QoS::at_least_once});
  };
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const std::string device = "device-" + std::to_string(i);
    subscribe(i, "$aws/things/" + device + "/jobs/notify-next");
    subscribe(i, "$aws/things/" + device + "/jobs/+/update/accepted");
    subscribe(i, "fleet/" + device + "/commands/#");
    subscribe(i, "fleet/" + device + "/config");
    subscribe(i, "site/" + std::to_string(i / 100) + "/notice");
  }
  const std::string topics[] = {"fleet/device-77/config", "fleet/device-77/commands/reboot",
                                "$aws/things/device-77/jobs/j1/update/accepted", "no/such/topic"};
  std::vector<SubscriptionIndex::Match> out;
  std::size_t turn = 0;
  for (auto _ : state) {
    index.match(topics[turn++ % 4], SubscriberId{}, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(match_in_a_fleet);

/// The worst case: every possible wildcard shape, for a topic of eight levels.
void match_with_every_shape(benchmark::State& state) {
  SubscriptionIndex index;
  for (unsigned levels = 0; levels <= 8; ++levels) {
    for (unsigned mask = 0; mask < 1U << levels; ++mask) {
      std::string filter;
      for (unsigned i = 0; i < levels; ++i) {
        if (i > 0) filter += '/';
        filter += (mask >> i & 1U) != 0 ? "+" : "x";
      }
      if (levels > 0) index.subscribe(SubscriberId{mask}, *parse_filter(filter), {});
      if (levels < 8)
        index.subscribe(SubscriberId{mask}, *parse_filter(filter + (levels > 0 ? "/#" : "#")), {});
    }
  }
  std::vector<SubscriptionIndex::Match> out;
  for (auto _ : state) {
    index.match("a/b/c/d/e/f/g/h", SubscriberId{1000}, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(match_with_every_shape);

}  // namespace
}  // namespace imprint::mqtt
