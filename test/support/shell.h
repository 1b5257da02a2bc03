// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <sys/wait.h>

#include "base/error.h"
#include "test/support/scratch_folder.h"

namespace imprint::test {

struct ShellResult {
  int exit_code = 0;
  std::string output;  ///< stdout and stderr
};

/// Runs a shell command in `folder`, such as the real tools that decide on compatibility.
inline ShellResult shell(const ScratchFolder& folder, const std::string& line) {
  const std::string command = "cd '" + folder.path().string() + "' && { " + line + "; } 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  IMPRINT_ASSERT(pipe != nullptr);
  ShellResult out;
  std::array<char, 4096> chunk{};
  for (std::size_t got = 0; (got = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
    out.output.append(chunk.data(), got);
  const int status = ::pclose(pipe);
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void spill(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace imprint::test
