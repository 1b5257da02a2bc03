// SPDX-License-Identifier: Apache-2.0
#include "search/node.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace imprint::search {

namespace {

constexpr std::string_view kQuotedInTerms = "\\\"*?()[]{}:<>=- \t\r\n";

/// The smallest text that is greater than every text with this prefix.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return "\xFF";
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

template <class Accept>
bool any_value(const Term& term, const Document& document, Accept accept) {
  const auto is_asked = [&](std::string_view field) {
    return term.field.empty() || term.field == field;
  };
  if (is_asked(kThingName) && accept(document.thing_name)) return true;
  if (is_asked(kThingId) && accept(document.thing_id)) return true;
  if (is_asked(kThingTypeName) && !document.thing_type_name.empty() &&
      accept(document.thing_type_name)) {
    return true;
  }
  if (is_asked(kThingGroupNames) && std::ranges::any_of(document.thing_group_names, accept))
    return true;
  if (document.attributes == nullptr) return false;
  if (term.field.empty()) {
    return std::ranges::any_of(*document.attributes,
                               [&](const auto& attribute) { return accept(attribute.second); });
  }
  if (!term.field.starts_with(kAttributes)) return false;
  const auto found =
      document.attributes->find(std::string_view(term.field).substr(kAttributes.size()));
  return found != document.attributes->end() && accept(found->second);
}

/// How well an index for this term would serve; nullopt when no index helps.
struct Candidate {
  int rank;  ///< lower is usually narrower
  Range range;
};

Range text_range(const std::string& field, std::string low, std::string below) {
  return {.field = field, .low = std::move(low), .below = std::move(below)};
}

std::optional<Candidate> candidate_of(const Term& term) {
  const bool is_group = term.field == kThingGroupNames;
  const bool is_type = term.field == kThingTypeName;
  if (term.field.empty() || term.field == kThingId) return std::nullopt;
  if (const auto* glob = std::get_if<Glob>(&term.test)) {
    const std::string prefix = glob->prefix();
    if (glob->is_exact()) {
      const int rank = term.field == kThingName ? 0 : is_group ? 2 : is_type ? 4 : 1;
      // No indexed text contains control characters.
      return Candidate{rank, text_range(term.field, prefix, prefix + '\x01')};
    }
    // A thing in several groups with that prefix would be returned several times.
    if (is_group || (prefix.empty() && !term.field.starts_with(kAttributes))) return std::nullopt;
    return Candidate{prefix.empty() ? 8 : 3, text_range(term.field, prefix, after_prefix(prefix))};
  }
  if (is_group) return std::nullopt;
  if (const auto* text = std::get_if<Bounds<std::string>>(&term.test)) {
    return Candidate{6, text_range(term.field, text->low.value_or(""),
                                   text->high ? *text->high + '\x01' : "\xFF")};
  }
  if (!term.field.starts_with(kAttributes)) return std::nullopt;
  const auto& numbers = std::get<Bounds<double>>(term.test);
  Range range{.field = term.field, .numeric = true};
  if (numbers.low) range.least = *numbers.low;
  if (numbers.high) range.most = *numbers.high;
  return Candidate{5, std::move(range)};
}

std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (kQuotedInTerms.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string bound_text(const std::string& value) { return quoted(value); }

/// Never uses an exponent, and is no longer than number_of() reads.
std::string bound_text(double value) {
  std::string text = fmt::format("{:.15f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  if (text.starts_with("0.")) text.erase(0, 1);
  if (text.starts_with("-0.")) text.erase(1, 1);
  return text;
}

template <class T>
std::string range_text(const Bounds<T>& bounds) {
  return fmt::format(
      "{}{} TO {}{}", bounds.includes_low ? '[' : '{', bounds.low ? bound_text(*bounds.low) : "*",
      bounds.high ? bound_text(*bounds.high) : "*", bounds.includes_high ? ']' : '}');
}

std::string term_text(const Term& term) {
  std::string out;
  if (!term.field.empty()) out = quoted(term.field) + ":";
  const auto* glob = std::get_if<Glob>(&term.test);
  if (const auto* text = std::get_if<Bounds<std::string>>(&term.test))
    return out + range_text(*text);
  if (glob == nullptr) return out + range_text(std::get<Bounds<double>>(term.test));
  if (glob->pieces.empty()) return out + "\"\"";
  for (const Glob::Piece& piece : glob->pieces) {
    if (piece.kind == Glob::Kind::one) out += '?';
    if (piece.kind == Glob::Kind::many) out += '*';
    if (piece.kind == Glob::Kind::literal) out += quoted(std::string_view(&piece.character, 1));
  }
  return out;
}

/// The bits of a double, rearranged so that they compare in the order of the numbers.
std::uint64_t ordered_bits(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double from_ordered_bits(std::uint64_t ordered) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  return std::bit_cast<double>((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
}

}  // namespace

bool Glob::matches(std::string_view folded) const {
  std::size_t at = 0;
  std::size_t here = 0;
  std::optional<std::size_t> star;
  std::size_t star_at = 0;
  while (here < folded.size()) {
    if (at < pieces.size() && pieces[at].kind == Kind::many) {
      star = at++;
      star_at = here;
    } else if (at < pieces.size() &&
               (pieces[at].kind == Kind::one || pieces[at].character == folded[here])) {
      ++at;
      ++here;
    } else if (star) {
      at = *star + 1;
      here = ++star_at;
    } else {
      return false;
    }
  }
  return std::all_of(pieces.begin() + static_cast<std::ptrdiff_t>(at), pieces.end(),
                     [](const Piece& piece) { return piece.kind == Kind::many; });
}

std::string Glob::prefix() const {
  std::string out;
  for (const Piece& piece : pieces) {
    if (piece.kind != Kind::literal) break;
    out += piece.character;
  }
  return out;
}

bool Glob::is_exact() const {
  return std::ranges::all_of(pieces, [](const Piece& p) { return p.kind == Kind::literal; });
}

bool Glob::is_anything() const {
  return !pieces.empty() &&
         std::ranges::all_of(pieces, [](const Piece& p) { return p.kind == Kind::many; });
}

bool Term::accepts(std::string_view value) const {
  if (const auto* numbers = std::get_if<Bounds<double>>(&test)) {
    const auto number = number_of(value);
    return number && numbers->contains(*number);
  }
  const std::string folded = fold(value);
  if (const auto* glob = std::get_if<Glob>(&test)) return glob->matches(folded);
  return std::get<Bounds<std::string>>(test).contains(folded);
}

bool matches(const Node& node, const Document& document) {
  const auto fits = [&](const Node& child) { return matches(child, document); };
  switch (node.kind) {
    case Node::Kind::all_of:
      return std::ranges::all_of(node.children, fits);
    case Node::Kind::any_of:
      return std::ranges::any_of(node.children, fits);
    case Node::Kind::none_of:
      return std::ranges::none_of(node.children, fits);
    case Node::Kind::term:
      break;
  }
  const auto* glob = std::get_if<Glob>(&node.term.test);
  if (glob != nullptr && node.term.field.empty() && glob->is_anything()) return true;
  return any_value(node.term, document,
                   [&](std::string_view value) { return node.term.accepts(value); });
}

std::vector<Range> ranges_of(const Node& root) {
  std::vector<Candidate> candidates;
  const auto consider = [&](const Node& node) {
    if (node.kind != Node::Kind::term) return;
    auto candidate = candidate_of(node.term);
    if (!candidate) return;
    const auto after = std::ranges::upper_bound(candidates, candidate->rank, {}, &Candidate::rank);
    candidates.insert(after, std::move(*candidate));
  };
  consider(root);
  if (root.kind == Node::Kind::all_of) std::ranges::for_each(root.children, consider);
  std::vector<Range> out;
  for (Candidate& candidate : candidates) out.push_back(std::move(candidate.range));
  if (out.empty()) out.emplace_back();
  return out;
}

bool lies_in(const Range& range, const Document& document) {
  return any_value({.field = range.field}, document, [&](std::string_view value) {
    if (range.numeric) {
      const auto number = number_of(value);
      return number && *number >= range.least && *number <= range.most;
    }
    const std::string folded = fold(value);
    return folded >= range.low && folded < range.below;
  });
}

std::string canonical(const Node& node) {
  if (node.kind == Node::Kind::term) return term_text(node.term);
  if (node.kind == Node::Kind::none_of) return fmt::format("(NOT {})", canonical(node.children[0]));
  std::string out = "(";
  for (const Node& child : node.children) {
    if (out.size() > 1) out += node.kind == Node::Kind::all_of ? " AND " : " OR ";
    out += canonical(child);
  }
  return out + ")";
}

std::string fold(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::optional<double> number_of(std::string_view text) {
  constexpr std::size_t kMaxDigits = 15;
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  const std::string_view digits = text.substr(text.front() == '-' ? 1 : 0);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (std::ranges::count(digits, '.') > 1 || std::ranges::none_of(digits, is_digit) ||
      !std::ranges::all_of(digits, [&](char c) { return is_digit(c) || c == '.'; })) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string place_in(const Range& range, std::string_view value, std::string_view thing_name) {
  if (!range.numeric) return fmt::format("{}\n{}", fold(value), thing_name);
  return fmt::format("{:016x}\n{}", ordered_bits(number_of(value).value_or(0)), thing_name);
}

std::optional<Place> parse_place(const Range& range, std::string_view text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  Place place{.term = std::string(text.substr(0, end)),
              .thing_name = std::string(text.substr(end + 1))};
  if (!range.numeric) return place;
  std::uint64_t bits = 0;
  const char* last = place.term.data() + place.term.size();
  const auto parsed = std::from_chars(place.term.data(), last, bits, 16);
  if (parsed.ec != std::errc() || parsed.ptr != last) return std::nullopt;
  place.number = from_ordered_bits(bits);
  return place;
}

}  // namespace imprint::search
