// SPDX-License-Identifier: Apache-2.0
// Properties that hold for all kinds of records by their lists of fields alone.
#include "registry/fields.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <set>

#include "registry/codec.h"

namespace imprint::registry {
namespace {

namespace json = encoding::json;

/// An arbitrary value of any type that records contain.
template <class T>
struct Any;

template <class T>
T any() {
  return Any<T>::make();
}
template <encoding::Listed T>
struct Any<T> {
  static T make() {
    T out = encoding::blank<T>();
    encoding::for_each_field<T>([&](const auto& field) {
      auto& member = field.of(out);
      member = any<std::remove_cvref_t<decltype(member)>>();
    });
    return out;
  }
};
template <class T>
  requires std::is_same_v<T, bool> || std::is_same_v<T, std::int64_t> || std::is_same_v<T, Sha256>
struct Any<T> {
  static T make() { return *rc::gen::arbitrary<T>(); }
};
template <>
struct Any<std::string> {
  static std::string make() {
    std::string out;
    for (const std::string& part :
         *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
             "a", "B", "9", " ", "\"", "\\", "\n", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80", "{}")))
      out += part;
    return out;
  }
};
template <class Rule>
struct Any<Name<Rule>> {
  static Name<Rule> make() {
    return *Name<Rule>::parse(*rc::gen::nonEmpty(rc::gen::resize(
        20, rc::gen::container<std::string>(rc::gen::element('a', 'Z', '0', '-', '_')))));
  }
};
template <>
struct Any<CertificateId> {
  static CertificateId make() { return CertificateId(any<Sha256>()); }
};
template <>
struct Any<Timestamp> {
  static Timestamp make() { return from_milliseconds(any<std::int64_t>()); }
};
template <>
struct Any<Seconds> {
  static Seconds make() { return Seconds(any<std::int64_t>()); }
};
template <>
struct Any<Network> {
  static Network make() {
    return *rc::gen::element(*Network::parse("10.0.0.0/8"), *Network::parse("192.0.2.7"),
                             *Network::parse("2001:db8::/32"));
  }
};
template <>
struct Any<PolicyTarget> {
  static PolicyTarget make() {
    if (any<bool>()) return any<CertificateId>();
    return any<ThingGroupName>();
  }
};
template <>
struct Any<JobTarget> {
  static JobTarget make() {
    if (any<bool>()) return any<ThingName>();
    return any<ThingGroupName>();
  }
};
template <class T>
  requires std::is_enum_v<T>
struct Any<T> {
  static constexpr T last_of(CertificateStatus) { return CertificateStatus::pending_activation; }
  static constexpr T last_of(CertificatePurpose) { return CertificatePurpose::provisioning_claim; }
  static constexpr T last_of(CertificateMode) { return CertificateMode::sni_only; }
  static constexpr T last_of(TemplateType) { return TemplateType::jitp; }
  static constexpr T last_of(TaskStatus) { return TaskStatus::cancelling; }
  static constexpr T last_of(CredentialStatus) { return CredentialStatus::revoked; }
  static constexpr T last_of(JobStatus) { return JobStatus::deletion_in_progress; }
  static constexpr T last_of(JobExecutionStatus) { return JobExecutionStatus::canceled; }
  static constexpr T last_of(TargetSelection) { return TargetSelection::continuous; }
  static constexpr T last_of(JobFailure) { return JobFailure::all; }
  static constexpr T last_of(JobEndBehavior) { return JobEndBehavior::force_cancel; }
  static constexpr T last_of(outcome::FailureCategory) {
    return outcome::FailureCategory::handshake_refused;
  }
  static T make() {
    return static_cast<T>(*rc::gen::inRange(0, static_cast<int>(last_of(T{})) + 1));
  }
};
template <class T>
struct Any<std::optional<T>> {
  static std::optional<T> make() {
    if (any<bool>()) return std::nullopt;
    return any<T>();
  }
};
template <class T>
struct Any<std::vector<T>> {
  static std::vector<T> make() {
    std::vector<T> out;
    for (int left = *rc::gen::inRange(0, 4); left > 0; --left) out.push_back(any<T>());
    return out;
  }
};
template <>
struct Any<Attributes> {
  static Attributes make() {
    Attributes out;
    for (int left = *rc::gen::inRange(0, 4); left > 0; --left)
      out.emplace(any<std::string>(), any<std::string>());
    return out;
  }
};

/// Compares by the lists of fields too, because not every struct has an operator.
template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}
template <encoding::Listed T>
bool same(const T& a, const T& b);
template <encoding::Listed T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a && b ? same(*a, *b) : a.has_value() == b.has_value();
}
template <encoding::Listed T>
bool same(const T& a, const T& b) {
  bool all = true;
  encoding::for_each_field<T>(
      [&](const auto& field) { all = all && same(field.of(a), field.of(b)); });
  return all;
}

template <class T>
using Member = std::remove_cvref_t<T>;

/// Calls `visit` with a type_identity of each kind of record.
template <std::size_t... I>
void for_each_kind(auto visit, std::index_sequence<I...>) {
  (visit(std::type_identity<std::variant_alternative_t<I, Record::variant>>()), ...);
}
void for_each_kind(auto visit) { for_each_kind(visit, std::make_index_sequence<kKinds>()); }

template <class T>
Result<T> read_text(const json::object& stored) {
  return encoding::read_fields<T>(encoding::parse_json(encoding::to_json(stored))->get_object());
}

/// A record read back without the members of these names.
template <class T>
T without(T record, const std::set<std::string>& absent) {
  const T fresh = encoding::blank<T>();
  encoding::for_each_field<T>([&](const auto& field) {
    auto& member = field.of(record);
    using M = Member<decltype(member)>;
    if (!absent.contains(std::string(field.name))) return;
    if constexpr (encoding::LeftOutWhenEmpty<M>) {
      member = M{};
    } else {
      member = field.of(fresh);
    }
  });
  return record;
}

/// The names of the members that a record requires.
template <class T>
std::set<std::string> required_members() {
  std::set<std::string> out;
  const T fresh = encoding::blank<T>();
  encoding::for_each_field<T>([&](const auto& field) {
    if (!std::is_default_constructible_v<Member<decltype(field.of(fresh))>>)
      out.emplace(field.name);
  });
  return out;
}

RC_GTEST_PROP(RecordFields, RoundTrip, ()) {
  for_each_kind([]<class T>(std::type_identity<T>) {
    const T record = any<T>();
    const auto back = read_text<T>(encoding::write_fields(record));
    RC_ASSERT(back.has_value());
    RC_ASSERT(same(*back, record));
  });
}

RC_GTEST_PROP(RecordFields, AreReadBesideMembersOfLaterVersions, ()) {
  for_each_kind([]<class T>(std::type_identity<T>) {
    const T record = any<T>();
    json::object stored{{"a later member", json::object{{"version", "x"}}}};
    for (const auto& member : encoding::write_fields(record)) {
      stored[member.key()] = member.value();
      stored["later " + std::string(member.key())] = json::array{1};
    }
    const auto back = read_text<T>(stored);
    RC_ASSERT(back.has_value());
    RC_ASSERT(same(*back, record));
  });
}

RC_GTEST_PROP(RecordFields, MissingInEarlierVersionsGetDefaults, ()) {
  for_each_kind([]<class T>(std::type_identity<T>) {
    const T record = any<T>();
    json::object stored = encoding::write_fields(record);
    std::set<std::string> absent;
    encoding::for_each_field<T>([&](const auto& field) {
      if (any<bool>() && !required_members<T>().contains(std::string(field.name)))
        absent.emplace(field.name);
    });
    for (const std::string& name : absent) stored.erase(name);
    const auto back = read_text<T>(stored);
    RC_ASSERT(back.has_value());
    RC_ASSERT(same(*back, without(record, absent)));
  });
}

TEST(RecordFields, OfTheNameAreRequired) {
  std::size_t names = 0;
  for_each_kind([&]<class T>(std::type_identity<T>) {
    for (const std::string& name : required_members<T>()) {
      json::object stored = encoding::write_fields(encoding::blank<T>());
      stored.erase(name);
      const auto back = read_text<T>(stored);
      ASSERT_FALSE(back) << name;
      EXPECT_EQ(back.error().message, fmt::format("stored member {}: is missing", name));
      ++names;
    }
  });
  EXPECT_EQ(names, 23U);
}

TEST(RecordFields, HaveDistinctNames) {
  for_each_kind([]<class T>(std::type_identity<T>) {
    std::set<std::string_view> names;
    encoding::for_each_field<T>(
        [&](const auto& field) { EXPECT_TRUE(names.insert(field.name).second) << field.name; });
  });
}

}  // namespace
}  // namespace imprint::registry
