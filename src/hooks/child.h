// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace imprint::hooks {

/// A program that runs beside the server, in its own process group: no shell, none of the server's
/// open files, default signals, and an environment of PATH, HOME, LANG, TZ and TMPDIR. The
/// destructor kills the whole group.
class Child {
 public:
  /// The program is looked up in PATH. Errors name the program and the system's reason.
  static Result<Child> start(const std::vector<std::string>& command,
                             const std::filesystem::path& folder);
  /// Whether start() would find the program. Fault::not_found, or Fault::unavailable where PATH
  /// decides, which may differ in another process.
  static Result<void> find(const std::vector<std::string>& command,
                           const std::filesystem::path& folder);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Kills the group at once; its end shows on `process`.
  void kill() const;
  /// Asks the group to end; the destructor does not wait for it.
  void terminate() const;
  /// Call after `process` has become readable: waits for the child and describes its end, "exit
  /// status 1", "signal 9".
  std::string reap();

  FileDescriptor in;       ///< to its standard input
  FileDescriptor out;      ///< from its standard output
  FileDescriptor err;      ///< from its standard error
  FileDescriptor process;  ///< a pidfd: readable once it has ended

 private:
  Child() = default;
  pid_t pid_ = -1;
};

}  // namespace imprint::hooks
