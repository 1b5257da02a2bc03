// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "base/name.h"
#include "base/network.h"
#include "encoding/json.h"
#include "encoding/text.h"

/// How a value of each type is written in JSON; for structs see fields.h. Other folders specialise
/// Form for their own types.
namespace imprint::encoding {

/// Records the first member that cannot be read. The other members are still read.
class Reader {
 public:
  /// Sets the member that is read next, for refuse().
  void at(std::string_view member) { member_ = member; }
  /// Always false, for `return reader.refuse(...)`.
  bool refuse(std::string_view why) {
    if (!error_) error_ = Error{Fault::internal, fmt::format("stored member {}: {}", member_, why)};
    return false;
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::string_view member_;
  std::optional<Error> error_;
};

/// The form of one type:
///   static json::value write(const T&);
///   static bool matches(const json::value&);              whether it has the right JSON type
///   static bool read(const json::value&, T&, Reader&);    false, after refuse(), if it is invalid
///   static constexpr std::string_view kWrongType          why another JSON type is refused; if
///                                                         empty, it is ignored as if absent
/// and optionally:
///   static bool is_empty(const T&);   whether an object leaves the member out
///   static T blank();                 to read into, for a type without a default constructor
template <class T>
struct Form;

template <class T>
concept LeftOutWhenEmpty = requires(const T& value) { Form<T>::is_empty(value); };

template <class T>
T blank();

namespace detail {

/// Converts to a blank value of whatever member it initialises.
struct AnyBlank {
  template <class T>
    requires(!std::is_default_constructible_v<T>)
  operator T() const {
    return blank<T>();
  }
};

}  // namespace detail

/// A value to read into. If a type has no default, or the first members of a struct have none, it
/// is a meaningless placeholder.
template <class T>
T blank() {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
  using detail::AnyBlank;
  if constexpr (std::is_default_constructible_v<T>) {
    return T{};
  } else if constexpr (requires { Form<T>::blank(); }) {
    return Form<T>::blank();
  } else if constexpr (requires { T{AnyBlank()}; }) {
    return T{AnyBlank()};
  } else {
    return T{AnyBlank(), AnyBlank()};
  }
#pragma GCC diagnostic pop
}

template <>
struct Form<std::string> {
  static constexpr std::string_view kWrongType = "is not text";
  static bool is_empty(const std::string& value) { return value.empty(); }
  static json::value write(const std::string& value) { return json::value(value); }
  static bool matches(const json::value& value) { return value.is_string(); }
  static bool read(const json::value& value, std::string& out, Reader&) {
    out = value.get_string();
    return true;
  }
};

template <>
struct Form<bool> {
  static constexpr std::string_view kWrongType = "";
  static bool is_empty(bool value) { return !value; }
  static json::value write(bool value) { return value; }
  static bool matches(const json::value& value) { return value.is_bool(); }
  static bool read(const json::value& value, bool& out, Reader&) {
    out = value.get_bool();
    return true;
  }
};

template <std::integral T>
struct Form<T> {
  static constexpr std::string_view kWrongType = "is not a whole number";
  static json::value write(T value) { return value; }
  static bool matches(const json::value& value) { return value.is_int64() || value.is_uint64(); }
  static bool read(const json::value& value, T& out, Reader& reader) {
    json::error_code failed;
    const T number = value.to_number<T>(failed);
    if (failed) return reader.refuse("is out of range");
    out = number;
    return true;
  }
};

template <class Rep, class Period>
struct Form<std::chrono::duration<Rep, Period>> : Form<Rep> {
  using Duration = std::chrono::duration<Rep, Period>;
  static json::value write(Duration value) { return Form<Rep>::write(value.count()); }
  static bool read(const json::value& value, Duration& out, Reader& reader) {
    Rep count = 0;
    if (!Form<Rep>::read(value, count, reader)) return false;
    out = Duration(count);
    return true;
  }
};

/// Milliseconds since 1970.
template <>
struct Form<Timestamp> : Form<Milliseconds> {
  static json::value write(Timestamp value) { return to_milliseconds(value); }
  static bool read(const json::value& value, Timestamp& out, Reader& reader) {
    Milliseconds since_1970{0};
    if (!Form<Milliseconds>::read(value, since_1970, reader)) return false;
    out = Timestamp(since_1970);
    return true;
  }
};

/// A type that is text in JSON and is made from it by `parse`.
template <class T, Result<T> (*parse)(std::string_view)>
struct TextForm {
  static constexpr std::string_view kWrongType = Form<std::string>::kWrongType;
  static bool matches(const json::value& value) { return value.is_string(); }
  static bool read(const json::value& value, T& out, Reader& reader) {
    auto parsed = parse(value.get_string());
    if (!parsed) return reader.refuse(parsed.error().message);
    out = std::move(*parsed);
    return true;
  }
};

template <class Rule>
struct Form<Name<Rule>> : TextForm<Name<Rule>, &Name<Rule>::parse> {
  static json::value write(const Name<Rule>& value) { return json::value(value.str()); }
  static Name<Rule> blank() { return *Name<Rule>::parse("x"); }
};

template <>
struct Form<CertificateId> : TextForm<CertificateId, &CertificateId::parse> {
  static json::value write(const CertificateId& value) { return json::value(value.hex()); }
  static CertificateId blank() { return CertificateId(Sha256{}); }
};

inline Result<Sha256> parse_sha256(std::string_view text) {
  return CertificateId::parse(text).map([](const CertificateId& id) { return id.bytes(); });
}
template <>
struct Form<Sha256> : TextForm<Sha256, &parse_sha256> {
  static json::value write(const Sha256& value) { return json::value(to_hex(value)); }
};

template <>
struct Form<Network> : TextForm<Network, &Network::parse> {
  static json::value write(const Network& value) { return json::value(value.text()); }
};

/// An enum is written as the name that to_string() returns for a value; all values are listed here.
template <auto first, auto... others>
struct EnumForm {
  using Enum = decltype(first);
  static constexpr std::string_view kWrongType = Form<std::string>::kWrongType;
  static json::value write(Enum value) { return json::value(to_string(value)); }
  static bool matches(const json::value& value) { return value.is_string(); }
  static bool read(const json::value& value, Enum& out, Reader& reader) {
    const std::string_view text = value.get_string();
    for (const Enum known : {first, others...}) {
      if (text != to_string(known)) continue;
      out = known;
      return true;
    }
    return reader.refuse("is unknown");
  }
};

template <class T>
struct Form<std::optional<T>> {
  static constexpr std::string_view kWrongType = Form<T>::kWrongType;
  static bool is_empty(const std::optional<T>& value) { return !value; }
  static json::value write(const std::optional<T>& value) {
    return value ? Form<T>::write(*value) : json::value();
  }
  static bool matches(const json::value& value) { return Form<T>::matches(value); }
  static bool read(const json::value& value, std::optional<T>& out, Reader& reader) {
    T inner = blank<T>();
    if (!Form<T>::read(value, inner, reader)) return false;
    out = std::move(inner);
    return true;
  }
};

/// Elements of another JSON type are skipped.
template <class T>
struct Form<std::vector<T>> {
  static constexpr std::string_view kWrongType = "";
  static bool is_empty(const std::vector<T>& value) { return value.empty(); }
  static json::value write(const std::vector<T>& value) {
    json::array out;
    out.reserve(value.size());
    for (const T& item : value) out.push_back(Form<T>::write(item));
    return out;
  }
  static bool matches(const json::value& value) { return value.is_array(); }
  static bool read(const json::value& value, std::vector<T>& out, Reader& reader) {
    out.clear();
    for (const json::value& item : value.get_array()) {
      T inner = blank<T>();
      if (Form<T>::matches(item) && Form<T>::read(item, inner, reader))
        out.push_back(std::move(inner));
    }
    return true;
  }
};

template <class T, class Less>
struct Form<std::map<std::string, T, Less>> {
  using Map = std::map<std::string, T, Less>;
  static constexpr std::string_view kWrongType = "";
  static bool is_empty(const Map& value) { return value.empty(); }
  static json::value write(const Map& value) {
    json::object out;
    out.reserve(value.size());
    for (const auto& [key, item] : value) out.emplace(key, Form<T>::write(item));
    return out;
  }
  static bool matches(const json::value& value) { return value.is_object(); }
  static bool read(const json::value& value, Map& out, Reader& reader) {
    out.clear();
    for (const auto& [key, item] : value.get_object()) {
      T inner = blank<T>();
      if (Form<T>::matches(item) && Form<T>::read(item, inner, reader))
        out.emplace(key, std::move(inner));
    }
    return true;
  }
};

}  // namespace imprint::encoding
