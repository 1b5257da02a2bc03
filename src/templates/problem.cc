// SPDX-License-Identifier: Apache-2.0
#include "templates/problem.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/name.h"

namespace imprint::templates {

std::string describe(const Problem& problem) {
  return fmt::format("{}: {}; {}", problem.path, problem.message, problem.remedy);
}

void Problems::error(std::string path, std::string message, std::string remedy) {
  ++errors_;
  if (all_.size() < kMaxProblems)
    all_.push_back({Severity::error, std::move(path), std::move(message), std::move(remedy)});
}

void Problems::warning(std::string path, std::string message, std::string remedy) {
  if (all_.size() < kMaxProblems)
    all_.push_back({Severity::warning, std::move(path), std::move(message), std::move(remedy)});
}

std::string member_path(std::string_view parent, std::string_view name) {
  constexpr std::size_t kMaxPlain = 64;
  const bool plain =
      !name.empty() && name.size() <= kMaxPlain && std::ranges::all_of(name, [](char c) {
        return name_rules::is_alnum(c) || c == '_' || c == '-';
      });
  return plain ? fmt::format("{}.{}", parent, name) : fmt::format("{}[{}]", parent, quote(name));
}

std::string index_path(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

}  // namespace imprint::templates
