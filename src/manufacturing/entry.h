// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "encoding/json.h"
#include "registry/records.h"

/// Manufacturing lists: the units that a factory made, as read from files and requests.
namespace imprint::manufacturing {

inline constexpr std::size_t kMaxSerialBytes = 256;
inline constexpr std::size_t kMaxValueBytes = 800;
inline constexpr std::size_t kMaxColumns = 32;
inline constexpr std::size_t kMaxColumnNameBytes = 64;

/// Columns that the gatekeeper evaluates; all others are kept unchanged.
inline constexpr std::string_view kSerial = "serial";
inline constexpr std::string_view kTemplate = "template";  ///< the only one the unit may use
inline constexpr std::string_view kProductLine = "product_line";
inline constexpr std::string_view kRegion = "region";
inline constexpr std::string_view kState = "state";  ///< "allowed" (as when absent) or "blocked"

/// One unit as flat text, by column: a line of a CSV file under its header, an object of an NDJSON
/// file, an element of a request. A column without a value counts as absent.
using Columns = std::map<std::string, std::string, std::less<>>;

/// 1 to 64 letters, digits and _ . -
Result<void> check_column_name(std::string_view name);

/// 1 to 256 bytes of UTF-8 without control characters. Compared exactly, including case.
Result<void> check_serial(std::string_view serial);

/// Fault::invalid, `where` being the column, for values that are not allowed and for damage by a
/// spreadsheet (1.23E+11, spaces at the ends). The caller sets times and version.
Result<registry::ListEntry> make_entry(const ListName& list, const Columns& columns);

/// The inverse: the columns from which make_entry() would make the same entry. `state` is among
/// them when the unit is blocked.
Columns columns_of(const registry::ListEntry& entry);

/// An object whose members are texts; null is the same as absent.
Result<Columns> parse_columns(const encoding::json::value& value);
encoding::json::object to_json(const Columns& columns);

}  // namespace imprint::manufacturing
