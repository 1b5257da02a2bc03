// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <algorithm>

#include "base/name.h"
#include "policy/document.h"

namespace imprint::policy {

namespace json = encoding::json;

namespace {

std::string_view text_of(json::string_view text) { return {text.data(), text.size()}; }

std::string_view remedy_for(std::string_view member) {
  if (member == "NotAction") return "list the actions in Action instead";
  if (member == "NotResource")
    return "allow what is needed in Resource, or deny the exceptions in a statement of their own";
  if (member == "Principal" || member == "NotPrincipal")
    return "remove it: a policy applies to the certificates it is attached to";
  return "known are Sid, Effect, Action, Resource and Condition";
}

}  // namespace

/// Turns one element of "Statement" into a Statement.
class StatementParser {
 public:
  explicit StatementParser(std::string where) : where_(std::move(where)) {}

  Result<Statement> parse(const json::object& members) {
    for (const auto& member : members) TRY(take(text_of(member.key()), member.value()));
    for (const char* needed : {"Effect", "Action", "Resource"}) {
      if (!members.contains(needed))
        return malformed(where_, fmt::format("has no {}; every statement needs one", needed));
    }
    collect_variables();
    return std::move(out_);
  }

 private:
  Result<void> take(std::string_view member, const json::value& value) {
    const std::string where = member_path(where_, member);
    if (member == "Sid") {
      TRY_ASSIGN(out_.sid_, parse_sid(where, value));
      return {};
    }
    if (member == "Effect") {
      TRY_ASSIGN(out_.allows_, parse_effect(where, value));
      return {};
    }
    if (member == "Action") return take_actions(where, value);
    if (member == "Resource") return take_resources(where, value);
    if (member == "Condition") return take_conditions(where, value);
    return malformed(where_, fmt::format("member {} is not supported in device policies; {}",
                                         quote(member), remedy_for(member)));
  }

  Result<void> take_actions(const std::string& where, const json::value& value) {
    return each_string(where, value,
                       [&](const std::string& place, std::string_view text) -> Result<void> {
                         const auto found = parse_action(text);
                         if (!found) return malformed(place, found.error());
                         out_.actions_ |= *found;
                         return {};
                       });
  }

  Result<void> take_resources(const std::string& where, const json::value& value) {
    return each_string(where, value,
                       [&](const std::string& place, std::string_view text) -> Result<void> {
                         auto found = ResourcePattern::parse(text);
                         if (!found) return malformed(place, found.error());
                         out_.resources_.push_back(*std::move(found));
                         return {};
                       });
  }

  Result<void> take_conditions(const std::string& where, const json::value& value) {
    if (!value.is_object())
      return malformed(where, fmt::format("must be an object of operators; found {}",
                                          encoding::type_name(value)));
    for (const auto& block : value.get_object()) {
      const std::string_view op = text_of(block.key());
      const std::string place = member_path(where, op);
      if (!block.value().is_object())
        return malformed(place, fmt::format("must be an object of condition keys; found {}",
                                            encoding::type_name(block.value())));
      for (const auto& line : block.value().get_object()) {
        const std::string_view key = text_of(line.key());
        auto condition = Condition::parse(op, key, line.value());
        if (!condition)
          return malformed(fmt::format("{}[{}]", place, quote(key)), condition.error());
        out_.conditions_.push_back(*std::move(condition));
      }
    }
    return {};
  }

  void collect_variables() {
    std::vector<Variable> all;
    for (const ResourcePattern& resource : out_.resources_)
      all.insert(all.end(), resource.variables().begin(), resource.variables().end());
    for (const Condition& condition : out_.conditions_) condition.collect_variables(all);
    for (Variable& variable : all) {
      if (std::ranges::find(out_.variables_, variable) == out_.variables_.end())
        out_.variables_.push_back(std::move(variable));
    }
  }

  std::string where_;
  Statement out_;
};

Result<Policy> Policy::parse(std::string_view document, std::string name) {
  TRY_ASSIGN(const std::vector<StatementText> statements,
             parse_document(document, {kMaxDocumentCharacters, kMaxDocumentBytes}));
  Policy out;
  out.name_ = std::move(name);
  for (const StatementText& text : statements) {
    TRY_ASSIGN(Statement one, StatementParser(text.where).parse(text.members));
    for (const Condition& condition : one.conditions())
      condition.collect_turning_points(out.turning_points_);
    out.statements_.push_back(std::move(one));
  }
  std::ranges::sort(out.turning_points_);
  return out;
}

bool Policy::denies_anything() const {
  return !std::ranges::all_of(statements_, &Statement::allows);
}

std::optional<Timestamp> Policy::next_change(Timestamp now) const {
  const auto next = std::ranges::upper_bound(turning_points_, now);
  if (next == turning_points_.end()) return std::nullopt;
  return *next;
}

}  // namespace imprint::policy
