// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "outcome/causes.h"
#include "policy/reference_match.h"

namespace imprint::policy {
namespace {

using Policies = std::vector<std::shared_ptr<const Policy>>;

std::shared_ptr<const Policy> make(std::string_view statements) {
  auto policy =
      Policy::parse(fmt::format(R"({{"Version":"2012-10-17","Statement":[{}]}})", statements), "p");
  EXPECT_TRUE(policy) << describe(policy.error());
  return std::make_shared<const Policy>(*std::move(policy));
}

std::string statement(std::string_view effect, std::string_view action, std::string_view topic) {
  return fmt::format(R"({{"Effect":"{}","Action":"{}","Resource":"arn:aws:iot:*:*:topic/{}"}})",
                     effect, action, topic);
}

TEST(Policy, ActionNamesAreCaseInsensitive) {
  for (const char* name : {"iot:publish", "IOT:PUBLISH", "iot:Pub*", "IoT:pUB*sh"}) {
    const auto parsed = make(statement("Allow", name, "a"));
    const auto& statements = parsed->statements();
    ASSERT_EQ(statements.size(), 1U);
    EXPECT_TRUE(statements.front().actions().test(static_cast<std::size_t>(Action::publish)))
        << name;
  }
}

TEST(Policy, CountsCharactersWithoutWhiteSpace) {
  const std::string bare =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*","Sid":""}})";
  std::string spaced = bare;
  spaced.insert(1, std::string(100000, ' '));
  EXPECT_TRUE(Policy::parse(spaced));

  const auto filled = [&](std::size_t characters) {
    const std::string resource = R"("arn:aws:iot:*:*:topic/)";
    std::string text =
        R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":)" +
        resource;
    const std::string tail = R"("}})";
    return text + std::string(characters - text.size() - tail.size(), 'x') + tail;
  };
  EXPECT_TRUE(Policy::parse(filled(2048)));
  const auto refused = Policy::parse(filled(2049));
  ASSERT_FALSE(refused);
  EXPECT_EQ(name_of(refused.error().cause), "MalformedPolicy");
  EXPECT_NE(refused.error().message.find("2049"), std::string::npos);
  EXPECT_FALSE(Policy::parse(std::string(kMaxDocumentBytes + 1, ' ')));
}

TEST(Policy, BoundsDepth) {
  std::string nested(500, '[');
  EXPECT_FALSE(Policy::parse(nested + std::string(500, ']')));
}

TEST(Policy, ErrorsNameThePath) {
  const auto refused = Policy::parse(
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iot:Connect","iot:X"],"Resource":"*"}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "$.Statement[0].Action[1]");
  EXPECT_EQ(refused.error().fault, Fault::invalid);
}

TEST(Policy, LongCertificateValuesAreNotSubstituted) {
  const Policies policies = {
      make(statement("Allow", "iot:Publish", "${iot:Certificate.Subject.CommonName}"))};
  for (const std::size_t length : {std::size_t{1024}, std::size_t{1025}}) {
    const std::string name(length, 'n');
    const CertificateValue subject[] = {{CertificateField::common_name, name}};
    Context context = nothing_known();
    context.subject = subject;
    EXPECT_EQ(evaluate(policies, {Action::publish, name}, context).allowed(), length == 1024);
  }
}

TEST(Policy, NoPolicyAllowsNothing) {
  for (const ActionInfo& row : actions()) {
    const Request request = {row.action, "x"};
    const Decision decision = evaluate({}, request, nothing_known());
    EXPECT_EQ(decision.outcome, Outcome::implicit_deny) << row.name;
    EXPECT_NE(explain(decision, {}, request, nothing_known()).find("no policy is attached"),
              std::string::npos);
  }
}

TEST(Pattern, DoesNotSearchExponentially) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  const auto parsed = Pattern::parse(pattern + "*b", Pattern::Wildcards::yes);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->matches(std::string(20000, 'a')));
}

TEST(Time, AcceptsSeveralFormatsOfOneMoment) {
  const Timestamp noon = *parse_time("2026-01-31T12:00:00Z");
  for (const char* same : {"2026-01-31T12:00Z", "2026-01-31T12:00:00.000Z",
                           "2026-01-31T13:00:00+01:00", "2026-01-31T06:30:00-0530", "1769860800"}) {
    const auto time = parse_time(same);
    ASSERT_TRUE(time) << same;
    EXPECT_EQ(*time, noon) << same;
  }
  for (const char* bad : {"", "2026-13-01", "2026-02-30", "2026-01-31T", "2026-01-31T25:00Z",
                          "2026-01-31T12:00", "2026-01-31T12:00:00Zx", "2026-01-31 12:00:00Z",
                          "2026-01-31T12:00:00.Z", "-1", "99999999999999", "1e3"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(Time, NextChangeIsTheNextTimeADecisionMayChange) {
  const auto with = [](std::string_view conditions) {
    return make(
        fmt::format(R"({{"Effect":"Allow","Action":"iot:Connect","Resource":"*","Condition":{}}})",
                    conditions));
  };
  const auto policy = with(
      R"({"DateLessThan":{"aws:CurrentTime":["2026-01-31T12:00:00Z","2026-03-01T00:00:00Z"]},
          "NumericGreaterThan":{"aws:EpochTime":1769860805.5}})");
  // For every comparison, the result changes at no other time.
  Timestamp now = *parse_time("2026-01-01");
  for (const char* next :
       {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00.001Z", "2026-01-31T12:00:06Z",
        "2026-01-31T12:00:07Z", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.001Z"}) {
    const auto change = policy->next_change(now);
    ASSERT_TRUE(change) << next;
    EXPECT_EQ(*change, *parse_time(next));
    now = *change;
  }
  EXPECT_EQ(policy->next_change(now), std::nullopt);
  EXPECT_EQ(with(R"({"StringLike":{"iot:ClientId":"*"}})")->next_change(Timestamp()), std::nullopt);
}

// --- properties

/// Short texts over a small alphabet, so that patterns and topics often match.
rc::Gen<std::string> text_of(const std::string& alphabet) {
  return rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
}

rc::Gen<std::string> expansion_of(const std::string& pattern) {
  return rc::gen::exec([pattern] {
    std::string out;
    for (const char c : pattern) {
      if (c == '*') {
        out += *text_of("ab/");
      } else {
        out += c == '?' ? *rc::gen::element('a', 'b', '/') : c;
      }
    }
    return out;
  });
}

RC_GTEST_PROP(PatternProperty, AgreesWithTheSlowReference, ()) {
  const std::string pattern = *text_of("ab/*?");
  // Half of the texts are made from the pattern; otherwise hardly any would match.
  const std::string text = *rc::gen::arbitrary<bool>() ? *text_of("ab/*") : *expansion_of(pattern);
  const auto parsed = Pattern::parse(pattern, Pattern::Wildcards::yes);
  RC_ASSERT(parsed.has_value());
  RC_TAG(parsed->matches(text) ? "match" : "no match");
  RC_ASSERT(parsed->matches(text) == reference_match(pattern, text));
}

RC_GTEST_PROP(PatternProperty, AVariableNeverActsAsAWildcard, ()) {
  const std::string id = *text_of("ab*?+#$/");
  const std::string text = *text_of("ab*?+#$/");
  const auto parsed = Pattern::parse("a/${iot:ClientId}/b", Pattern::Wildcards::yes);
  RC_ASSERT(parsed.has_value());
  Context context = nothing_known();
  context.client_id = id;
  for (const std::string& topic : {text, "a/" + text + "/b", "a/" + id + "/b"}) {
    if (parsed->matches(topic, context, Reading::allow)) {
      RC_ASSERT(topic == "a/" + id + "/b");
      RC_ASSERT(id.find_first_of("*?+#") == std::string::npos);
    }
  }
}

struct Drawn {
  std::string effect, action, topic;
};
rc::Gen<Drawn> drawn_statement() {
  return rc::gen::apply(
      [](std::string effect, std::string action, std::string topic) {
        return Drawn{std::move(effect), std::move(action), std::move(topic)};
      },
      rc::gen::element<std::string>("Allow", "Deny"),
      rc::gen::element<std::string>("iot:Publish", "iot:Receive", "iot:*"), text_of("ab/*?"));
}

Policies drawn_policies(const std::vector<Drawn>& all) {
  Policies out;
  for (const Drawn& one : all) out.push_back(make(statement(one.effect, one.action, one.topic)));
  return out;
}

RC_GTEST_PROP(PolicyProperty, AnExplicitDenyAlwaysWins, ()) {
  const auto drawn = *rc::gen::container<std::vector<Drawn>>(drawn_statement());
  const std::string topic = *text_of("ab/");
  const Decision decision =
      evaluate(drawn_policies(drawn), {Action::publish, topic}, nothing_known());
  bool allowed = false;
  bool denied = false;
  for (const Drawn& one : drawn) {
    if (one.action == "iot:Receive" || !reference_match(one.topic, topic)) continue;
    (one.effect == "Allow" ? allowed : denied) = true;
  }
  RC_TAG(std::string(to_string(decision.outcome)));
  RC_ASSERT(decision.outcome == (denied    ? Outcome::explicit_deny
                                 : allowed ? Outcome::allowed
                                           : Outcome::implicit_deny));
}

RC_GTEST_PROP(PolicyProperty, AddingADenyNeverWidens, ()) {
  auto drawn = *rc::gen::container<std::vector<Drawn>>(drawn_statement());
  const std::string topic = *text_of("ab/");
  const Request request = {Action::publish, topic};
  const bool before = evaluate(drawn_policies(drawn), request, nothing_known()).allowed();
  const auto at = *rc::gen::inRange<std::size_t>(0, drawn.size() + 1);
  drawn.insert(drawn.begin() + static_cast<std::ptrdiff_t>(at),
               Drawn{"Deny", "iot:*", *text_of("ab/*?")});
  RC_ASSERT(before || !evaluate(drawn_policies(drawn), request, nothing_known()).allowed());
}

}  // namespace
}  // namespace imprint::policy
