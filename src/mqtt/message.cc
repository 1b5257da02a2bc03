// SPDX-License-Identifier: Apache-2.0
#include "mqtt/message.h"

namespace imprint::mqtt {

namespace {

/// Approximate size of the object, its control block and the allocator's headers.
constexpr std::size_t kMessageOverhead = sizeof(Message) + 64;

}  // namespace

std::size_t weight(const Message& message) {
  std::size_t bytes = kMessageOverhead + message.topic.size() + message.payload.size() +
                      message.content_type.size() + message.response_topic.size();
  if (message.correlation_data) bytes += message.correlation_data->size();
  for (const auto& [name, value] : message.user_properties)
    bytes += sizeof(message.user_properties[0]) + name.size() + value.size();
  return bytes;
}

bool is_expired(const Message& message, Monotonic now) {
  return message.expiry && now - message.received >= *message.expiry;
}

Message make_message(std::string_view topic, BytesView payload, const Properties& properties,
                     Monotonic now) {
  Message message{.topic = std::string(topic), .payload = Bytes(payload.begin(), payload.end())};
  message.payload_format_indicator = properties.payload_format_indicator;
  if (properties.content_type) message.content_type = *properties.content_type;
  if (properties.response_topic) message.response_topic = *properties.response_topic;
  if (properties.correlation_data)
    message.correlation_data.emplace(properties.correlation_data->begin(),
                                     properties.correlation_data->end());
  message.user_properties.reserve(properties.user.size());
  for (const UserProperty& property : properties.user)
    message.user_properties.emplace_back(property.name, property.value);
  if (properties.message_expiry_interval)
    message.expiry = Seconds(*properties.message_expiry_interval);
  message.received = now;
  return message;
}

PublishPacket to_publish(const Message& message, Monotonic now) {
  PublishPacket packet;
  packet.topic = message.topic;
  packet.payload = BytesView(message.payload);
  Properties& properties = packet.properties;
  // [MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16], [MQTT-3.3.2-20], all 5.0
  properties.payload_format_indicator = message.payload_format_indicator;
  if (!message.content_type.empty()) properties.content_type = message.content_type;
  if (!message.response_topic.empty()) properties.response_topic = message.response_topic;
  if (message.correlation_data) properties.correlation_data = BytesView(*message.correlation_data);
  // [MQTT-3.3.2-17], [MQTT-3.3.2-18, 5.0]: all of them, in order.
  properties.user.reserve(message.user_properties.size());
  for (const auto& [name, value] : message.user_properties)
    properties.user.push_back({name, value});
  if (message.expiry) {
    const auto waited = std::chrono::duration_cast<Seconds>(now - message.received);
    // A message that is sent again after its expiry gets the smallest interval.
    const auto left = std::max(Seconds(1), *message.expiry - waited);
    properties.message_expiry_interval = static_cast<std::uint32_t>(left.count());
  }
  return packet;
}

}  // namespace imprint::mqtt
