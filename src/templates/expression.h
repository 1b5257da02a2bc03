// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "encoding/json.h"
#include "templates/problem.h"
#include "templates/template.h"

namespace imprint::templates {

/// A leaf of Mappings: a text, or a list for Fn::Select.
using Mapped = std::variant<std::string, std::vector<std::string>>;
using SecondLevel = std::map<std::string, Mapped, std::less<>>;
using Mapping = std::map<std::string, SecondLevel, std::less<>>;
using Mappings = std::map<std::string, Mapping, std::less<>>;
using Declared = std::map<std::string, std::optional<std::string>, std::less<>>;

/// A value of a template as a tree: a literal, or an intrinsic function and its arguments.
struct Expression {
  enum class Kind : std::uint8_t {
    literal,      ///< text
    reference,    ///< Ref of the parameter `text`
    concat,       ///< Fn::Sub: the segments one after the other
    join,         ///< Fn::Join: part 0 is a list, `text` the delimiter
    select,       ///< Fn::Select: part 0 the index, part 1 a list
    find_in_map,  ///< Fn::FindInMap: map, top key, second key
    split,        ///< Fn::Split: part 0 the source, `text` the delimiter
    list,         ///< a JSON array
  };
  enum class Shape : std::uint8_t { text, list, either };  ///< `either`: a map decides.
  /// A piece of Fn::Sub: literal text, followed by the value of a part. Each part is stored and
  /// computed once, regardless of how often the text names it, so nested Fn::Sub cannot grow
  /// exponentially.
  struct Segment {
    std::string literal;
    std::optional<std::size_t> part;
  };

  Kind kind = Kind::literal;
  Shape shape = Shape::text;
  std::string text = {};
  std::vector<Expression> parts = {};
  std::string path;
  std::vector<Segment> segments = {};

  /// Parameters that contribute to the value, each once, in order.
  [[nodiscard]] std::vector<std::string> references() const;
  /// Parameters whose text becomes part of the value; not those that only select (a map's key, an
  /// index).
  [[nodiscard]] std::vector<std::string> sources() const;
  [[nodiscard]] bool is_constant() const { return references().empty(); }
};

/// The template's own texts in a value that depends on parameters, with the parameters left empty;
/// several texts where a parameter selects among them. If one of them is not allowed in a name, the
/// name is allowed for no device.
std::vector<std::string> literal_texts(const Expression& expression, const Mappings& mappings);

/// Turns JSON into expressions and notes its problems; after a problem the result is a harmless
/// placeholder.
class ExpressionCompiler {
 public:
  ExpressionCompiler(Use use, const Declared& declared, const Mappings& mappings,
                     Problems& problems)
      : use_(use), declared_(declared), mappings_(mappings), problems_(problems) {}

  Expression text(const encoding::json::value& value, const std::string& path);
  Expression list(const encoding::json::value& value, const std::string& path);
  /// A text or a list, for places where both make sense.
  Expression any(const encoding::json::value& value, const std::string& path);

  /// AWS does not support Fn::Join inside policy resources.
  void set_inside_policy(bool inside) { inside_policy_ = inside; }
  [[nodiscard]] const std::set<std::string, std::less<>>& used() const { return used_; }
  /// The used() parameters that a policy resource names.
  [[nodiscard]] const std::set<std::string, std::less<>>& used_in_policies() const {
    return used_in_policies_;
  }
  /// Whether some Fn::FindInMap may look up this place; an empty key matches any.
  [[nodiscard]] bool reaches(std::string_view map, std::string_view top = {},
                             std::string_view second = {}) const;

 private:
  class Nesting;
  Expression function(std::string_view name, const encoding::json::value& argument,
                      const std::string& path);
  Expression reference(const encoding::json::value& argument, const std::string& path);
  Expression reference_to(std::string_view name, const std::string& path);
  Expression join(const encoding::json::value& argument, const std::string& path);
  Expression select(const encoding::json::value& argument, const std::string& path);
  Expression find_in_map(const encoding::json::value& argument, const std::string& path);
  Expression split(const encoding::json::value& argument, const std::string& path);
  Expression substitute(const encoding::json::value& argument, const std::string& path);
  void substitute_text(std::string_view text, const std::string& path,
                       std::map<std::string, Expression, std::less<>> entries, Expression& out);
  const encoding::json::array* arguments(const encoding::json::value& argument, std::size_t count,
                                         std::string_view form, const std::string& path);
  std::optional<std::string> delimiter(const encoding::json::value& value, const std::string& path);
  Expression::Shape check_lookup(const Expression& lookup);

  Use use_;
  const Declared& declared_;
  const Mappings& mappings_;
  Problems& problems_;
  /// The keys of one Fn::FindInMap; empty where a parameter decides the key.
  using Lookup = std::array<std::string, 3>;
  std::vector<Lookup> lookups_;
  std::set<std::string, std::less<>> used_;
  std::set<std::string, std::less<>> used_in_policies_;
  std::size_t depth_ = 0;
  bool inside_policy_ = false;
};

/// `{"Ref": ...}` or `{"Fn::...": ...}`; also with more members, so that the mistake is reported.
bool looks_like_function(const encoding::json::value& value);

/// Computes expressions for one set of parameters, within one budget of kMaxResultBytes.
class Evaluator {
 public:
  /// The destination of a value: only harmless characters may enter a policy document.
  enum class Flow : std::uint8_t { plain, policy_document };

  Evaluator(Use use, const Declared& declared, const Mappings& mappings,
            const Parameters& parameters, const Predefined& predefined)
      : use_(use),
        declared_(declared),
        mappings_(mappings),
        parameters_(parameters),
        predefined_(predefined) {}

  Result<std::string> text(const Expression& expression, Flow flow = Flow::plain);
  Result<std::vector<std::string>> list(const Expression& expression, Flow flow = Flow::plain);
  Result<Mapped> any(const Expression& expression, Flow flow = Flow::plain);

 private:
  Result<std::string> reference(const Expression& expression, Flow flow);
  Result<std::string> concatenate(const Expression& expression, Flow flow);
  Result<std::string> join(const Expression& expression, Flow flow);
  Result<std::string> select(const Expression& expression, Flow flow);
  Result<std::vector<std::string>> split(const Expression& expression, Flow flow);
  Result<Mapped> find(const Expression& expression);
  /// Checks the budget before text of that size is built.
  [[nodiscard]] Result<void> check_budget(std::size_t bytes, const std::string& path) const;

  Use use_;
  const Declared& declared_;
  const Mappings& mappings_;
  const Parameters& parameters_;
  const Predefined& predefined_;
  std::size_t produced_ = 0;
};

}  // namespace imprint::templates
