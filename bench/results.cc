// SPDX-License-Identifier: Apache-2.0
#include "bench/results.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <openssl/crypto.h>
#include <sys/utsname.h>
#include <thread>

namespace imprint::bench {

namespace {

namespace json = encoding::json;

std::string first_line_after(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t value = line.find_first_not_of(" \t:", key.size());
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "unknown";
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string out;
  std::array<char, 256> chunk{};
  for (std::size_t got = 0; (got = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
    out.append(chunk.data(), got);
  const bool has_failed = ::pclose(pipe) != 0;
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return has_failed ? "" : out;
}

json::object to_json(const std::map<std::string, double>& figures) {
  json::object out;
  for (const auto& [name, value] : figures) out[name] = rounded(value);
  return out;
}

json::object to_json(const Sample& sample) {
  return {{"serverCpuUs", rounded(sample.server_cpu_us)},
          {"serverThreadsUs", to_json(sample.thread_us)},
          {"clientCpuUs", rounded(sample.client_cpu_us)},
          {"floorUs", rounded(sample.floor_us)},
          {"handshakeUs", rounded(sample.handshake_us)},
          {"overFloor", rounded(sample.over_floor())},
          {"overHandshake", rounded(sample.over_handshake())},
          {"run", fleet::to_json_object(sample.report)}};
}

}  // namespace

double rounded(double value) { return std::round(value * 100) / 100; }

double median(std::vector<double> values) {
  IMPRINT_ASSERT(!values.empty());
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double median(const Series& series, double (*figure)(const Sample&)) {
  std::vector<double> values;
  std::ranges::transform(series.samples, std::back_inserter(values), figure);
  return median(std::move(values));
}

std::string to_text(const std::vector<Series>& all) {
  std::string out =
      fmt::format("{:<22}{:>10}{:>10}{:>9}{:>9}{:>8}{:>8}{:>10}{:>9}{:>9}\n", "scenario", "server",
                  "client", "F", "H", "x F", "x H", "devices/s", "p50", "p99");
  out += fmt::format("{:<22}{:>10}{:>10}{:>9}{:>9}{:>8}{:>8}{:>10}{:>9}{:>9}\n", "", "us", "us",
                     "us", "us", "", "", "", "ms", "ms");
  for (const Series& series : all) {
    const auto figure = [&](double (*of)(const Sample&)) { return median(series, of); };
    out += fmt::format(
        "{:<22}{:>10.0f}{:>10.0f}{:>9.0f}{:>9.0f}{:>8.2f}{:>8.2f}{:>10.0f}{:>9.1f}{:>9.1f}\n",
        series.name, figure([](const Sample& s) { return s.server_cpu_us; }),
        figure([](const Sample& s) { return s.client_cpu_us; }),
        figure([](const Sample& s) { return s.floor_us; }),
        figure([](const Sample& s) { return s.handshake_us; }),
        figure([](const Sample& s) { return s.over_floor(); }),
        figure([](const Sample& s) { return s.over_handshake(); }),
        figure([](const Sample& s) { return s.report.rate(); }), figure([](const Sample& s) {
          return static_cast<double>(s.report.total.p50.count()) / 1e6;
        }),
        figure(
            [](const Sample& s) { return static_cast<double>(s.report.total.p99.count()) / 1e6; }));
  }
  return out;
}

json::array to_json(const std::vector<Series>& all) {
  json::array out;
  for (const Series& series : all) {
    json::array samples;
    for (const Sample& sample : series.samples) samples.push_back(to_json(sample));
    out.push_back(json::object{
        {"name", series.name},
        {"about", series.about},
        {"median",
         json::object{
             {"serverCpuUs",
              rounded(median(series, [](const Sample& s) { return s.server_cpu_us; }))},
             {"overFloor", rounded(median(series, [](const Sample& s) { return s.over_floor(); }))},
             {"overHandshake",
              rounded(median(series, [](const Sample& s) { return s.over_handshake(); }))},
             {"devicesPerSecond",
              rounded(median(series, [](const Sample& s) { return s.report.rate(); }))}}},
        {"samples", std::move(samples)}});
  }
  return out;
}

json::object describe_machine() {
  utsname kernel{};
  uname(&kernel);
  std::array<double, 3> load{};
  getloadavg(load.data(), 3);
  return {{"processor", first_line_after("/proc/cpuinfo", "model name")},
          {"cores", std::thread::hardware_concurrency()},
          {"memory", first_line_after("/proc/meminfo", "MemTotal")},
          {"kernel", std::string(kernel.release)},
          {"openssl", OpenSSL_version(OPENSSL_VERSION)},
          {"loadAverage", rounded(load[0])}};
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

std::string describe_commit(const std::string& source_folder) {
  const std::string commit = output_of(fmt::format(
      "git -C '{}' describe --always --exclude '*' --dirty 2>/dev/null", source_folder));
  return commit.empty() ? "unknown" : commit;
}

}  // namespace imprint::bench
