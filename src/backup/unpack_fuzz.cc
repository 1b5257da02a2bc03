// SPDX-License-Identifier: Apache-2.0
// A backup from any source: reading never crashes, and the sink sees only files that the manifest
// lists.
#include "backup/unpack.h"
#include "base/error.h"
#include "x509/digest.h"

using namespace imprint;          // NOLINT(google-build-using-namespace)
using namespace imprint::backup;  // NOLINT(google-build-using-namespace)

namespace {

class CheckingSink final : public Sink {
 public:
  Result<void> begin(const Entry& entry) override {
    IMPRINT_ASSERT(is_deployment_path(entry.path));
    IMPRINT_ASSERT((entry.mode & 07133U) == 0);
    entry_ = entry;
    text_.clear();
    return {};
  }
  Result<void> write(BytesView bytes) override {
    text_.insert(text_.end(), bytes.begin(), bytes.end());
    IMPRINT_ASSERT(text_.size() <= entry_.size);
    return {};
  }
  Result<void> end() override {
    IMPRINT_ASSERT(text_.size() == entry_.size && x509::sha256(text_) == entry_.digest);
    ++ended;
    return {};
  }
  std::size_t ended = 0;

 private:
  Entry entry_;
  Bytes text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  if (const auto manifest = Manifest::parse(as_text(input))) {
    const auto again = Manifest::parse(manifest->text());
    IMPRINT_ASSERT(again && again->entries == manifest->entries);
  }
  auto archive = TarReader::open(input);
  if (!archive) return 0;
  CheckingSink sink;
  const auto unpacked = unpack(*archive, sink);
  IMPRINT_ASSERT(!unpacked || sink.ended == unpacked->entries.size());
  return 0;
}
