// SPDX-License-Identifier: Apache-2.0
#include "transfer/acl.h"

#include <algorithm>

#include "base/name.h"

namespace imprint::transfer {

namespace {

using policy::Action;
using policy::Statement;

/// "topic/a/*" of an ARN; empty if the ARN is for another account; `everything` for "*".
struct Resource {
  bool everything = false;
  bool other_account = false;
  std::string_view type = {};
  std::string_view name = {};
};

Resource split_arn(std::string_view arn, std::string_view account) {
  if (arn == "*") return {.everything = true};
  std::string_view rest = arn;
  std::string_view part;
  for (int i = 0; i < 5; ++i) {  // arn, partition, service, region, account
    const auto colon = rest.find(':');
    part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  const bool wild = part.find_first_of("*?") != std::string_view::npos;
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos)  // "top*": the parser accepts a wildcard in the type
    return {.other_account = !wild && part != account, .type = rest, .name = {}};
  return {.other_account = !wild && part != account,
          .type = rest.substr(0, slash),
          .name = rest.substr(slash + 1)};
}

/// Substitutes the variables' values; a `*` in the pattern is kept, and a value cannot contain one.
Result<std::string> substitute(std::string_view pattern, const Substitutions& values) {
  std::string out;
  while (!pattern.empty()) {
    const auto open = pattern.find("${");
    out += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    pattern.remove_prefix(open + 2);
    const auto close = pattern.find('}');
    const std::string_view name = pattern.substr(0, close);
    pattern.remove_prefix(close + 1);
    if (name == "$") {
      out += '$';
      continue;
    }
    if (name == "*" || name == "?")
      return fail(Fault::invalid,
                  "${{{}}} is a literal character that topics in mosquitto's ACL cannot contain",
                  name);
    const auto value = values.find(name);
    if (value == values.end()) return fail(Fault::invalid, "${{{}}} has no equivalent", name);
    out += value->second;
  }
  return out;
}

bool covers(const Statement& statement, Action action) {
  return statement.actions()[static_cast<std::size_t>(action)];
}

std::string name_of(const policy::Policy& policy, std::size_t index) {
  const std::string& sid = policy.statements()[index].sid();
  return fmt::format("policy {} statement {}{}", quote(policy.name()), index,
                     sid.empty() ? "" : " (" + quote(sid) + ")");
}

class Translator {
 public:
  Translator(const Substitutions& values, std::string_view account)
      : values_(values), account_(account) {}

  void add(const policy::Policy& policy, std::size_t index) {
    const Statement& statement = policy.statements()[index];
    const std::string where = name_of(policy, index);
    const bool reads = covers(statement, Action::receive);
    const bool writes = covers(statement, Action::publish);
    const bool denies_more = !statement.allows() && (covers(statement, Action::connect) ||
                                                     covers(statement, Action::subscribe));
    if (!reads && !writes && !denies_more) return;
    if (statement.has_conditions() && statement.allows()) {
      note(where, "has conditions, which mosquitto does not support: it is left out");
      return;
    }
    if (statement.has_conditions())
      note(where, "denies under conditions, which mosquitto does not support: it always denies");
    for (const policy::ResourcePattern& resource : statement.resources())
      add_resource(statement, where, resource.text(), {reads, writes});
  }

  Acl take() { return std::move(out_); }

 private:
  void note(const std::string& where, std::string_view what) {
    out_.notes.insert(fmt::format("{} {}", where, what));
  }

  void add_resource(const Statement& statement, const std::string& where, const std::string& text,
                    Acl::Access access) {
    const Resource resource = split_arn(text, account_);
    if (resource.other_account) return;
    const bool wild_type = resource.type.find_first_of("*?") != std::string_view::npos;
    const bool about_topics = resource.everything || resource.type == "topic";
    if (!statement.allows()) return deny(where, text, resource, about_topics && !wild_type);
    if (wild_type) {
      note(where, fmt::format("has resource {}, whose type is a pattern: left out", quote(text)));
      return;
    }
    if (!about_topics) return;
    const auto filter = resource.everything ? Result<TopicFilter>(TopicFilter{"#"})
                                            : to_topic_filter(resource.name, values_);
    if (!filter) {
      note(where,
           fmt::format("has resource {}: {}; left out", quote(text), filter.error().message));
      return;
    }
    if (filter->narrowed) {
      note(where,
           fmt::format("has resource {}: a * in the middle matches one level only", quote(text)));
    }
    Acl::Access& known = out_.topics[filter->text];
    known.read = known.read || access.read;
    known.write = known.write || access.write;
  }

  /// A Deny may become wider, never narrower; if it cannot be expressed, the client gets no topics.
  void deny(const std::string& where, const std::string& text, const Resource& resource,
            bool about_topics) {
    const auto filter = resource.everything ? Result<TopicFilter>(TopicFilter{"#"})
                                            : to_topic_filter(resource.name, values_);
    if (about_topics && filter && !filter->narrowed && values_are_fixed()) {
      out_.denied.insert(filter->text);
      note(where, fmt::format("denies {} for both reading and writing", quote(text)));
      return;
    }
    out_.refused = true;
    note(where,
         fmt::format("denies {}, which mosquitto's ACL cannot express: clients with this policy "
                     "get no topic at all",
                     quote(text)));
  }

  /// Pattern lines cannot deny.
  [[nodiscard]] bool values_are_fixed() const {
    return std::ranges::none_of(values_,
                                [](const auto& one) { return one.second.starts_with('%'); });
  }

  const Substitutions& values_;
  std::string_view account_;
  Acl out_;
};

}  // namespace

Result<TopicFilter> to_topic_filter(std::string_view pattern, const Substitutions& values) {
  TRY_ASSIGN(const std::string text, substitute(pattern, values));
  if (text.find_first_of("+#") != std::string::npos)
    return fail(Fault::invalid, "+ and # are literal characters in a policy");
  if (text.find('?') != std::string::npos)
    return fail(Fault::invalid, "a ? has no equivalent in MQTT");
  const bool is_clean = std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
  if (text.empty() || !is_clean || text.front() == ' ' || text.back() == ' ')
    return fail(Fault::invalid, "the name cannot be written on a line of the file");
  TopicFilter out;
  std::string_view rest = text;
  while (true) {
    const auto slash = rest.find('/');
    const std::string_view level = rest.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    if (level.find('*') == std::string_view::npos) {
      out.text += level;
    } else if (level != "*") {
      return fail(Fault::invalid, "a * within a level has no equivalent in MQTT");
    } else {
      // "a/#" would match "a" as well; a bare "*" has no parent level.
      out.text += !last ? "+" : out.text.empty() ? "#" : "+/#";
      out.narrowed = out.narrowed || !last;
    }
    if (last) return out;
    out.text += '/';
    rest.remove_prefix(slash + 1);
  }
}

Acl to_acl(policy::PolicySet policies, const Substitutions& values, std::string_view account) {
  Translator translator(values, account);
  for (const auto& policy : policies.policies) {
    for (std::size_t i = 0; i < policy->statements().size(); ++i) translator.add(*policy, i);
  }
  return translator.take();
}

}  // namespace imprint::transfer
