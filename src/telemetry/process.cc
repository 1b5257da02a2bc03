// SPDX-License-Identifier: Apache-2.0
#include "telemetry/process.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace imprint::telemetry {

namespace {

/// proc(5), /proc/pid/stat: fields are counted from 1. The text after the name in parentheses,
/// which may contain anything, begins with the third field.
constexpr std::size_t kFirstField = 3;
constexpr std::size_t kUserTicks = 14 - kFirstField;
constexpr std::size_t kSystemTicks = 15 - kFirstField;
constexpr std::size_t kStartTicks = 22 - kFirstField;
constexpr std::size_t kResidentPages = 24 - kFirstField;

std::array<double, kResidentPages + 1> read_stat() {
  std::array<double, kResidentPages + 1> fields{};
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string word;
  for (double& field : fields) {
    if (rest >> word) field = std::strtod(word.c_str(), nullptr);
  }
  return fields;
}

double boot_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

double count_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator it("/proc/self/fd", error);
  if (error) return 0;
  double count = -1;  // excludes the descriptor that reads the folder
  for (; it != std::filesystem::directory_iterator(); it.increment(error)) {
    if (error) break;
    ++count;
  }
  return count;
}

double most_descriptors() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

}  // namespace

Process this_process() {
  static const double boot = boot_seconds();
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto stat = read_stat();
  return {.start_seconds = boot + stat[kStartTicks] * tick,
          .cpu_seconds = (stat[kUserTicks] + stat[kSystemTicks]) * tick,
          .resident_bytes = stat[kResidentPages] * static_cast<double>(sysconf(_SC_PAGESIZE)),
          .open_descriptors = count_descriptors(),
          .most_descriptors = most_descriptors()};
}

}  // namespace imprint::telemetry
