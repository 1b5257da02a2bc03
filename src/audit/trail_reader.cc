// SPDX-License-Identifier: Apache-2.0
#include "audit/trail_reader.h"

#include "audit/archive_files.h"
#include "audit/archive_line.h"
#include "registry/sqlite/audit_reader.h"

namespace imprint::audit {

namespace {

constexpr std::size_t kReadAtOnce = 1'000;

using registry::AuditEvent;
using Take = std::function<Result<bool>(const AuditEvent&)>;

class TrailReader {
 public:
  TrailReader(std::int64_t after, const Take& take) : after_(after), take_(take) {}

  Result<std::int64_t> run(const TrailFiles& files) {
    while (wants_more_) {
      TRY_ASSIGN(const auto rows, read_store(files.store));
      if (forgotten_ > from_archive_) {
        TRY(read_archive(files.archive, forgotten_));
        from_archive_ = forgotten_;
        continue;
      }
      if (rows.empty()) break;
      for (const auto& row : rows) TRY(hand_over(row.event));
    }
    return after_;
  }

 private:
  /// The next rows, or none if the archive must be read first. Closes the store's file before any
  /// event is passed on: a slow receiver would keep SQLite from truncating its write-ahead log.
  Result<std::vector<registry::AuditReader::Row>> read_store(const std::filesystem::path& file) {
    TRY_ASSIGN(registry::AuditReader store, registry::AuditReader::open(file));
    forgotten_ = store.trail().forgotten.sequence;
    if (forgotten_ > from_archive_) return std::vector<registry::AuditReader::Row>();
    return store.after(after_, kReadAtOnce);
  }

  Result<void> hand_over(const AuditEvent& event) {
    if (!wants_more_ || event.sequence <= after_) return {};
    TRY_ASSIGN(wants_more_, take_(event));
    after_ = event.sequence;
    return {};
  }

  Result<void> read_archive(const std::filesystem::path& folder, std::int64_t through) {
    if (after_ >= through) return {};
    TRY_ASSIGN(const std::vector<ArchiveFile> files, archive_files(folder));
    for (std::size_t i = 0; i < files.size() && wants_more_; ++i) {
      if (files[i].first > through) return {};
      if (i + 1 < files.size() && files[i + 1].first <= after_ + 1) continue;
      TRY(read_file(files[i].path, through));
    }
    return {};
  }

  Result<void> read_file(const std::filesystem::path& path, std::int64_t through) {
    return for_each_line(path, [&](const Line& line) -> Result<bool> {
      if (line.number == 1) return line.is_complete;
      if (!line.is_complete) return false;
      const auto event = parse_event(line.text);
      if (!event) {
        return fail(Fault::invalid, "{}:{}: {}; run: imprint audit verify DIR", path.string(),
                    line.number, event.error().message);
      }
      if (event->sequence > through) return false;
      TRY(hand_over(*event));
      return wants_more_;
    });
  }

  std::int64_t after_;
  const Take& take_;
  std::int64_t forgotten_ = 0;     ///< the store has deleted the events up to this one
  std::int64_t from_archive_ = 0;  ///< events up to this one were read from the archive
  bool wants_more_ = true;
};

}  // namespace

Result<std::int64_t> for_each_event(const TrailFiles& files, std::int64_t after, const Take& take) {
  return TrailReader(after, take).run(files);
}

}  // namespace imprint::audit
