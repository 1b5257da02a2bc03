// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <utility>

namespace imprint {

/// A struct member that must be given wherever the struct is made: forgetting it does not compile.
/// For facts whose absence would be mistaken for an answer.
template <class T>
class Required {
 public:
  template <class U>
    requires std::convertible_to<U, T> && (!std::same_as<std::remove_cvref_t<U>, Required>)
  // NOLINTNEXTLINE(google-explicit-constructor): it represents the value
  Required(U&& value) : value_(std::forward<U>(value)) {}

  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const T&() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_;
};

}  // namespace imprint
