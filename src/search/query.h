// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// The query language of AWS IoT's fleet indexing (Developer Guide, "Query syntax"), as far as it
/// concerns things in the registry: terms and phrases, fields, `*` and `?`, ranges, comparisons,
/// AND OR NOT and '-', grouping. Pure: knows nothing about stores.
namespace imprint::search {

inline constexpr std::size_t kMaxCharacters = 1000;
/// AWS IoT quotas: the number of terms in a query, and the characters of one with a leading
/// wildcard.
inline constexpr std::size_t kMaxTerms = 12;
inline constexpr std::size_t kMaxCharactersWithLeadingWildcard = 100;
inline constexpr std::size_t kMaxDepth = 16;

inline constexpr std::string_view kThingName = "thingName";
inline constexpr std::string_view kThingId = "thingId";
inline constexpr std::string_view kThingTypeName = "thingTypeName";
inline constexpr std::string_view kThingGroupNames = "thingGroupNames";
inline constexpr std::string_view kAttributes = "attributes.";  ///< the prefix of attribute names

/// One thing as a query sees it. A view: the data it refers to must outlive it.
struct Document {
  using Attributes = std::map<std::string, std::string, std::less<>>;
  std::string_view thing_name;
  std::string_view thing_id = {};
  std::string_view thing_type_name = {};  ///< empty: no type
  std::vector<std::string> thing_group_names = {};
  const Attributes* attributes = nullptr;
};

/// A range of values of one field that contains every match of a query. It is looked up in an
/// index, and it determines the order of the matches. Text is folded (see fold()).
struct Range {
  std::string field{kThingName};
  bool numeric = false;
  std::string low = {};        ///< text from here on
  std::string below = "\xFF";  ///< and before this
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

struct Node;

/// A parsed query: an immutable value, cheap to copy, any thread.
class Query {
 public:
  /// Fault::invalid, InvalidQuery; the message says at which character.
  static Result<Query> parse(std::string_view text);

  [[nodiscard]] bool matches(const Document& document) const;
  /// Each range contains every match; there is at least one, usually the narrowest first. Which one
  /// is really narrowest depends on the existing things, so a store counts (registry/searching.h).
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  /// The query with every bracket and field written out; parses to the same query.
  [[nodiscard]] std::string canonical() const;

 private:
  Query(std::shared_ptr<const Node> root, std::vector<Range> ranges)
      : root_(std::move(root)), ranges_(std::move(ranges)) {}
  std::shared_ptr<const Node> root_;
  std::vector<Range> ranges_;
};

/// Whether looking up the range in an index returns this thing.
bool lies_in(const Range& range, const Document& document);

/// Search ignores case: A to Z become a to z.
std::string fold(std::string_view text);

/// A decimal number in the form of attribute values: digits with at most one point and a leading
/// minus, up to 15 characters, so that it is exact in a double. Nullopt for any other text.
std::optional<double> number_of(std::string_view text);

/// The position of a thing in the order of a range: comparable as text, the same for every store.
/// `value` is the thing's value of the range's field, unfolded.
std::string place_in(const Range& range, std::string_view value, std::string_view thing_name);

/// The parts of a position from place_in().
struct Place {
  std::string term;   ///< for a text range
  double number = 0;  ///< for a numeric range
  std::string thing_name;
};
/// Nullopt for a text that place_in() cannot have made.
std::optional<Place> parse_place(const Range& range, std::string_view text);

}  // namespace imprint::search
