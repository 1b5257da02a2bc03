// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "registry/store.h"
#include "rest/call.h"

/// Lists come in pages. The continuation of a page is the base64 text of the operation's name and
/// the store's cursor. It is opaque to clients, and other operations refuse it.
namespace imprint::rest {

/// The names of the members in AWS's two styles of pages.
struct PageStyle {
  std::string_view size;
  std::string_view place;
  std::string_view next;
};
inline constexpr PageStyle kMarkerStyle{"pageSize", "marker", "nextMarker"};
inline constexpr PageStyle kTokenStyle{"maxResults", "nextToken", "nextToken"};

inline constexpr std::size_t kDefaultPage = 25;

/// The place where the page begins, and its size. InvalidRequestException for a continuation that
/// this operation has not given.
Result<registry::Cursor> cursor_of(const Call& call, const PageStyle& style);

/// Adds the continuation, if there is one. Without it, the list ends.
void put_next(json::object& answer, const Call& call, const PageStyle& style,
              const std::optional<std::string>& next);

}  // namespace imprint::rest
