// SPDX-License-Identifier: Apache-2.0
#include "rest/paging.h"

#include "base/bytes.h"
#include "encoding/text.h"
#include "rest/validation.h"

namespace imprint::rest {

Result<registry::Cursor> cursor_of(const Call& call, const PageStyle& style) {
  registry::Cursor cursor{{}, kDefaultPage};
  if (const auto size = call.in.integer(style.size)) cursor.limit = static_cast<std::size_t>(*size);
  const std::string place = call.in.text(style.place);
  if (place.empty()) return cursor;
  const std::string prefix = fmt::format("{}\n", call.operation);
  const auto decoded = encoding::from_base64(place);
  if (!decoded || !as_text(*decoded).starts_with(prefix)) {
    return refuse_value(
        style.place, place,
        fmt::format("Member must be the {} that {} answered with", style.next, call.operation));
  }
  cursor.after = as_text(*decoded).substr(prefix.size());
  return cursor;
}

void put_next(json::object& answer, const Call& call, const PageStyle& style,
              const std::optional<std::string>& next) {
  if (!next) return;
  answer[style.next] = encoding::to_base64(as_bytes(fmt::format("{}\n{}", call.operation, *next)));
}

}  // namespace imprint::rest
