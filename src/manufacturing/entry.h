// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "encoding/json.h"
#include "registry/records.h"

/// Manufacturing lists: the units that a factory made, as files and requests bring them.
namespace imprint::manufacturing {

inline constexpr std::size_t kMaxSerialBytes = 256;
inline constexpr std::size_t kMaxValueBytes = 800;
inline constexpr std::size_t kMaxColumns = 32;
inline constexpr std::size_t kMaxColumnNameBytes = 64;

/// Columns that mean something to the gatekeeper; any other is kept as it is.
inline constexpr std::string_view kSerial = "serial";
inline constexpr std::string_view kTemplate = "template";  ///< the only one the unit may use
inline constexpr std::string_view kProductLine = "product_line";
inline constexpr std::string_view kRegion = "region";
inline constexpr std::string_view kState = "state";  ///< "allowed" (as when absent) or "blocked"

/// One unit as flat text, by column: a line of a CSV file under its header, an object of an NDJSON
/// file, an element of a request. A column without a value is the same as none.
using Columns = std::map<std::string, std::string, std::less<>>;

/// 1 to 64 letters, digits and _ . -
Result<void> check_column_name(std::string_view name);

/// 1 to 256 bytes of UTF-8 without control characters. Compared as it is, case and all.
Result<void> check_serial(std::string_view serial);

/// Fault::invalid, `where` being the column: what it cannot be, and what a spreadsheet has spoilt
/// (1.23E+11, spaces at the ends). Times and version are the caller's to set.
Result<registry::ListEntry> make_entry(const ListName& list, const Columns& columns);

/// The inverse: what make_entry() would make the same entry of. `state` is among them when blocked.
Columns columns_of(const registry::ListEntry& entry);

/// An object of texts; null is the same as absent.
Result<Columns> parse_columns(const encoding::json::value& value);
encoding::json::object to_json(const Columns& columns);

}  // namespace imprint::manufacturing
