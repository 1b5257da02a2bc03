// SPDX-License-Identifier: Apache-2.0
#include "audit/verify.h"

#include <charconv>
#include <map>

#include "audit/archive_files.h"
#include "audit/archive_line.h"
#include "base/certificate_id.h"
#include "base/name.h"
#include "encoding/text.h"
#include "registry/audit_chain.h"
#include "registry/sqlite/audit_reader.h"

namespace imprint::audit {

namespace {

using registry::AuditEvent;
using registry::ChainPlace;

constexpr std::size_t kVerifiedAtOnce = 2'000;
constexpr std::string_view kStore = "the store";

void extend(EventRange& range, std::int64_t sequence) {
  if (range.events++ == 0) range.first = sequence;
  range.last = sequence;
}

class Verification {
 public:
  explicit Verification(const std::optional<ChainPlace>& noted) : noted_(noted) {}

  Result<Report> run(const TrailFiles& files) {
    TRY_ASSIGN(const std::vector<ArchiveFile> archive, archive_files(files.archive));
    report_.files = archive.size();
    for (const ArchiveFile& file : archive) {
      if (!report_.finding) TRY(check_file(file, &file == &archive.back()));
    }
    if (!report_.finding) TRY(check_store(files.store));
    if (!report_.finding && noted_) TRY(check_noted());
    return std::move(report_);
  }

 private:
  void found(const Problem& problem, std::string where, std::size_t line) {
    if (!report_.finding) report_.finding = Finding{problem, std::move(where), line};
  }

  /// Called for every verified place; compares it with the noted head.
  void pass(const ChainPlace& place, std::string_view where) {
    if (!noted_ || place.sequence != noted_->sequence) return;
    is_noted_seen_ = true;
    if (place.hash == noted_->hash) return;
    found({Tampering::altered, place.sequence, 0,
           fmt::format("the hash of event {} is not the noted one: {}", place.sequence,
                       encoding::to_hex(place.hash))},
          std::string(where), 0);
  }

  // ---- the archive ----

  /// Checks that a file continues where the previous one ended.
  void check_beginning(const FileHeader& header, const std::string& path) {
    if (!archived_) {
      archived_ = header.after;
      return pass(header.after, path);
    }
    const std::int64_t expected = archived_->sequence + 1;
    const std::int64_t first = header.after.sequence + 1;
    if (header.after == *archived_) return;
    if (first > expected && header.missing_from == expected) {
      report_.notes.push_back(
          fmt::format("the store deleted events {} to {} before they were archived, as {} states",
                      expected, first - 1, path));
      archived_ = header.after;
      return pass(header.after, path);
    }
    if (first > expected) {
      return found({Tampering::removed, expected, 0,
                    fmt::format("events {} to {} are missing: the previous file ends with event {}",
                                expected, first - 1, archived_->sequence)},
                   path, 1);
    }
    const Tampering what = first == expected ? Tampering::altered : Tampering::inserted;
    found({what, first, 0,
           fmt::format(
               "by its header the file follows event {}, but the previous file ends with event {}",
               header.after.sequence, archived_->sequence)},
          path, 1);
  }

  Result<void> check_file(const ArchiveFile& file, bool is_newest) {
    const std::string path = file.path.string();
    std::optional<ChainCheck> check;
    bool is_incomplete = false;
    TRY(for_each_line(file.path, [&](const Line& line) -> Result<bool> {
      is_incomplete = !line.is_complete;
      if (is_incomplete) return false;
      if (!check) return begin(line, path, check);
      const std::int64_t matched = check->checked();
      take(*check, line);
      if (check->checked() > matched) pass(check->at(), path);
      return !check->is_decided();
    }));
    if (report_.finding) return {};
    if (!check) {
      if (!is_newest)
        found({Tampering::altered, file.first, 0, "the file has no header line"}, path, 1);
      return {};
    }
    finish(*check, path);
    if (is_incomplete && !is_newest) {
      found({Tampering::altered, check->at().sequence + 1, 0, "the file's last line is incomplete"},
            path, 0);
    } else if (is_incomplete) {
      report_.notes.push_back(path +
                              " ends in the middle of a line: either it is being written, or a "
                              "crash cut it and the next start rewrites the line");
    }
    return {};
  }

  Result<bool> begin(const Line& line, const std::string& path, std::optional<ChainCheck>& check) {
    const auto header = parse_header(line.text);
    if (!header) {
      found(
          {Tampering::altered, archived_ ? archived_->sequence + 1 : 0, 0, header.error().message},
          path, 1);
      return false;
    }
    check_beginning(*header, path);
    check.emplace(header->after);
    return !report_.finding;
  }

  static void take(ChainCheck& check, const Line& line) {
    const auto event = parse_event(line.text);
    if (event) {
      check.take(*event, line.number);
    } else {
      check.take_unreadable("the line cannot be read: " + event.error().message, line.number);
    }
  }

  void finish(ChainCheck& check, const std::string& path) {
    if (const auto& problem = check.finish()) found(*problem, path, problem->place);
    if (check.checked() > 0) {
      if (report_.archive.events == 0)
        report_.archive.first = check.at().sequence - check.checked() + 1;
      report_.archive.events += check.checked();
      report_.archive.last = check.at().sequence;
    }
    archived_ = check.at();
  }

  // ---- the store ----

  Result<void> check_store(const std::filesystem::path& file) {
    TRY_ASSIGN(registry::AuditReader reader, registry::AuditReader::open(file));
    const registry::AuditTrail trail = reader.trail();
    report_.head = trail.head;
    ChainCheck check(trail.beginning());
    TRY(check_rows(reader, trail, check));
    if (const auto& problem = check.finish()) {
      found(*problem, std::string(kStore), 0);
    } else if (check.at() != trail.head) {
      found({Tampering::removed, check.at().sequence + 1, 0,
             fmt::format("the trail ends with event {} but should end with event {}",
                         check.at().sequence, trail.head.sequence)},
            std::string(kStore), 0);
    }
    check_overlap(trail);
    return {};
  }

  Result<void> check_rows(registry::AuditReader& reader, const registry::AuditTrail& trail,
                          ChainCheck& check) {
    compare_with_archive(trail.beginning());
    std::int64_t after = std::numeric_limits<std::int64_t>::min();
    while (!check.is_decided()) {
      TRY_ASSIGN(const std::vector<registry::AuditReader::Row> rows,
                 reader.after(after, kVerifiedAtOnce));
      if (rows.empty()) return {};
      for (const auto& [event, defect] : rows) {
        after = event.sequence;
        if (event.sequence <= trail.unchained && event.sequence > trail.forgotten.sequence) {
          ++report_.unchained;
          continue;
        }
        if (!defect.empty())
          check.take_unreadable(fmt::format("event {} {}", event.sequence, defect));
        const std::int64_t matched = check.checked();
        check.take(event);
        if (check.checked() == matched) continue;
        extend(report_.store, event.sequence);
        compare_with_archive(check.at());
      }
    }
    return {};
  }

  /// Compares a place of the store's chain with the noted head and with the end of the archive.
  void compare_with_archive(const ChainPlace& place) {
    pass(place, kStore);
    if (!archived_ || place.sequence != archived_->sequence) return;
    is_archive_end_in_store_ = true;
    if (place.hash == archived_->hash) return;
    found({Tampering::altered, place.sequence, 0,
           fmt::format("event {} differs from the one in the archive", place.sequence)},
          std::string(kStore), 0);
  }

  void check_overlap(const registry::AuditTrail& trail) {
    if (is_archive_end_in_store_ || report_.finding) return;
    if (!archived_) {
      if (trail.archived == 0) return;
      return report_.notes.push_back(fmt::format(
          "events up to {} were archived and then deleted from the store; the archive is not here",
          trail.archived));
    }
    if (archived_->sequence > trail.head.sequence) {
      return found({Tampering::removed, trail.head.sequence + 1, 0,
                    fmt::format("events {} to {} are only in the archive", trail.head.sequence + 1,
                                archived_->sequence)},
                   std::string(kStore), 0);
    }
    if (archived_->sequence < trail.archived) {
      return found({Tampering::removed, archived_->sequence + 1, 0,
                    fmt::format("events {} to {} were archived, but the archive does not have them",
                                archived_->sequence + 1, trail.archived)},
                   "the archive", 0);
    }
    report_.notes.push_back(
        fmt::format("events {} to {} are neither in the archive nor in the store any more",
                    archived_->sequence + 1, trail.beginning().sequence));
  }

  Result<void> check_noted() {
    if (is_noted_seen_) return {};
    if (noted_->sequence > report_.head.sequence) {
      found({Tampering::removed, report_.head.sequence + 1, 0,
             fmt::format("event {} was noted, but the trail ends with event {}", noted_->sequence,
                         report_.head.sequence)},
            std::string(kStore), 0);
      return {};
    }
    return fail(Fault::not_found,
                "event {} is in neither the store nor the archive any more, so the noted head "
                "cannot be compared; note a newer one: imprint audit head DIR",
                noted_->sequence);
  }

  const std::optional<ChainPlace> noted_;
  bool is_noted_seen_ = false;
  bool is_archive_end_in_store_ = false;
  std::optional<ChainPlace> archived_ = {};  ///< the archive's last event that was checked
  Report report_;
};

}  // namespace

Result<Report> verify(const TrailFiles& files, const std::optional<ChainPlace>& noted) {
  return Verification(noted).run(files);
}

Result<ChainPlace> parse_place(std::string_view text) {
  const auto colon = text.find(':');
  ChainPlace out;
  const auto* const end = text.data() + (colon == std::string_view::npos ? 0 : colon);
  const auto [stop, error] = std::from_chars(text.data(), end, out.sequence);
  const auto hash = colon == std::string_view::npos
                        ? Result<CertificateId>(fail(Fault::invalid, "no hash"))
                        : CertificateId::parse(text.substr(colon + 1));
  if (error != std::errc() || stop != end || out.sequence < 0 || !hash) {
    return fail(Fault::invalid,
                "{} is not a head; a head is SEQUENCE:HASH, as imprint audit head prints it",
                quote(text));
  }
  out.hash = hash->bytes();
  return out;
}

std::string to_string(const ChainPlace& place) {
  return fmt::format("{}:{}", place.sequence, encoding::to_hex(place.hash));
}

}  // namespace imprint::audit
