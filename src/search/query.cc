// SPDX-License-Identifier: Apache-2.0
#include "search/query.h"

#include <algorithm>

#include "base/name.h"
#include "outcome/causes.h"
#include "search/node.h"

namespace imprint::search {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Characters that end a word unless preceded by a backslash. A colon ends only a field's name.
bool ends_word(char c) {
  return is_space(c) || std::string_view("()[]{}\"<>").find(c) != std::string_view::npos;
}

/// Recursive descent, starting with the loosest binding: OR, AND (explicit or implied), NOT, single
/// terms.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Node> run() {
    if (text_.size() > kMaxCharacters) {
      return refuse(
          fmt::format("has {} characters; at most {} are allowed", text_.size(), kMaxCharacters));
    }
    TRY_ASSIGN(Node root, any_of("", 0));
    if (skip_spaces(); at_ < text_.size())
      return refuse(fmt::format("{} closes no open bracket", quote(text_.substr(at_, 1))));
    if (leading_wildcards_ > 1)
      return refuse("more than one term begins with a wildcard; AWS allows one");
    if (leading_wildcards_ > 0 && text_.size() > kMaxCharactersWithLeadingWildcard) {
      return refuse(
          fmt::format("a query with a leading wildcard may have {} characters, this one "
                      "has {}",
                      kMaxCharactersWithLeadingWildcard, text_.size()));
    }
    return root;
  }

 private:
  [[nodiscard]] Unexpected refuse(std::string message) const {
    return Unexpected(Error{Fault::invalid,
                            fmt::format("the query is wrong at character {}: {}", at_ + 1, message),
                            {},
                            "InvalidQuery"_cause});
  }

  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  /// Takes an operator's name that is a word of its own.
  bool take_word(std::string_view word) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && !ends_word(text_[end])) return false;
    at_ = end;
    return true;
  }
  [[nodiscard]] bool at_end_of_group() {
    skip_spaces();
    return at_ == text_.size() || peek() == ')';
  }

  Result<Node> any_of(const std::string& field, std::size_t depth) {
    if (depth > kMaxDepth)
      return refuse(fmt::format("brackets are nested more than {} deep", kMaxDepth));
    TRY_ASSIGN(Node first, all_of(field, depth));
    Node node{.kind = Node::Kind::any_of};
    node.children.push_back(std::move(first));
    while (take_word("OR")) {
      TRY_ASSIGN(Node next, all_of(field, depth));
      node.children.push_back(std::move(next));
    }
    return node.children.size() == 1 ? std::move(node.children[0]) : std::move(node);
  }

  Result<Node> all_of(const std::string& field, std::size_t depth) {
    Node node{.kind = Node::Kind::all_of};
    bool goes_on = true;
    while (goes_on) {
      TRY_ASSIGN(Node next, none_of(field, depth));
      node.children.push_back(std::move(next));
      goes_on = take_word("AND") || (!at_end_of_group() && !is_next("OR"));
    }
    return node.children.size() == 1 ? std::move(node.children[0]) : std::move(node);
  }

  bool is_next(std::string_view word) {
    const std::size_t before = at_;
    const bool found = take_word(word);
    at_ = before;
    return found;
  }

  Result<Node> none_of(const std::string& field, std::size_t depth) {
    if (!take_word("NOT") && !take('-')) return group(field, depth);
    if (depth >= kMaxDepth)
      return refuse(fmt::format("operators are nested more than {} deep", kMaxDepth));
    Node node{.kind = Node::Kind::none_of};
    TRY_ASSIGN(Node inner, none_of(field, depth + 1));
    node.children.push_back(std::move(inner));
    return node;
  }

  Result<Node> group(const std::string& field, std::size_t depth) {
    if (at_end_of_group() || is_next("AND") || is_next("OR"))
      return refuse("a term is expected here");
    for (const auto& [foreign, ours] : {std::pair{"&&", "AND"}, {"||", "OR"}, {"!", "NOT"}}) {
      if (is_next(foreign))
        return refuse(fmt::format("{} is not an operator; write {}", foreign, ours));
    }
    if (!take('(')) return clause(field, depth);
    TRY_ASSIGN(Node inner, any_of(field, depth + 1));
    skip_spaces();
    if (!take(')')) return refuse("a closing bracket is missing");
    return inner;
  }

  /// `field:value`, `field:(...)`, `field > 1`, or only a value.
  Result<Node> clause(const std::string& outer, std::size_t depth) {
    const std::size_t begin = at_;
    std::string field;
    if (outer.empty() && peek() != '"' && peek() != '[' && peek() != '{') {
      while (at_ < text_.size() && !ends_word(text_[at_]) && text_[at_] != ':' &&
             text_[at_] != '=') {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        field += text_[at_++];
      }
      const std::size_t name_end = at_;
      skip_spaces();
      if (peek() == '<' || peek() == '>') {
        TRY(check_field(field));
        return value(field);
      }
      at_ = name_end;
      if (!take(':')) {
        at_ = begin;
        return value("");
      }
      TRY(check_field(field));
      skip_spaces();
      if (peek() == '(') return group(field, depth);
      return value(field);
    }
    return value(outer);
  }

  Result<void> check_field(std::string_view field) const {
    const bool is_attribute = field.starts_with(kAttributes) && field.size() > kAttributes.size();
    if (is_attribute || field == kThingName || field == kThingId || field == kThingTypeName ||
        field == kThingGroupNames) {
      return {};
    }
    return refuse(
        fmt::format("{} is not a field of this index; thingName, thingId, thingTypeName, "
                    "thingGroupNames and attributes.* are (a colon within a term is "
                    "written \\:)",
                    quote(field)));
  }

  Result<Node> value(const std::string& field) {
    if (++terms_ > kMaxTerms) return refuse(fmt::format("more than {} terms", kMaxTerms));
    Node node{.term = {.field = field}};
    if (peek() == '"') {
      TRY_ASSIGN(node.term.test, phrase());
    } else if (peek() == '[' || peek() == '{') {
      TRY(range(node.term));
    } else if (peek() == '<' || peek() == '>') {
      TRY(comparison(node.term));
    } else {
      TRY_ASSIGN(Glob glob, word());
      // "*" alone asks whether the field exists, which is not a search with a leading wildcard.
      const bool leads = !glob.is_anything() && glob.pieces[0].kind != Glob::Kind::literal;
      if (leads) ++leading_wildcards_;
      node.term.test = std::move(glob);
    }
    return node;
  }

  static void add_literal(Glob& glob, char c) {
    glob.pieces.push_back({Glob::Kind::literal, fold(std::string_view(&c, 1))[0]});
  }

  Result<Glob> phrase() {
    Glob glob;
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      add_literal(glob, text_[at_++]);
    }
    if (!take('"')) return refuse("a closing quote is missing");
    return glob;
  }

  Result<Glob> word() {
    Glob glob;
    while (at_ < text_.size() && !ends_word(text_[at_])) {
      const char c = text_[at_++];
      if (c == '\\') {
        if (at_ == text_.size()) return refuse("a character must follow the backslash");
        add_literal(glob, text_[at_++]);
      } else if (c == '*' || c == '?') {
        glob.pieces.push_back({c == '*' ? Glob::Kind::many : Glob::Kind::one, '\0'});
      } else {
        add_literal(glob, c);
      }
    }
    if (glob.pieces.empty())
      return refuse(fmt::format("a term is expected, not {}", quote(text_.substr(at_, 1))));
    return glob;
  }

  /// A bound of a range: a word without wildcards, a phrase, or '*' for no bound.
  Result<std::optional<std::string>> bound() {
    skip_spaces();
    Glob glob;
    if (peek() == '"') {
      TRY_ASSIGN(glob, phrase());
    } else {
      TRY_ASSIGN(glob, word());
      if (glob.is_anything()) return std::optional<std::string>();
    }
    if (!glob.is_exact()) return refuse("a bound of a range may hold no wildcards");
    return std::optional(glob.prefix());
  }

  Result<void> range(Term& term) {
    const bool includes_low = text_[at_++] == '[';
    TRY_ASSIGN(const std::optional<std::string> low, bound());
    if (!take_word("TO")) return refuse("a range is written [a TO b]");
    TRY_ASSIGN(const std::optional<std::string> high, bound());
    skip_spaces();
    const char end = peek();
    if (end != ']' && end != '}') return refuse("a range ends with ] or }");
    ++at_;
    set_bounds(term, {low, high, includes_low, end == ']'});
    return {};
  }

  Result<void> comparison(Term& term) {
    const bool is_greater = text_[at_++] == '>';
    const bool includes = take('=');
    TRY_ASSIGN(const std::optional<std::string> limit, bound());
    if (!limit || !number_of(*limit)) return refuse("a number is expected after < and >");
    Bounds<std::string> bounds;
    (is_greater ? bounds.low : bounds.high) = limit;
    (is_greater ? bounds.includes_low : bounds.includes_high) = includes;
    set_bounds(term, bounds);
    return {};
  }

  /// Numeric bounds if both ends are numbers, otherwise text bounds.
  static void set_bounds(Term& term, const Bounds<std::string>& bounds) {
    const auto low = bounds.low ? number_of(*bounds.low) : std::nullopt;
    const auto high = bounds.high ? number_of(*bounds.high) : std::nullopt;
    const bool are_numbers = (low || !bounds.low) && (high || !bounds.high) && (low || high);
    if (are_numbers) {
      term.test = Bounds<double>{low, high, bounds.includes_low, bounds.includes_high};
    } else {
      term.test = bounds;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t terms_ = 0;
  std::size_t leading_wildcards_ = 0;
};

}  // namespace

Result<Query> Query::parse(std::string_view text) {
  TRY_ASSIGN(Node root, Parser(text).run());
  std::vector<Range> ranges = ranges_of(root);
  return Query(std::make_shared<const Node>(std::move(root)), std::move(ranges));
}

bool Query::matches(const Document& document) const { return search::matches(*root_, document); }

std::string Query::canonical() const { return search::canonical(*root_); }

}  // namespace imprint::search
