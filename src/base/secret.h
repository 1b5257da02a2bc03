// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/bytes.h"

namespace imprint {

/// Text that must not reach a log, an error or a metric: it has no stream operator and no fmt
/// formatter, can only be moved, and is wiped by its destructor. Call reveal() where the secret is
/// used, nowhere else.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.clear(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      text_ = std::move(other.text_);
      other.clear();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { clear(); }

  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  void clear() {
    wipe(text_.data(), text_.size());
    text_.clear();
  }

  std::string text_;
};

}  // namespace imprint
