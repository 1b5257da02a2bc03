// SPDX-License-Identifier: Apache-2.0
#include "backup/tar.h"

#include <archive.h>
#include <archive_entry.h>

namespace imprint::backup {

namespace {

constexpr std::size_t kBlock = 64 * 1024;

struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

std::string reason_of(archive* handle) {
  const char* text = archive_error_string(handle);
  return text == nullptr ? "no reason given" : text;
}

}  // namespace

struct TarWriter::Handle {
  Handle() : archive(archive_write_new()) {}
  ~Handle() { archive_write_free(archive); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Unexpected failure() const {
    return fail(Fault::unavailable, "cannot write the backup: {}", reason_of(archive));
  }
  struct archive* archive;
};

TarWriter::TarWriter(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
TarWriter::TarWriter(TarWriter&&) noexcept = default;
TarWriter::~TarWriter() = default;

Result<TarWriter> TarWriter::open(int descriptor) {
  auto handle = std::make_unique<Handle>();
  if (archive_write_set_format_pax_restricted(handle->archive) != ARCHIVE_OK ||
      archive_write_open_fd(handle->archive, descriptor) != ARCHIVE_OK) {
    return handle->failure();
  }
  return TarWriter(std::move(handle));
}

Result<void> TarWriter::begin(const std::string& path, unsigned mode, std::uint64_t size) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), mode);
  if (archive_write_header(handle_->archive, entry.get()) != ARCHIVE_OK) return handle_->failure();
  return {};
}

Result<void> TarWriter::write(BytesView bytes) {
  const la_ssize_t done = archive_write_data(handle_->archive, bytes.data(), bytes.size());
  if (done < 0 || static_cast<std::size_t>(done) != bytes.size()) return handle_->failure();
  return {};
}

Result<void> TarWriter::close() {
  if (archive_write_close(handle_->archive) != ARCHIVE_OK) return handle_->failure();
  return {};
}

struct TarReader::Handle {
  Handle() : archive(archive_read_new()) { archive_read_support_format_tar(archive); }
  ~Handle() { archive_read_free(archive); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Unexpected failure() const {
    return fail(Fault::invalid,
                "the backup cannot be read: {}; is it a file that imprint backup wrote, and whole?",
                reason_of(archive));
  }
  struct archive* archive;
};

TarReader::TarReader(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

Result<TarReader> TarReader::open(int descriptor) {
  auto handle = std::make_unique<Handle>();
  if (archive_read_open_fd(handle->archive, descriptor, kBlock) != ARCHIVE_OK)
    return handle->failure();
  return TarReader(std::move(handle));
}

Result<TarReader> TarReader::open(BytesView bytes) {
  auto handle = std::make_unique<Handle>();
  if (archive_read_open_memory(handle->archive, bytes.data(), bytes.size()) != ARCHIVE_OK)
    return handle->failure();
  return TarReader(std::move(handle));
}

Result<std::optional<TarMember>> TarReader::next() {
  archive_entry* entry = nullptr;
  const int code = archive_read_next_header(handle_->archive, &entry);
  if (code == ARCHIVE_EOF) return std::optional<TarMember>();
  if (code != ARCHIVE_OK) return handle_->failure();
  const char* path = archive_entry_pathname(entry);
  TarMember out{.path = path == nullptr ? "" : path,
                .size = static_cast<std::uint64_t>(archive_entry_size(entry)),
                .is_file = archive_entry_filetype(entry) == AE_IFREG &&
                           archive_entry_hardlink(entry) == nullptr &&
                           archive_entry_size_is_set(entry) != 0};
  return std::optional(std::move(out));
}

Result<std::size_t> TarReader::read(std::span<std::uint8_t> out) {
  const la_ssize_t got = archive_read_data(handle_->archive, out.data(), out.size());
  if (got < 0) return handle_->failure();
  return static_cast<std::size_t>(got);
}

}  // namespace imprint::backup
