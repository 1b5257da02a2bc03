// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "search/query.h"

namespace imprint::search {

/// A folded text in which some characters match any character, or any number of them.
struct Glob {
  enum class Kind : char { literal, one, many };
  struct Piece {
    Kind kind;
    char character;  ///< for a literal
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  std::vector<Piece> pieces = {};

  [[nodiscard]] bool matches(std::string_view folded) const;
  /// The literals before the first wildcard.
  [[nodiscard]] std::string prefix() const;
  [[nodiscard]] bool is_exact() const;
  /// Consists of '*' only: the field exists.
  [[nodiscard]] bool is_anything() const;
};

/// The bounds on both sides; text bounds are folded.
template <class T>
struct Bounds {
  std::optional<T> low = {};
  std::optional<T> high = {};
  bool includes_low = true;
  bool includes_high = true;

  [[nodiscard]] bool contains(const T& value) const {
    if (low && (includes_low ? value < *low : value <= *low)) return false;
    if (high && (includes_high ? value > *high : value >= *high)) return false;
    return true;
  }
};

struct Term {
  std::string field = {};  ///< empty: any field
  std::variant<Glob, Bounds<std::string>, Bounds<double>> test = {};

  [[nodiscard]] bool accepts(std::string_view value) const;
};

struct Node {
  enum class Kind : char { term, all_of, any_of, none_of };
  Kind kind = Kind::term;
  std::vector<Node> children = {};  ///< one for none_of, two or more for the others
  Term term = {};
};

bool matches(const Node& node, const Document& document);

/// The ranges that contain every match, by rank; all things by name when no term narrows them.
std::vector<Range> ranges_of(const Node& root);

std::string canonical(const Node& node);

}  // namespace imprint::search
