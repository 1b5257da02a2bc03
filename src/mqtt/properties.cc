// SPDX-License-Identifier: Apache-2.0
#include <variant>

#include "mqtt/wire.h"

namespace imprint::mqtt::wire {

namespace {

template <class T>
using Member = T Properties::*;

// The member's type is the property's data type on the wire. All one-byte properties of MQTT 5 are
// 0 or 1.
using Field =
    std::variant<Member<std::optional<std::uint8_t>>, Member<std::optional<std::uint16_t>>,
                 Member<std::optional<std::uint32_t>>, Member<std::optional<std::string_view>>,
                 Member<std::optional<Blob>>, Member<std::vector<std::uint32_t>>,
                 Member<std::vector<UserProperty>>>;

struct Row {
  std::uint8_t id;
  Places places;
  Field field;
  ReasonCode if_zero = ReasonCode::success;  // the error for zero; success if zero is allowed
};

constexpr Places kConnect = place(PacketType::connect);
constexpr Places kConnack = place(PacketType::connack);
constexpr Places kPublish = place(PacketType::publish);
constexpr Places kPuback = place(PacketType::puback);
constexpr Places kSubscribe = place(PacketType::subscribe);
constexpr Places kSuback = place(PacketType::suback);
constexpr Places kUnsubscribe = place(PacketType::unsubscribe);
constexpr Places kUnsuback = place(PacketType::unsuback);
constexpr Places kDisconnect = place(PacketType::disconnect);
constexpr Places kEverywhere = kConnect | kConnack | kPublish | kPuback | kSubscribe | kSuback |
                               kUnsubscribe | kUnsuback | kDisconnect | kWill;

using P = Properties;

// MQTT 5.0 table 2-4.
constexpr std::array kRows = {
    Row{0x01, kPublish | kWill, &P::payload_format_indicator},
    Row{0x02, kPublish | kWill, &P::message_expiry_interval},
    Row{0x03, kPublish | kWill, &P::content_type},
    Row{0x08, kPublish | kWill, &P::response_topic},
    Row{0x09, kPublish | kWill, &P::correlation_data},
    Row{0x0B, kPublish | kSubscribe, &P::subscription_identifiers, ReasonCode::protocol_error},
    Row{0x11, kConnect | kConnack | kDisconnect, &P::session_expiry_interval},
    Row{0x12, kConnack, &P::assigned_client_identifier},
    Row{0x13, kConnack, &P::server_keep_alive},
    Row{0x15, kConnect | kConnack, &P::authentication_method},
    Row{0x16, kConnect | kConnack, &P::authentication_data},
    Row{0x17, kConnect, &P::request_problem_information},
    Row{0x18, kWill, &P::will_delay_interval},
    Row{0x19, kConnect, &P::request_response_information},
    Row{0x1A, kConnack, &P::response_information},
    Row{0x1C, kConnack | kDisconnect, &P::server_reference},
    Row{0x1F, kConnack | kPuback | kSuback | kUnsuback | kDisconnect, &P::reason_string},
    Row{0x21, kConnect | kConnack, &P::receive_maximum, ReasonCode::protocol_error},
    Row{0x22, kConnect | kConnack, &P::topic_alias_maximum},
    Row{0x23, kPublish, &P::topic_alias, ReasonCode::topic_alias_invalid},
    Row{0x24, kConnack, &P::maximum_qos},
    Row{0x25, kConnack, &P::retain_available},
    Row{0x26, kEverywhere, &P::user},
    Row{0x27, kConnect | kConnack, &P::maximum_packet_size, ReasonCode::protocol_error},
    Row{0x28, kConnack, &P::wildcard_subscription_available},
    Row{0x29, kConnack, &P::subscription_identifiers_available},
    Row{0x2A, kConnack, &P::shared_subscription_available},
};

constexpr std::size_t kIds = 0x2B;

constexpr std::array<const Row*, kIds> kRowOfId = [] {
  std::array<const Row*, kIds> rows{};
  for (const Row& row : kRows) rows[row.id] = &row;
  return rows;
}();

void read_value(Cursor& cursor, std::uint8_t& out) {
  out = cursor.u8();
  if (out > 1)
    cursor.fail(ReasonCode::protocol_error, "a property that must be 0 or 1 has another value");
}
void read_value(Cursor& cursor, std::uint16_t& out) { out = cursor.u16(); }
void read_value(Cursor& cursor, std::uint32_t& out) { out = cursor.u32(); }
void read_value(Cursor& cursor, std::string_view& out) { out = cursor.text(); }
void read_value(Cursor& cursor, Blob& out) { out = cursor.binary(); }

template <class T>
bool is_zero(const T& value) {
  if constexpr (std::is_integral_v<T>) return value == 0;
  return false;
}

/// Reads one property after its identifier.
class ValueReader {
 public:
  ValueReader(Cursor& cursor, const Row& row, Places where, const DecodeLimits& limits,
              Properties& out, std::size_t& user_bytes)
      : cursor_(cursor),
        row_(row),
        where_(where),
        limits_(limits),
        out_(out),
        user_bytes_(user_bytes) {}

  template <class T>
  void operator()(Member<std::optional<T>> member) {
    std::optional<T>& field = out_.*member;
    if (field) return cursor_.fail(ReasonCode::protocol_error, "a property occurs twice");
    read_value(cursor_, field.emplace());
    if (row_.if_zero != ReasonCode::success && !cursor_.failed() && is_zero(*field)) {
      cursor_.fail(row_.if_zero, "a property that must not be zero is zero");
    }
  }

  void operator()(Member<std::vector<std::uint32_t>> member) {
    // A SUBSCRIBE has one identifier, a PUBLISH one for each matching subscription.
    std::vector<std::uint32_t>& identifiers = out_.*member;
    if (where_ == kSubscribe && !identifiers.empty())
      return cursor_.fail(ReasonCode::protocol_error, "a property occurs twice");
    if (identifiers.size() >= kMaxSubscriptionIdentifiers)
      return cursor_.fail(ReasonCode::quota_exceeded, "too many subscription identifiers");
    const std::uint32_t identifier = cursor_.variable();
    if (!cursor_.failed() && identifier == 0)
      return cursor_.fail(row_.if_zero, "a subscription identifier is zero");
    identifiers.push_back(identifier);
  }

  void operator()(Member<std::vector<UserProperty>> member) {
    const std::string_view name = cursor_.text();
    const std::string_view value = cursor_.text();
    user_bytes_ += std::max<std::size_t>(1, name.size() + value.size());
    if (user_bytes_ > limits_.user_property_bytes)
      return cursor_.fail(ReasonCode::quota_exceeded,
                          "the total size of the user properties is too large");
    (out_.*member).push_back({name, value});
  }

 private:
  static constexpr std::size_t kMaxSubscriptionIdentifiers = 64;

  Cursor& cursor_;
  const Row& row_;
  Places where_;
  const DecodeLimits& limits_;
  Properties& out_;
  std::size_t& user_bytes_;
};

template <class Sink>
class ValueWriter {
 public:
  ValueWriter(Sink& sink, const Row& row, const Properties& properties)
      : sink_(sink), row_(row), properties_(properties) {}

  template <class T>
  void operator()(Member<std::optional<T>> member) {
    const std::optional<T>& field = properties_.*member;
    if (!field) return;
    sink_.u8(row_.id);
    write(*field);
  }
  void operator()(Member<std::vector<std::uint32_t>> member) {
    for (const std::uint32_t identifier : properties_.*member) {
      sink_.u8(row_.id);
      sink_.variable(identifier);
    }
  }
  void operator()(Member<std::vector<UserProperty>> member) {
    for (const UserProperty& property : properties_.*member) {
      sink_.u8(row_.id);
      sink_.text(property.name);
      sink_.text(property.value);
    }
  }

 private:
  void write(std::uint8_t value) { sink_.u8(value); }
  void write(std::uint16_t value) { sink_.u16(value); }
  void write(std::uint32_t value) { sink_.u32(value); }
  void write(std::string_view value) { sink_.text(value); }
  void write(Blob value) { sink_.binary(value); }

  Sink& sink_;
  const Row& row_;
  const Properties& properties_;
};

template <class Sink>
void write_rows(Sink& sink, const Properties& properties, Places where) {
  for (const Row& row : kRows) {
    if ((row.places & where) != 0) std::visit(ValueWriter(sink, row, properties), row.field);
  }
}

}  // namespace

void read_properties(Cursor& cursor, Places where, const DecodeLimits& limits, Properties& out) {
  Cursor section(cursor.take(cursor.variable()));
  std::size_t user_bytes = 0;
  while (section.more()) {
    const std::uint32_t id = section.variable();
    const Row* row = id < kIds ? kRowOfId[id] : nullptr;
    if (section.failed() || row == nullptr) {
      section.fail(ReasonCode::malformed_packet, "a property has an unknown identifier");
    } else if ((row->places & where) == 0) {
      section.fail(ReasonCode::malformed_packet, "a property is not allowed in this packet");
    } else {
      std::visit(ValueReader(section, *row, where, limits, out, user_bytes), row->field);
    }
  }
  if (section.failed()) cursor.fail(section.error());
}

std::size_t properties_size(const Properties& properties, Places where) {
  Measure measure;
  write_rows(measure, properties, where);
  return measure.size();
}

void write_properties(Writer& writer, const Properties& properties, Places where) {
  writer.variable(properties_size(properties, where));
  write_rows(writer, properties, where);
}

}  // namespace imprint::mqtt::wire
