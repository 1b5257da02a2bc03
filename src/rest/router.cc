// SPDX-License-Identifier: Apache-2.0
#include "rest/router.h"

#include <algorithm>

#include "base/name.h"
#include "rest/authorization.h"

namespace imprint::rest {

namespace {

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  path.remove_prefix(1);
  while (true) {
    const auto end = path.find('/');
    out.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return out;
    path.remove_prefix(end + 1);
  }
}

/// A '0' for each literal segment and a '1' for each parameter. Rows are sorted by it, so that the
/// first row that matches is the most literal one.
std::string precedence(const Operation* operation) {
  std::string out;
  for (const std::string_view segment : segments_of(operation->path))
    out += is_parameter(segment) ? '1' : '0';
  return out;
}

std::optional<PathParameters> match(std::string_view pattern, const Target& target) {
  const auto wanted = segments_of(pattern);
  // Some of AWS's last parameters match the rest of the path, "/destinations/{arn+}". Only missing
  // operations have them, so their values are not needed.
  const bool takes_rest = wanted.back().ends_with("+}");
  if (takes_rest ? target.segments.size() < wanted.size()
                 : target.segments.size() != wanted.size()) {
    return std::nullopt;
  }
  PathParameters parameters;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string& found = target.segments[i];
    if (is_parameter(wanted[i])) {
      if (found.empty()) return std::nullopt;
      parameters.emplace(wanted[i].substr(1, wanted[i].size() - 2), found);
    } else if (wanted[i] != found) {
      return std::nullopt;
    }
  }
  return parameters;
}

/// Method and path without the names of parameters. Two rows with the same shape would be
/// ambiguous.
std::string shape(const Operation* operation) {
  std::string out(operation->method);
  for (const std::string_view segment : segments_of(operation->path)) {
    out += '/';
    out += is_parameter(segment) ? "{}" : segment;
  }
  return out;
}

void check_row(const Operation& row) {
  std::size_t parameters = 0;
  for (const std::string_view segment : segments_of(row.path)) {
    if (!is_parameter(segment)) continue;
    ++parameters;
    IMPRINT_ASSERT(std::ranges::any_of(row.inputs, [&](const InputInfo& input) {
      return input.in == Location::path &&
             input.wire_name() == segment.substr(1, segment.size() - 2);
    }));
  }
  const auto declared = std::ranges::count(row.inputs, Location::path, &InputInfo::in);
  IMPRINT_ASSERT(static_cast<std::size_t>(declared) == parameters);
  IMPRINT_ASSERT(resource_is_sound(row));
}

}  // namespace

Operations join(std::initializer_list<Operations> tables) {
  Operations out;
  for (const Operations& table : tables) out.insert(out.end(), table.begin(), table.end());
  return out;
}

Router::Router(Operations operations, std::span<const MissingArea> missing)
    : operations_(std::move(operations)), missing_(missing) {
  for (const Operation& operation : operations_) by_precedence_.push_back(&operation);
  std::ranges::sort(by_precedence_, {}, precedence);
  std::vector<std::string> shapes;
  for (const Operation& row : operations_) {
    check_row(row);
    shapes.push_back(shape(&row));
  }
  std::ranges::sort(shapes);
  IMPRINT_ASSERT(std::ranges::adjacent_find(shapes) == shapes.end());
}

Result<Route> Router::find(std::string_view method, const Target& target) const {
  for (const Operation* operation : by_precedence_) {
    if (operation->method != method) continue;
    if (auto parameters = match(operation->path, target))
      return Route{operation, std::move(*parameters)};
  }
  for (const MissingArea& area : missing_) {
    for (const MissingOperation& missing : area.operations) {
      if (missing.method != method || !match(missing.path, target)) continue;
      return refuse(Exception::unknown_operation,
                    fmt::format("{} ({} {}) is an operation of AWS IoT that this version of "
                                "Imprint does not offer",
                                missing.name, missing.method, missing.path));
    }
  }
  return refuse(Exception::unknown_operation,
                fmt::format("there is no operation {} {}; see docs/compatibility.md for those that "
                            "are",
                            quote(method), quote(target.path)));
}

}  // namespace imprint::rest
