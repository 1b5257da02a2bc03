// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

/// Tar archives through libarchive, which is used only in tar.cc.
namespace imprint::backup {

/// Writes members one after another to an open file.
class TarWriter {
 public:
  /// The caller keeps ownership of `descriptor`.
  static Result<TarWriter> open(int descriptor);
  TarWriter(TarWriter&&) noexcept;
  TarWriter& operator=(TarWriter&&) = delete;
  ~TarWriter();

  /// Must be followed by exactly `size` bytes through write().
  Result<void> begin(const std::string& path, unsigned mode, std::uint64_t size);
  Result<void> write(BytesView bytes);
  /// Writes the end marks; nothing can follow.
  Result<void> close();

 private:
  struct Handle;
  explicit TarWriter(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

struct TarMember {
  std::string path;
  std::uint64_t size = 0;
  bool is_file = false;  ///< a regular file, not a folder, link or device
};

/// Reads members in order. Uncompressed tar only, so that the contents are never larger than the
/// file.
class TarReader {
 public:
  static Result<TarReader> open(int descriptor);
  /// `bytes` outlives the reader.
  static Result<TarReader> open(BytesView bytes);
  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) = delete;
  ~TarReader();

  /// Nullopt at the end. Fault::invalid for data that is not a tar archive, or is cut off.
  Result<std::optional<TarMember>> next();
  /// Bytes of the member; 0 at its end.
  Result<std::size_t> read(std::span<std::uint8_t> out);

 private:
  struct Handle;
  explicit TarReader(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace imprint::backup
