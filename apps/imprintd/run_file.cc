// SPDX-License-Identifier: Apache-2.0
#include "apps/imprintd/run_file.h"

#include <unistd.h>

#include "base/file.h"
#include "encoding/json.h"

namespace imprint::imprintd {

RunFile::RunFile(std::filesystem::path file, const std::string& mqtt, const std::string& http)
    : file_(std::move(file)) {
  const encoding::json::object content{
      {"mqtt", mqtt}, {"http", "https://" + http}, {"pid", getpid()}};
  // Without this file the tool uses the configuration, so failing to write it is no reason to stop.
  std::ignore = write_file_durably(file_, 0600, encoding::to_json(content) + "\n");
}

RunFile::~RunFile() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

}  // namespace imprint::imprintd
