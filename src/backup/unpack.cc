// SPDX-License-Identifier: Apache-2.0
#include "backup/unpack.h"

#include <array>

#include "base/name.h"
#include "x509/digest.h"

namespace imprint::backup {

namespace {

constexpr std::size_t kUnpackedAtOnce = 64 * 1024;

Result<Manifest> read_manifest(TarReader& archive) {
  TRY_ASSIGN(const std::optional<TarMember> member, archive.next());
  if (!member || !member->is_file || member->path != kManifestName ||
      member->size > Manifest::kMaxBytes) {
    return fail(Fault::invalid,
                "the archive does not begin with {}; is the file a backup that imprint backup "
                "made?",
                kManifestName);
  }
  std::string text(static_cast<std::size_t>(member->size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    TRY_ASSIGN(
        const std::size_t got,
        archive.read({reinterpret_cast<std::uint8_t*>(text.data()) + done, text.size() - done}));
    if (got == 0) return fail(Fault::invalid, "{} is cut off", kManifestName);
    done += got;
  }
  return Manifest::parse(text);
}

Result<void> read_entry(TarReader& archive, const Entry& entry, Sink& sink) {
  TRY_ASSIGN(const std::optional<TarMember> member, archive.next());
  if (!member) return fail(Fault::invalid, "the backup ends before {}; it is cut off", entry.path);
  if (!member->is_file || member->path != entry.path || member->size != entry.size) {
    return fail(Fault::invalid, "the backup has {} ({} bytes) where its manifest has {} ({} bytes)",
                quote(member->path), member->size, entry.path, entry.size);
  }
  TRY(sink.begin(entry));
  x509::Sha256Stream digest;
  std::array<std::uint8_t, kUnpackedAtOnce> chunk{};
  std::uint64_t left = entry.size;
  while (left > 0) {
    TRY_ASSIGN(const std::size_t got, archive.read(chunk));
    if (got == 0 || got > left) return fail(Fault::invalid, "{} is cut off", entry.path);
    const BytesView bytes = std::span(chunk).first(got);
    digest.add(bytes);
    TRY(sink.write(bytes));
    left -= got;
  }
  if (digest.finish() != entry.digest) {
    return fail(Fault::invalid,
                "{} does not have the SHA-256 in the manifest: the backup is damaged; use "
                "another copy",
                entry.path);
  }
  return sink.end();
}

}  // namespace

Result<Manifest> unpack(TarReader& archive, Sink& sink) {
  TRY_ASSIGN(Manifest manifest, read_manifest(archive));
  for (const Entry& entry : manifest.entries) TRY(read_entry(archive, entry, sink));
  TRY_ASSIGN(const std::optional<TarMember> more, archive.next());
  if (more) {
    return fail(Fault::invalid, "the backup has {}, which its manifest does not name",
                quote(more->path));
  }
  return manifest;
}

}  // namespace imprint::backup
