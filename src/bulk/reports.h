// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "base/secret.h"
#include "registry/records.h"

namespace imprint::bulk {

/// AWS IoT API, ReportType.
enum class ReportType : std::uint8_t { errors, results };
std::string_view to_string(ReportType type);  ///< "ERRORS", "RESULTS"
std::optional<ReportType> parse_report_type(std::string_view text);

/// One part of one report, as addressed by a link.
struct ReportPart {
  std::string task;
  ReportType type = ReportType::results;
  std::int64_t part = 0;
};

/// The reports of bulk registrations: lines of JSON in files of bounded size,
/// {folder}/{task}/{results,errors}-00000.ndjson. Only the part of a file that the task's progress
/// records is valid; what follows was left by a crash and is overwritten. Any thread; one writer
/// per task.
class Reports {
 public:
  /// A line that would exceed this starts a new part.
  static constexpr std::int64_t kMaxPartBytes = std::int64_t{4} << 20U;

  explicit Reports(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::filesystem::path folder_of(const std::string& task) const {
    return folder_ / task;
  }

  /// Durably writes a line, including its line feed, at `place`; returns the place of the next
  /// line.
  [[nodiscard]] Result<registry::ReportPlace> write(const std::string& task, ReportType type,
                                                    registry::ReportPlace place,
                                                    std::string_view line) const;

  /// A part, up to `end`. Fault::not_found for a part beyond it.
  [[nodiscard]] Result<std::string> read(const ReportPart& part,
                                         const registry::ReportPlace& end) const;

  void remove(const std::string& task) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& task, ReportType type,
                                              std::int64_t part) const;
  std::filesystem::path folder_;
};

/// Links that open reports without credentials for a limited time, as AWS's presigned links do: an
/// HMAC over the linked part and the expiry time. Immutable, any thread.
class ReportLinks {
 public:
  static constexpr Seconds kLifetime = std::chrono::hours(1);

  /// `key`: at least 32 random bytes.
  explicit ReportLinks(Secret key) : key_(std::move(key)) {}

  /// "/imprint/v1/reports/{task}/{type}/{part}?expires={seconds}&token={hex}"
  [[nodiscard]] std::string target_of(const ReportPart& part, Timestamp now) const;

  /// Fault::forbidden for a forged or expired link.
  [[nodiscard]] Result<void> check(const ReportPart& part, std::int64_t expires,
                                   std::string_view token, Timestamp now) const;

 private:
  [[nodiscard]] std::string token_of(const ReportPart& part, std::int64_t expires) const;
  Secret key_;
};

}  // namespace imprint::bulk
