// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace imprint::mqtt {

/// A queue that needs no heap memory while it is empty. An empty std::deque allocates half a
/// kilobyte, and each of tens of thousands of idle sessions has more than one queue.
template <class T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const { return head_ == items_.size(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
  T& front() { return items_[head_]; }
  T& back() { return items_.back(); }
  T& operator[](std::size_t index) { return items_[head_ + index]; }

  void push(T item) { items_.push_back(std::move(item)); }

  T pop() {
    T item = std::move(items_[head_++]);
    compact();
    return item;
  }

  void erase(std::size_t index) {
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(head_ + index));
    compact();
  }

  void clear() {
    items_ = {};
    head_ = 0;
  }

 private:
  void compact() {
    if (empty()) {
      clear();
    } else if (head_ >= 32 && head_ * 2 >= items_.size()) {
      // Moves at most as many items as were popped since the last move: amortized constant time.
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }

  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace imprint::mqtt
