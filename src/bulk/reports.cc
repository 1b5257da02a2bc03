// SPDX-License-Identifier: Apache-2.0
#include "bulk/reports.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "encoding/text.h"
#include "x509/digest.h"

namespace imprint::bulk {

namespace {

/// More than any single line, which holds a certificate and some ARNs.
constexpr std::size_t kMaxReadBytes = std::size_t{16} << 20U;

}  // namespace

std::string_view to_string(ReportType type) {
  return type == ReportType::errors ? "ERRORS" : "RESULTS";
}

std::optional<ReportType> parse_report_type(std::string_view text) {
  if (text == "ERRORS") return ReportType::errors;
  if (text == "RESULTS") return ReportType::results;
  return std::nullopt;
}

std::filesystem::path Reports::file_of(const std::string& task, ReportType type,
                                       std::int64_t part) const {
  return folder_of(task) /
         fmt::format("{}-{:05}.ndjson", type == ReportType::errors ? "errors" : "results", part);
}

Result<registry::ReportPlace> Reports::write(const std::string& task, ReportType type,
                                             registry::ReportPlace place,
                                             std::string_view line) const {
  const auto size = static_cast<std::int64_t>(line.size());
  if (place.bytes > 0 && place.bytes + size > kMaxPartBytes) place = {place.part + 1, 0};
  const std::filesystem::path path = file_of(task, type, place.part);
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return system_failure("open", path);
  if (::ftruncate(file.get(), place.bytes) != 0 ||
      ::lseek(file.get(), place.bytes, SEEK_SET) != place.bytes) {
    return system_failure("continue", path);
  }
  TRY(write_all(file.get(), line, path));
  if (::fdatasync(file.get()) != 0) return system_failure("sync", path);
  if (place.bytes == 0) TRY(sync_directory(folder_of(task)));
  return registry::ReportPlace{place.part, place.bytes + size};
}

Result<std::string> Reports::read(const ReportPart& part, const registry::ReportPlace& end) const {
  const bool is_there =
      part.part >= 0 && (part.part < end.part || (part.part == end.part && end.bytes > 0));
  if (!is_there) return fail(Fault::not_found, "the report has no part {}", part.part);
  TRY_ASSIGN(std::string text, read_file(file_of(part.task, part.type, part.part), kMaxReadBytes));
  if (part.part == end.part && std::cmp_greater(text.size(), end.bytes))
    text.resize(static_cast<std::size_t>(end.bytes));
  return text;
}

void Reports::remove(const std::string& task) const {
  std::error_code ignored;
  std::filesystem::remove_all(folder_of(task), ignored);
}

std::string ReportLinks::token_of(const ReportPart& part, std::int64_t expires) const {
  const std::string bound = fmt::format("imprint report|{}|{}|{}|{}", part.task,
                                        to_string(part.type), part.part, expires);
  return encoding::to_hex(x509::hmac_sha256(as_bytes(key_.reveal()), as_bytes(bound)));
}

std::string ReportLinks::target_of(const ReportPart& part, Timestamp now) const {
  const std::int64_t expires =
      std::chrono::floor<Seconds>(now + kLifetime).time_since_epoch().count();
  return fmt::format("/imprint/v1/reports/{}/{}/{}?expires={}&token={}", part.task,
                     to_string(part.type), part.part, expires, token_of(part, expires));
}

Result<void> ReportLinks::check(const ReportPart& part, std::int64_t expires,
                                std::string_view token, Timestamp now) const {
  if (!equal_constant_time(as_bytes(token_of(part, expires)), as_bytes(token)))
    return fail(Fault::forbidden, "the link's token is wrong; ask for the reports again");
  if (now.time_since_epoch() >= Seconds(expires))
    return fail(Fault::forbidden, "the link has expired; ask for the reports again");
  return {};
}

}  // namespace imprint::bulk
