// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace imprint::imprintd {

/// While the server runs, a file in the deployment directory tells the operator's tool which
/// addresses it listens on. Removed when the server stops.
class RunFile {
 public:
  RunFile(std::filesystem::path file, const std::string& mqtt, const std::string& http);
  ~RunFile();
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;

 private:
  std::filesystem::path file_;
};

}  // namespace imprint::imprintd
