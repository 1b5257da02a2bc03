// SPDX-License-Identifier: Apache-2.0
#include "registry/codec.h"

#include <array>
#include <utility>

#include "registry/fields.h"

namespace imprint::registry {

namespace json = encoding::json;

namespace {

template <class T>
Result<Record> read(const json::object& from) {
  return encoding::read_fields<T>(from).map([](T&& record) { return Record(std::move(record)); });
}

template <std::size_t... I>
constexpr auto readers(std::index_sequence<I...>) {
  return std::array{&read<std::variant_alternative_t<I, Record::variant>>...};
}

/// Indexed by Kind.
constexpr auto kReaders = readers(std::make_index_sequence<kKinds>());

}  // namespace

json::object to_json(const Record& record) {
  return std::visit([](const auto& one) { return encoding::write_fields(one); }, record);
}

Result<Record> from_json(Kind kind, const json::value& value) {
  if (!value.is_object())
    return fail(Fault::internal, "a stored {} is not an object", kind_name(kind));
  return kReaders[static_cast<std::size_t>(kind)](value.get_object());
}

}  // namespace imprint::registry
