// SPDX-License-Identifier: Apache-2.0
#include "backup/backup.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/archive_files.h"
#include "backup/unpack.h"
#include "base/file.h"
#include "base/name.h"
#include "deployment/staging.h"
#include "registry/sqlite/audit_reader.h"
#include "registry/sqlite/snapshot.h"
#include "x509/digest.h"

namespace imprint::backup {

namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1}
                                        << 20U;  // of what a deployment begins with

Unexpected system_failure(std::string_view what, const std::filesystem::path& path) {
  const int reason = errno;
  return fail(reason == ENOENT ? Fault::not_found : Fault::unavailable, "cannot {} {}: {}", what,
              path.string(), std::strerror(reason));
}

/// A descriptor that is closed by its owner.
class File {
 public:
  static Result<File> open(const std::filesystem::path& path, int flags, mode_t mode = 0) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) return system_failure("open", path);
    return File(fd);
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  explicit File(int fd) : fd_(fd) {}
  int fd_;
};

/// Removes a temporary file unless it was renamed into place.
class Temporary {
 public:
  explicit Temporary(std::filesystem::path path) : path_(std::move(path)) {
    ::unlink(path_.c_str());  // left over from a crash of a process with this id
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A file that goes into the backup: its name there and its path.
struct Source {
  std::string name;
  std::filesystem::path path;
  bool may_be_large = false;
  std::optional<std::uint64_t> bytes = {};  ///< how many bytes of it; absent: all
};

Unexpected not_plain(std::string_view kind, const std::filesystem::path& path) {
  return fail(Fault::invalid,
              "{} is not a plain {} with a plain name; move it out of the deployment, so that the "
              "backup leaves nothing out",
              quote(path.string()), kind);
}

Result<void> add_folder(std::vector<Source>& out, const std::string& name,
                        const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator(folder, error)) {
    const std::string path = name + "/" + item.path().filename().string();
    if (!item.is_regular_file() || item.is_symlink() || !is_deployment_path(path))
      return not_plain("file", item.path());
    out.push_back({path, item.path()});
  }
  if (error)
    return fail(Fault::unavailable, "cannot read {}: {}", folder.string(), error.message());
  return {};
}

/// Adds the files of bulk registrations. Call it after the store is copied: whatever the store's
/// records say about a report is in the file by then, and stays unchanged while lines are added.
Result<void> add_registrations(std::vector<Source>& out, const std::filesystem::path& folder) {
  constexpr std::string_view kUnfinished = ".tmp";
  std::error_code error;
  std::vector<Source> found;
  for (const auto& task : std::filesystem::directory_iterator(folder, error)) {
    if (!task.is_directory() || task.is_symlink()) return not_plain("folder", task.path());
    for (const auto& item : std::filesystem::directory_iterator(task.path(), error)) {
      if (item.path().extension() == kUnfinished) continue;
      const std::string name =
          fmt::format("{}/{}/{}", folder.filename().string(), task.path().filename().string(),
                      item.path().filename().string());
      if (!item.is_regular_file() || item.is_symlink() || !is_deployment_path(name))
        return not_plain("file", item.path());
      found.push_back({name, item.path(), true});
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Fault::unavailable, "cannot read {}: {}", folder.string(), error.message());
  std::ranges::sort(found, {}, &Source::name);
  std::ranges::move(found, std::back_inserter(out));
  return {};
}

/// Adds the archive of the audit trail up to the copied store's position: a server that continues
/// from the copy would record later events a second time, and differently.
Result<void> add_audit(std::vector<Source>& out, const std::filesystem::path& folder,
                       const std::filesystem::path& store) {
  const auto reader = registry::AuditReader::open(store);
  // A store of an earlier version had no chain, and no archive.
  if (!reader && reader.error().fault == Fault::conflict) return {};
  if (!reader) return tl::unexpected(reader.error());
  TRY_ASSIGN(const std::vector<audit::ArchiveFile> files,
             audit::archived_through(folder, reader->trail().head.sequence));
  for (const audit::ArchiveFile& file : files) {
    out.push_back({fmt::format("{}/{}", folder.filename().string(), file.path.filename().string()),
                   file.path, true, file.bytes});
  }
  return {};
}

Result<std::vector<Source>> sources_of(const deployment::Layout& layout) {
  std::vector<Source> out;
  for (const auto& path : {layout.config(), layout.trusted_root(), layout.admin_credentials()}) {
    if (std::filesystem::exists(path)) out.push_back({path.filename().string(), path});
  }
  TRY(add_folder(out, layout.ca_folder().filename().string(), layout.ca_folder()));
  TRY(add_folder(out, layout.server_folder().filename().string(), layout.server_folder()));
  std::ranges::sort(out, {}, &Source::name);
  return out;
}

/// Calls `take` with every piece of a file's first `size` bytes; a report may grow while it is
/// read.
template <class Take>
Result<void> for_each_chunk(const File& file, const std::filesystem::path& path, std::uint64_t size,
                            Take take) {
  std::array<std::uint8_t, kChunk> chunk{};
  while (size > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, chunk.size()));
    const ssize_t got = ::read(file.get(), chunk.data(), wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", path);
    if (got == 0) return {};
    size -= static_cast<std::uint64_t>(got);
    TRY(take(BytesView(chunk).first(static_cast<std::size_t>(got))));
  }
  return {};
}

Result<Entry> describe(const Source& source) {
  TRY_ASSIGN(const File file, File::open(source.path, O_RDONLY));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure("examine", source.path);
  Entry out{.path = source.name, .mode = status.st_mode & 0644U};
  x509::Sha256Stream digest;
  const auto size = source.bytes.value_or(static_cast<std::uint64_t>(status.st_size));
  TRY(for_each_chunk(file, source.path, size, [&](BytesView bytes) -> Result<void> {
    digest.add(bytes);
    out.size += bytes.size();
    return {};
  }));
  if (!source.may_be_large && out.size > kMaxFileBytes) {
    return fail(Fault::invalid, "{} has {} bytes; a file of a deployment has at most {}",
                source.path.string(), out.size, kMaxFileBytes);
  }
  out.digest = digest.finish();
  return out;
}

Result<void> write_member(TarWriter& tar, const Source& source, const Entry& entry) {
  TRY_ASSIGN(const File file, File::open(source.path, O_RDONLY));
  TRY(tar.begin(entry.path, entry.mode, entry.size));
  x509::Sha256Stream digest;
  std::uint64_t written = 0;
  TRY(for_each_chunk(file, source.path, entry.size, [&](BytesView bytes) {
    digest.add(bytes);
    written += bytes.size();
    return tar.write(bytes);
  }));
  if (written == entry.size && digest.finish() == entry.digest) return {};
  return fail(Fault::conflict, "{} changed during the backup; try again", source.path.string());
}

Result<Manifest> write_archive(const File& out, const std::vector<Source>& sources, Timestamp now) {
  Manifest manifest{.created = now};
  for (const Source& source : sources) {
    TRY_ASSIGN(Entry entry, describe(source));
    manifest.entries.push_back(std::move(entry));
  }
  TRY_ASSIGN(TarWriter tar, TarWriter::open(out.get()));
  const std::string text = manifest.text();
  TRY(tar.begin(std::string(kManifestName), 0600, text.size()));
  TRY(tar.write(as_bytes(text)));
  for (std::size_t i = 0; i < sources.size(); ++i)
    TRY(write_member(tar, sources[i], manifest.entries[i]));
  TRY(tar.close());
  return manifest;
}

/// Writes a backup's files to a folder that is not yet visible to others.
class FolderSink final : public Sink {
 public:
  explicit FolderSink(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<void> begin(const Entry& entry) override {
    path_ = folder_ / entry.path;
    TRY(make_folders(entry.path));
    TRY_ASSIGN(File file, File::open(path_, O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (::fchmod(file.get(), entry.mode) != 0) return system_failure("set the mode of", path_);
    file_.emplace(std::move(file));
    return {};
  }
  Result<void> write(BytesView bytes) override {
    while (!bytes.empty()) {
      const ssize_t done = ::write(file_->get(), bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return system_failure("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return {};
  }
  Result<void> end() override {
    if (::fsync(file_->get()) != 0) return system_failure("sync", path_);
    file_.reset();
    return {};
  }

  /// Afterwards the folders' contents are durable.
  Result<void> sync() const {
    for (const auto& folder : made_) TRY(sync_directory(folder));
    return {};
  }

 private:
  /// Makes the folders above the file, with mode 0700.
  Result<void> make_folders(const std::filesystem::path& file) {
    std::filesystem::path folder = folder_;
    for (const auto& part : file.parent_path()) {
      folder /= part;
      if (made_.contains(folder)) continue;
      TRY(deployment::make_folder(folder));
      made_.insert(folder);
    }
    return {};
  }

  std::filesystem::path folder_;
  std::set<std::filesystem::path> made_;
  std::filesystem::path path_;
  std::optional<File> file_;
};

Result<void> check_complete(const Manifest& manifest) {
  if (manifest.entries.empty())
    return fail(Fault::invalid, "the backup's manifest names no file; use another copy");
  if (std::ranges::find(manifest.entries, kStoreName, &Entry::path) != manifest.entries.end())
    return {};
  return fail(Fault::invalid,
              "the backup has no {}, so the registry is not in it; use another backup", kStoreName);
}

}  // namespace

Result<Manifest> back_up(const deployment::Layout& layout, const std::filesystem::path& file,
                         const Clock& clock) {
  TRY_ASSIGN(std::vector<Source> sources, sources_of(layout));
  const std::string suffix = fmt::format(".{}.tmp", ::getpid());
  const Temporary archive(file.string() + suffix);
  const Temporary store(file.string() + suffix + ".db");
  if (!std::filesystem::exists(layout.store())) {
    return fail(Fault::not_found,
                "{} does not exist: start imprintd once to create it; if the deployment has "
                "been served before, find out where its store is",
                layout.store().string());
  }
  TRY(registry::copy_store(layout.store(), store.path()));
  sources.push_back({std::string(kStoreName), store.path(), true});
  TRY(add_registrations(sources, layout.registrations()));
  TRY(add_audit(sources, layout.audit(), store.path()));
  if (sources.size() > Manifest::kMaxEntries)
    return fail(Fault::invalid, "{} files; a backup holds {}", sources.size(),
                Manifest::kMaxEntries);
  TRY_ASSIGN(const File out, File::open(archive.path(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  TRY_ASSIGN(Manifest manifest, write_archive(out, sources, clock.now()));
  if (::fsync(out.get()) != 0) return system_failure("sync", archive.path());
  if (::rename(archive.path().c_str(), file.c_str()) != 0) return system_failure("replace", file);
  TRY(sync_directory(file.has_parent_path() ? file.parent_path() : "."));
  return manifest;
}

namespace {

Result<void> check_backup_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    return fail(Fault::invalid,
                "{} is a folder; name the file that imprint backup wrote. A copy of a deployment's "
                "folder need not be restored: run imprint doctor {}",
                file.string(), file.string());
  }
  if (std::filesystem::is_regular_file(file, ignored) &&
      std::filesystem::file_size(file, ignored) == 0) {
    return fail(Fault::invalid, "{} is empty: the backup was cut off; use another copy",
                file.string());
  }
  return {};
}

}  // namespace

Result<Manifest> restore(const std::filesystem::path& file, const std::filesystem::path& directory,
                         Random& random) {
  TRY_ASSIGN(const File in, File::open(file, O_RDONLY));
  TRY(check_backup_file(file));
  const auto of_file = [&file](Error error) {
    // A disk error already names the file it is about.
    if (error.fault == Fault::invalid)
      error.message = fmt::format("{}: {}", file.string(), error.message);
    return error;
  };
  TRY_ASSIGN(TarReader archive, TarReader::open(in.get()).map_error(of_file));
  TRY_ASSIGN(deployment::Staging staging, deployment::Staging::make(directory, random));
  FolderSink sink(staging.path());
  TRY_ASSIGN(Manifest manifest, unpack(archive, sink).map_error(of_file));
  TRY(check_complete(manifest).map_error(of_file));
  if (auto checked = registry::check_store(staging.path() / kStoreName); !checked) {
    Error& error = checked.error();
    error.message = fmt::format("{} in the backup cannot be used: {}; use another backup",
                                kStoreName, error.message);
    return tl::unexpected(std::move(error));
  }
  TRY(sink.sync());
  TRY(staging.finish());
  return manifest;
}

}  // namespace imprint::backup
