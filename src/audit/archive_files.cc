// SPDX-License-Identifier: Apache-2.0
#include "audit/archive_files.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <unistd.h>

#include "audit/archive_line.h"
#include "base/file.h"

namespace imprint::audit {

namespace {

constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::size_t kDigits = 16;
constexpr std::size_t kDay = std::string_view("-20260301").size();
constexpr std::size_t kBytesAtOnce = std::size_t{64} * 1024;

std::optional<std::int64_t> first_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) ||
      name.size() != kPrefix.size() + kDigits + kDay + kSuffix.size())
    return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size(), kDigits);
  std::int64_t first = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), first);
  if (error != std::errc() || end != digits.end()) return std::nullopt;
  return first;
}

}  // namespace

std::string archive_file_name(std::int64_t first, Timestamp day) {
  // A time outside the years 1970 to 9999 comes from a store that was tampered with.
  constexpr Timestamp kFirst{};
  constexpr Timestamp kLast{Milliseconds(253'402'300'799'999)};
  day = std::clamp(day, kFirst, kLast);
  // Not system_clock::to_time_t: its nanoseconds end in 2262.
  const std::time_t since_epoch =
      std::chrono::floor<std::chrono::seconds>(day).time_since_epoch().count();
  return fmt::format("{}{:0{}}-{:%Y%m%d}{}", kPrefix, first, kDigits, fmt::gmtime(since_epoch),
                     kSuffix);
}

Result<std::vector<ArchiveFile>> archive_files(const std::filesystem::path& folder) {
  std::vector<ArchiveFile> out;
  std::error_code error;
  for (auto item = std::filesystem::directory_iterator(folder, error);
       !error && item != std::filesystem::directory_iterator(); item.increment(error)) {
    const auto first = first_of(item->path().filename().string());
    std::error_code gone;  // the oldest may be removed meanwhile
    if (!first || !item->is_regular_file(gone)) continue;
    const std::uintmax_t bytes = item->file_size(gone);
    if (!gone) out.push_back({item->path(), *first, bytes});
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Fault::unavailable, "cannot read {}: {}", folder.string(), error.message());
  std::ranges::sort(out, {}, [](const ArchiveFile& file) { return file.path.filename(); });
  return out;
}

Result<void> for_each_line(const std::filesystem::path& path,
                           const std::function<Result<bool>(const Line&)>& take) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) return system_failure("open", path);
  std::string buffer;
  std::size_t number = 0;
  std::uint64_t read = 0;  // bytes of the file that were passed to `take`
  while (true) {
    const std::size_t had = buffer.size();
    buffer.resize(had + kBytesAtOnce);
    const ssize_t got = ::read(file.get(), buffer.data() + had, kBytesAtOnce);
    if (got < 0 && errno != EINTR) return system_failure("read", path);
    buffer.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    std::size_t begin = 0;
    for (auto end = buffer.find('\n', had); end != std::string::npos;
         end = buffer.find('\n', begin)) {
      const Line line{std::string_view(buffer).substr(begin, end - begin), ++number, read + end + 1,
                      true};
      TRY_ASSIGN(const bool wants_more, take(line));
      if (!wants_more) return {};
      begin = end + 1;
    }
    buffer.erase(0, begin);
    read += begin;
    if (got == 0 || buffer.size() > kMaxLineBytes) {
      if (!buffer.empty()) TRY(take({buffer, ++number, read + buffer.size(), false}));
      return {};
    }
  }
}

Result<std::vector<ArchiveFile>> archived_through(const std::filesystem::path& folder,
                                                  std::int64_t sequence) {
  TRY_ASSIGN(std::vector<ArchiveFile> files, archive_files(folder));
  while (!files.empty() && files.back().first > sequence) files.pop_back();
  if (files.empty()) return files;
  ArchiveFile& last = files.back();
  last.bytes = 0;
  TRY(for_each_line(last.path, [&](const Line& line) -> Result<bool> {
    if (!line.is_complete) return false;
    if (line.number > 1) {
      const auto event = parse_event(line.text);
      // Damaged lines are copied unchanged, so that a check of the copy finds them too.
      if (event && event->sequence > sequence) return false;
    }
    last.bytes = line.end;
    return true;
  }));
  return files;
}

}  // namespace imprint::audit
