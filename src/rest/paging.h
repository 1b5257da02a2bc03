// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "registry/store.h"
#include "rest/call.h"

/// Lists come in pages. A page's continuation is the base64 text of the operation's name and the
/// store's cursor: opaque to clients, and refused by another operation.
namespace imprint::rest {

/// Members of the two styles that AWS has.
struct PageStyle {
  std::string_view size;
  std::string_view place;
  std::string_view next;
};
inline constexpr PageStyle kMarkerStyle{"pageSize", "marker", "nextMarker"};
inline constexpr PageStyle kTokenStyle{"maxResults", "nextToken", "nextToken"};

inline constexpr std::size_t kDefaultPage = 25;

/// Where the call wants to go on, and how far. InvalidRequestException for a continuation that this
/// operation never gave.
Result<registry::Cursor> cursor_of(const Call& call, const PageStyle& style);

/// Adds the continuation, if there is one; an absent member ends the list.
void put_next(json::object& answer, const Call& call, const PageStyle& style,
              const std::optional<std::string>& next);

}  // namespace imprint::rest
