// SPDX-License-Identifier: Apache-2.0
// List files, in pieces of any size: reading ends, stays within its bounds, does not depend on how
// the bytes are split, and an entry stays the same entry.
#include "base/error.h"
#include "manufacturing/row_reader.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)
using manufacturing::Columns;
using manufacturing::Numbered;

namespace {

manufacturing::Source source_of(std::string_view bytes, std::size_t at_once) {
  return [bytes, at_once]() mutable -> Result<std::string> {
    std::string out(bytes.substr(0, at_once));
    bytes.remove_prefix(out.size());
    return out;
  };
}

std::vector<Numbered<Columns>> read_all(manufacturing::Format format, std::string_view bytes,
                                        std::size_t at_once) {
  std::vector<Numbered<Columns>> out;
  auto rows = manufacturing::RowReader::open(format, source_of(bytes, at_once));
  if (!rows) return out;
  while (true) {
    auto row = rows->next();
    IMPRINT_ASSERT(row.has_value());
    if (!*row) return out;
    out.push_back(std::move(**row));
  }
}

void check(manufacturing::Format format, std::string_view bytes) {
  // The byte order mark is only looked for in the first piece.
  const auto whole = read_all(format, bytes, 1 << 16U);
  const auto pieces = read_all(format, bytes, 3);
  IMPRINT_ASSERT(whole.size() == pieces.size());
  static const ListName kList = *ListName::parse("l");
  std::int64_t line = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    IMPRINT_ASSERT(whole[i].line == pieces[i].line && whole[i].line > line);
    line = whole[i].line;
    IMPRINT_ASSERT(whole[i].value == pieces[i].value);
    if (!whole[i].value) continue;
    const auto entry = manufacturing::make_entry(kList, *whole[i].value);
    if (!entry) continue;
    const Columns columns = manufacturing::columns_of(*entry);
    const auto again = manufacturing::make_entry(kList, columns);
    IMPRINT_ASSERT(again && manufacturing::columns_of(*again) == columns);
    IMPRINT_ASSERT(manufacturing::parse_columns(manufacturing::to_json(columns)) == columns);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(manufacturing::Format::csv, input);
  check(manufacturing::Format::ndjson, input);
  return 0;
}
