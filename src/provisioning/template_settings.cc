// SPDX-License-Identifier: Apache-2.0
#include "provisioning/template_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/ranges.h>
#include <utility>

#include "manufacturing/entry.h"
#include "templates/template.h"

namespace imprint::provisioning {

namespace {

constexpr std::size_t kMaxValueBytes = 1024;
constexpr std::size_t kMaxNameBytes = 256;
/// The same limits as in imprint.toml.
constexpr Seconds kLeastValidity = std::chrono::minutes(1);
constexpr Seconds kMostValidity = std::chrono::hours(24 * 36500);

using templates::kJitpModes;
using templates::kReprovisions;
using templates::Word;

constexpr auto kKeyAlgorithms = std::to_array<Word<x509::KeyAlgorithm>>(
    {{x509::KeyAlgorithm::rsa_2048, "rsa-2048"}, {x509::KeyAlgorithm::ec_p256, "ec-p256"}});

constexpr auto kEmptySerials = std::to_array<Word<bool>>({{false, "refuse"}, {true, "allow"}});

template <class E, std::size_t N>
Result<E> parse_word(const std::array<Word<E>, N>& words, std::string_view text) {
  std::vector<std::string_view> all;
  for (const Word<E>& word : words) {
    if (word.text == text) return word.value;
    all.push_back(word.text);
  }
  return fail(Fault::invalid, "must be one of {}", fmt::join(all, ", "));
}

template <class E, std::size_t N>
std::string word_of(const std::array<Word<E>, N>& words, E value) {
  const auto it = std::ranges::find(words, value, &Word<E>::value);
  return std::string(it == words.end() ? std::string_view("other") : it->text);
}

/// A setting with a fixed name, for which the deployment may have a default.
struct PlainKey {
  std::string_view name;
  Result<void> (*apply)(Settings&, const std::string&);
  std::string (*show)(const Settings&);
};

Result<void> apply_allowlist(Settings& out, const std::string& value) {
  out.rules.allowlist.clear();
  if (value == kNoList) return {};
  auto name = ListName::parse(value);
  if (!name) {
    return fail(Fault::invalid, "{}; or write {} for no list", name.error().message, kNoList);
  }
  out.rules.allowlist = value;
  return {};
}

Result<void> apply_jitp_hook(Settings& out, const std::string& value) {
  out.jitp_hook.clear();
  if (value == kNoList) return {};
  if (!value.starts_with("arn:") || value.find(' ') != std::string::npos) {
    return fail(Fault::invalid,
                "must be the ARN that a [[hook]] of imprint.toml answers for, or {}", kNoList);
  }
  out.jitp_hook = value;
  return {};
}

Result<void> apply_fleet_limit(Settings& out, const std::string& value) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || number < 0)
    return fail(Fault::invalid, "must be a whole number; 0 is no limit");
  out.fleet_limit = number;
  return {};
}

Result<void> apply_validity(Settings& out, const std::string& value) {
  TRY_ASSIGN(const Seconds parsed, parse_duration(value));
  if (parsed < kLeastValidity || parsed > kMostValidity) {
    return fail(Fault::invalid, "must lie between {} and {}", to_duration(kLeastValidity),
                to_duration(kMostValidity));
  }
  out.certificate_validity = parsed;
  return {};
}

Result<void> check_parameter_name(std::string_view name) {
  const bool prints = std::ranges::all_of(
      name, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
  if (!name.empty() && name.size() <= kMaxNameBytes && prints) return {};
  return fail(Fault::invalid, "{} is not the name of a parameter: 1 to {} bytes without spaces",
              quote(name), kMaxNameBytes);
}

const std::array<PlainKey, 9> kPlainKeys = {{
    {"reprovision",
     [](Settings& out, const std::string& value) -> Result<void> {
       TRY_ASSIGN(out.reprovision, parse_word(kReprovisions, value));
       return {};
     },
     [](const Settings& s) { return word_of(kReprovisions, s.reprovision); }},
    {"allowlist", &apply_allowlist,
     [](const Settings& s) {
       return s.rules.allowlist.empty() ? std::string(kNoList) : s.rules.allowlist;
     }},
    {"fleet-limit", &apply_fleet_limit,
     [](const Settings& s) { return fmt::format("{}", s.fleet_limit); }},
    {"jitp",
     [](Settings& out, const std::string& value) -> Result<void> {
       TRY_ASSIGN(out.jitp, parse_word(kJitpModes, value));
       return {};
     },
     [](const Settings& s) { return word_of(kJitpModes, s.jitp); }},
    {"jitp-hook", &apply_jitp_hook,
     [](const Settings& s) { return s.jitp_hook.empty() ? std::string(kNoList) : s.jitp_hook; }},
    {"certificate-validity", &apply_validity,
     [](const Settings& s) {
       return s.certificate_validity ? to_duration(*s.certificate_validity) : std::string("3650d");
     }},
    {"key-algorithm",
     [](Settings& out, const std::string& value) -> Result<void> {
       TRY_ASSIGN(out.key_algorithm, parse_word(kKeyAlgorithms, value));
       return {};
     },
     [](const Settings& s) { return word_of(kKeyAlgorithms, s.key_algorithm); }},
    {"serial-parameter",
     [](Settings& out, const std::string& value) -> Result<void> {
       TRY(check_parameter_name(value));
       out.rules.serial_parameter = value;
       return {};
     },
     [](const Settings& s) {
       return s.rules.serial_parameter.empty() ? std::string("SerialNumber")
                                               : s.rules.serial_parameter;
     }},
    {"empty-serial",
     [](Settings& out, const std::string& value) -> Result<void> {
       TRY_ASSIGN(out.rules.allows_empty_serial, parse_word(kEmptySerials, value));
       return {};
     },
     [](const Settings& s) { return word_of(kEmptySerials, s.rules.allows_empty_serial); }},
}};

constexpr std::string_view kParameter = "parameter.";
constexpr std::string_view kPattern = ".pattern";
constexpr std::string_view kCheckDigit = ".check-digit";
constexpr std::string_view kOverride = "override.";
constexpr std::string_view kPrefix = ".prefix:";
constexpr std::string_view kColumn = "column:";

Result<void> apply_parameter_rule(Settings& out, std::string_view rest, const std::string& value) {
  if (rest.ends_with(kPattern)) {
    const std::string_view name = rest.substr(0, rest.size() - kPattern.size());
    TRY(check_parameter_name(name));
    TRY(check_pattern(value));
    out.rules.parameters[std::string(name)].pattern = value;
    return {};
  }
  if (rest.ends_with(kCheckDigit)) {
    const std::string_view name = rest.substr(0, rest.size() - kCheckDigit.size());
    TRY(check_parameter_name(name));
    const auto kind = parse_check_digit(value);
    if (!kind) return fail(Fault::invalid, "must be one of luhn, iso7064-mod11-2, mod10-gs1");
    out.rules.parameters[std::string(name)].check_digit = *kind;
    return {};
  }
  return fail(Fault::invalid,
              "there is no such rule; write parameter.NAME.pattern or parameter.NAME.check-digit");
}

Result<OverrideValue> parse_override(const std::string& value) {
  if (!value.starts_with(kColumn)) return OverrideValue{.text = value};
  const std::string column = value.substr(kColumn.size());
  TRY(manufacturing::check_column_name(column));
  return OverrideValue{.text = column, .is_column = true};
}

Result<void> apply_override(Settings& out, std::string_view rest, const std::string& value) {
  const auto at = rest.find(kPrefix);
  const std::string_view name = rest.substr(0, at);
  TRY(check_parameter_name(name));
  if (templates::is_predefined(templates::Use::jitp, name)) {
    return fail(Fault::invalid, "{} is what the certificate says; it cannot be overridden",
                quote(name));
  }
  TRY_ASSIGN(OverrideValue parsed, parse_override(value));
  OverrideRule& rule = out.rules.overrides[std::string(name)];
  if (at == std::string_view::npos) {
    rule.otherwise = std::move(parsed);
    return {};
  }
  const std::string_view prefix = rest.substr(at + kPrefix.size());
  TRY(manufacturing::check_serial(prefix));
  rule.by_prefix[std::string(prefix)] = std::move(parsed);
  return {};
}

std::string known_keys() {
  std::vector<std::string_view> names;
  for (const PlainKey& key : kPlainKeys) names.push_back(key.name);
  return fmt::format(
      "{}, parameter.NAME.pattern, parameter.NAME.check-digit, override.NAME, "
      "override.NAME.prefix:TEXT",
      fmt::join(names, ", "));
}

const PlainKey* plain_key(std::string_view name) {
  const auto it = std::ranges::find(kPlainKeys, name, &PlainKey::name);
  return it == kPlainKeys.end() ? nullptr : &*it;
}

Result<void> apply_one(Settings& out, std::string_view key, const std::string& value) {
  if (const PlainKey* plain = plain_key(key)) return plain->apply(out, value);
  if (key.starts_with(kParameter))
    return apply_parameter_rule(out, key.substr(kParameter.size()), value);
  if (key.starts_with(kOverride)) return apply_override(out, key.substr(kOverride.size()), value);
  return fail(Fault::invalid, "there is no such setting; known are {}", known_keys());
}

Result<void> check_value(const std::string& value) {
  if (value.empty()) return fail(Fault::invalid, "has no value; leave the key out to remove it");
  if (value.size() > kMaxValueBytes)
    return fail(Fault::invalid, "has {} bytes; at most {} are allowed", value.size(),
                kMaxValueBytes);
  const bool prints = std::ranges::none_of(
      value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (prints) return {};
  return fail(Fault::invalid, "holds a control character; remove it");
}

}  // namespace

Result<Settings> settings_of(const Settings& deployment,
                             const registry::TemplateSettings& settings) {
  Settings out = deployment;
  for (const auto& [key, value] : settings) {
    if (const auto done = apply_one(out, key, value); !done) {
      return fail(Fault::internal, "the template's setting {} = {}: {}", quote(key), quote(value),
                  done.error().message);
    }
  }
  return out;
}

Result<void> check_template_settings(const registry::TemplateSettings& settings) {
  if (settings.size() > kMaxTemplateSettings) {
    return fail(Fault::invalid, "{} settings; a template has at most {}", settings.size(),
                kMaxTemplateSettings);
  }
  Settings scratch;
  for (const auto& [key, value] : settings) {
    auto done = check_value(value);
    if (done) done = apply_one(scratch, key, value);
    if (!done) {
      return fail_at(Fault::invalid, key, "{} = {}: {}", quote(key), quote(value),
                     done.error().message);
    }
  }
  return {};
}

registry::Task<Result<Settings>> settings_of_claim(registry::Store& store, Settings deployment,
                                                   std::optional<TemplateName> claim_template) {
  if (!claim_template) co_return deployment;
  CO_TRY_ASSIGN(const std::optional<registry::ProvisioningTemplate> found,
                co_await registry::find(store, registry::template_key(*claim_template)));
  if (!found) co_return deployment;
  co_return settings_of(deployment, found->settings);
}

Result<std::vector<SettingInForce>> settings_in_force(const Settings& deployment,
                                                      const registry::TemplateSettings& settings) {
  TRY_ASSIGN(const Settings resolved, settings_of(deployment, settings));
  std::vector<SettingInForce> out;
  for (const PlainKey& key : kPlainKeys)
    out.push_back({std::string(key.name), key.show(resolved), settings.contains(key.name)});
  for (const auto& [key, value] : settings) {
    if (plain_key(key) == nullptr) out.push_back({key, value, true});
  }
  return out;
}

}  // namespace imprint::provisioning
