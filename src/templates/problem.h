// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imprint::templates {

enum class Severity : std::uint8_t {
  error,    ///< The template is refused.
  warning,  ///< It is accepted, but probably not what its author meant.
};

/// One finding of the static checks.
struct Problem {
  Severity severity = Severity::error;
  std::string path;     ///< JSON path, `$.Resources.thing.Properties.ThingName`.
  std::string message;  ///< What was found at `path`.
  std::string remedy;   ///< What to write instead.

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// "path: message; remedy"
std::string describe(const Problem& problem);

/// Collects findings in document order, up to kMaxProblems; a hostile template cannot make more.
class Problems {
 public:
  static constexpr std::size_t kMaxProblems = 100;

  void error(std::string path, std::string message, std::string remedy);
  void warning(std::string path, std::string message, std::string remedy);

  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] const std::vector<Problem>& all() const { return all_; }

 private:
  std::vector<Problem> all_;
  std::size_t errors_ = 0;
};

/// `parent`.name, or `parent`["name"] when the name is not a plain word.
std::string member_path(std::string_view parent, std::string_view name);
std::string index_path(std::string_view parent, std::size_t index);

}  // namespace imprint::templates
