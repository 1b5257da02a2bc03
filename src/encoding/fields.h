// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "encoding/form.h"

/// How a struct is written as a JSON object. It has one list of its fields, in its own namespace:
///
///   constexpr auto fields_of(std::type_identity<Rate>) {
///     return std::tuple{
///         encoding::field("most", &Rate::most),
///         encoding::field("per_seconds", &Rate::per),
///     };
///   }
///
/// Writer, reader and tests use that list. If it lacks a member, the code does not compile.
namespace imprint::encoding {

/// A member of a struct and its name in JSON. `Access` is a pointer to the member, or a function
/// from the struct to a nested member.
template <class Access, class Older = std::nullptr_t>
struct Field {
  std::string_view name;
  Access access;
  Older older = nullptr;
  bool is_always_written = false;
  bool begins_member = true;

  template <class T>
  constexpr decltype(auto) of(T& owner) const {
    return std::invoke(access, owner);
  }

  /// Written even when empty. If it is absent, the struct's default remains.
  [[nodiscard]] constexpr Field always() const {
    return {name, access, older, true, begins_member};
  }

  /// If it is absent, `read` looks for the form that earlier versions wrote.
  template <class Member>
  constexpr auto or_earlier(void (*read)(const json::object&, Member&, Reader&)) const {
    return Field<Access, decltype(read)>{name, access, read, is_always_written, begins_member};
  }
};

template <class Access>
constexpr Field<Access> field(std::string_view name, Access access) {
  return {name, access};
}

/// Another part of the same member as the field before it.
template <class Access>
constexpr Field<Access> next_part(std::string_view name, Access access) {
  return {name, access, nullptr, false, false};
}

template <class T>
concept Listed = requires { fields_of(std::type_identity<T>()); };

namespace detail {

/// Converts to any type, to count initialisers; the conversion is never executed.
struct Anything {
  template <class T>
  operator T() const {
    std::terminate();
  }
};

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Anything())...}; };
}

/// The number of members of an aggregate: the most initialisers that it accepts.
template <class T, std::size_t most = 48>
constexpr std::size_t count_members() {
  if constexpr (most == 0 || takes<T>(std::make_index_sequence<most>())) {
    return most;
  } else {
    return count_members<T, most - 1>();
  }
}

template <Listed T>
constexpr auto checked_fields() {
  constexpr auto kAll = fields_of(std::type_identity<T>());
  constexpr std::size_t kListed =
      std::apply([](const auto&... each) { return (std::size_t{each.begins_member} + ...); }, kAll);
  static_assert(kListed == count_members<T>(), "each member has one field in the list");
  return kAll;
}

}  // namespace detail

template <Listed T>
inline constexpr auto kFields = detail::checked_fields<T>();

/// Calls `visit` with each Field of a struct, in the order of its list.
template <Listed T, class Visit>
constexpr void for_each_field(Visit&& visit) {
  std::apply([&](const auto&... each) { (visit(each), ...); }, kFields<T>);
}

namespace detail {

template <class Field, class Member>
bool is_left_out(const Field& field, const Member& member) {
  if constexpr (LeftOutWhenEmpty<Member>) {
    return !field.is_always_written && Form<Member>::is_empty(member);
  } else {
    return false;
  }
}

/// An absent member was empty when written, or the writing version had no such member.
template <class Field, class Member>
void read_absent(const Field& field, const json::object& from, Member& out, Reader& reader) {
  if constexpr (!std::is_null_pointer_v<decltype(field.older)>) {
    field.older(from, out, reader);
  } else if constexpr (Listed<Member>) {
    Form<Member>::read(json::object(), out, reader);
  } else if constexpr (!std::is_default_constructible_v<Member>) {
    reader.refuse("is missing");
  } else if constexpr (LeftOutWhenEmpty<Member>) {
    if (!field.is_always_written) out = Member();
  }
}

}  // namespace detail

/// The members in the order of the list, omitting empty ones (Form::is_empty).
template <Listed T>
json::object write_fields(const T& value) {
  json::object out;
  out.reserve(std::tuple_size_v<std::remove_cvref_t<decltype(kFields<T>)>>);
  for_each_field<T>([&](const auto& each) {
    const auto& member = each.of(value);
    if (!detail::is_left_out(each, member))
      out.emplace(each.name, Form<std::remove_cvref_t<decltype(member)>>::write(member));
  });
  return out;
}

/// Reads one member by name. Returns false if it is absent or refused.
template <class Member>
bool read_member(const json::object& from, std::string_view name, Member& out, Reader& reader) {
  reader.at(name);
  const json::value* value = from.if_contains(name);
  if (value == nullptr) return false;
  if (Form<Member>::matches(*value)) return Form<Member>::read(*value, out, reader);
  if (!Form<Member>::kWrongType.empty()) reader.refuse(Form<Member>::kWrongType);
  return false;
}

/// Reads each member of the list by name, and ignores all others.
template <Listed T>
void read_fields(const json::object& from, T& out, Reader& reader) {
  for_each_field<T>([&](const auto& each) {
    auto& member = each.of(out);
    if (!read_member(from, each.name, member, reader))
      detail::read_absent(each, from, member, reader);
  });
}

/// Reads a struct from an object that this version or an earlier one wrote; Fault::internal if the
/// object is broken.
template <Listed T>
Result<T> read_fields(const json::object& from) {
  T out = blank<T>();
  Reader reader;
  read_fields(from, out, reader);
  if (reader.error()) return tl::unexpected(*reader.error());
  return out;
}

/// A struct within another. It is empty if all its members are.
template <Listed T>
struct Form<T> {
  static constexpr std::string_view kWrongType = "is not an object";
  static bool is_empty(const T& value) {
    bool is_any_written = false;
    for_each_field<T>([&](const auto& each) {
      is_any_written = is_any_written || !detail::is_left_out(each, each.of(value));
    });
    return !is_any_written;
  }
  static json::value write(const T& value) { return write_fields(value); }
  static bool matches(const json::value& value) { return value.is_object(); }
  static bool read(const json::value& value, T& out, Reader& reader) {
    read_fields(value.get_object(), out, reader);
    return true;
  }
};

}  // namespace imprint::encoding
