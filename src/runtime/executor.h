// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace imprint::runtime {

/// The work queue of a thread, such as a shard's event loop. post() is safe from any thread; posted
/// work runs on the executor's own thread, in order.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(std::function<void()> work) = 0;

  /// The executor whose work is running on this thread, or null if there is none.
  static Executor* current();

  /// Marks `executor` as current for a scope; an event loop holds one while it runs its work.
  class Scope {
   public:
    explicit Scope(Executor& executor);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Executor* previous_;
  };
};

}  // namespace imprint::runtime
