// SPDX-License-Identifier: Apache-2.0
#include "rest/target.h"

#include <algorithm>

#include "base/name.h"
#include "encoding/text.h"

namespace imprint::rest {

namespace {

/// Calls `take` with each part of `text` between separators; stops at the first error.
template <class Take>
Result<void> for_each_part(std::string_view text, char separator, Take take) {
  while (true) {
    const auto end = text.find(separator);
    TRY(take(text.substr(0, end)));
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

Result<std::string> decode(std::string_view part) {
  auto decoded = encoding::percent_decode(part);
  if (!decoded) {
    return fail(Fault::invalid, "{} in the request target: {}", quote(part),
                decoded.error().message);
  }
  if (!encoding::is_utf8(*decoded))
    return fail(Fault::invalid, "{} in the request target is not UTF-8", quote(part));
  return std::move(*decoded);
}

Result<void> add_segment(Target& target, std::string_view part) {
  if (target.segments.size() == Target::kMaxSegments) {
    return fail(Fault::invalid, "the request path has more than {} segments", Target::kMaxSegments);
  }
  TRY_ASSIGN(std::string segment, decode(part));
  target.segments.push_back(std::move(segment));
  return {};
}

Result<void> add_parameter(Target& target, std::string_view part) {
  if (part.empty()) return {};
  if (target.query.size() == Target::kMaxParameters) {
    return fail(Fault::invalid, "the request has more than {} query parameters",
                Target::kMaxParameters);
  }
  const auto equals = part.find('=');
  TRY_ASSIGN(std::string name, decode(part.substr(0, equals)));
  std::string value;
  if (equals != std::string_view::npos) {
    TRY_ASSIGN(value, decode(part.substr(equals + 1)));
  }
  target.query.emplace_back(std::move(name), std::move(value));
  return {};
}

}  // namespace

Result<Target> Target::parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return fail(Fault::invalid, "the request target has {} bytes; at most {} are allowed",
                text.size(), kMaxBytes);
  }
  if (!text.starts_with('/')) {
    return fail(Fault::invalid, "the request target {} does not start with \"/\"", quote(text));
  }
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7F && c != '#'; };
  if (!std::ranges::all_of(text, is_visible)) {
    return fail(Fault::invalid, "the request target {} has characters that must be percent-encoded",
                quote(text));
  }
  Target target;
  const auto question = text.find('?');
  target.path = std::string(text.substr(0, question));
  TRY(for_each_part(std::string_view(target.path).substr(1), '/',
                    [&](std::string_view part) { return add_segment(target, part); }));
  if (question != std::string_view::npos) {
    TRY(for_each_part(text.substr(question + 1), '&',
                      [&](std::string_view part) { return add_parameter(target, part); }));
  }
  return target;
}

}  // namespace imprint::rest
