// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace imprint {

template <class T>
using Result = tl::expected<T, Error>;

using Unexpected = tl::unexpected<Error>;

/// Builds the error return value of a Result: `return fail(Fault::invalid, "must be {} bytes", n);`
template <class... Args>
Unexpected fail(Fault fault, fmt::format_string<Args...> format, Args&&... args) {
  return Unexpected(Error{fault, fmt::format(format, std::forward<Args>(args)...)});
}

/// The same with the place in the input (a JSON path, a member, a parameter).
template <class... Args>
Unexpected fail_at(Fault fault, std::string where, fmt::format_string<Args...> format,
                   Args&&... args) {
  return Unexpected(
      Error{fault, fmt::format(format, std::forward<Args>(args)...), std::move(where)});
}

}  // namespace imprint

#define IMPRINT_CONCAT_(a, b) a##b
#define IMPRINT_CONCAT(a, b) IMPRINT_CONCAT_(a, b)

/// TRY(expr): returns the error of a Result<void>-like expression from a plain function.
#define TRY(expression)                                                        \
  do {                                                                         \
    auto&& try_result_ = (expression);                                         \
    if (!try_result_) return ::tl::unexpected(std::move(try_result_).error()); \
  } while (false)

/// TRY_ASSIGN(auto name, expr): unwraps a Result, or returns its error from a plain function.
#define TRY_ASSIGN(declaration, expression) \
  TRY_ASSIGN_(IMPRINT_CONCAT(try_value_, __LINE__), declaration, expression)
#define TRY_ASSIGN_(name, declaration, expression)             \
  auto&& name = (expression);                                  \
  if (!name) return ::tl::unexpected(std::move(name).error()); \
  declaration = std::move(*name)

/// The same two for coroutines that return Task<Result<T>>.
#define CO_TRY(expression)                                                        \
  do {                                                                            \
    auto&& try_result_ = (expression);                                            \
    if (!try_result_) co_return ::tl::unexpected(std::move(try_result_).error()); \
  } while (false)
#define CO_TRY_ASSIGN(declaration, expression) \
  CO_TRY_ASSIGN_(IMPRINT_CONCAT(try_value_, __LINE__), declaration, expression)
#define CO_TRY_ASSIGN_(name, declaration, expression)             \
  auto&& name = (expression);                                     \
  if (!name) co_return ::tl::unexpected(std::move(name).error()); \
  declaration = std::move(*name)
