// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/forms.h"
#include "registry/tables.h"

namespace imprint::registry {

/// A column stores a value in its JSON form; a member that the JSON object would omit is NULL.
template <class T>
Cell cell(const T& value) {
  if constexpr (encoding::LeftOutWhenEmpty<T>) {
    if (encoding::Form<T>::is_empty(value)) return nullptr;
  }
  const encoding::json::value written = encoding::Form<T>::write(value);
  if (written.is_int64()) return written.get_int64();
  return std::string(written.get_string());
}

}  // namespace imprint::registry
