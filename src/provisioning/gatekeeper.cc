// SPDX-License-Identifier: Apache-2.0
#include "provisioning/gatekeeper.h"

#include "manufacturing/entry.h"
#include "outcome/causes.h"
#include "provisioning/caller.h"

namespace imprint::provisioning {

namespace json = encoding::json;

namespace {

constexpr std::string_view kSerialNumber = "SerialNumber";
constexpr std::string_view kSubjectSerialNumber = "AWS::IoT::Certificate::SerialNumber";
constexpr std::string_view kSubjectCommonName = "AWS::IoT::Certificate::CommonName";

/// Decides about one applicant.
class Gate {
 public:
  Gate(const Rules& rules, const Applicant& applicant, const Listing& listing)
      : rules_(rules),
        applicant_(applicant),
        listing_(listing),
        serial_parameter_(serial_parameter_of(rules, applicant)),
        serial_(value_of(serial_parameter_)) {}

  Result<templates::Parameters> decide() const {
    for (const auto& [name, rule] : rules_.parameters) TRY(check_parameter(name, rule));
    if (!rules_.allowlist.empty()) TRY(check_list());
    templates::Parameters out;
    for (const auto& [name, rule] : rules_.overrides) {
      TRY_ASSIGN(std::optional<std::string> value, overridden(name, rule));
      if (value) out.emplace(name, std::move(*value));
    }
    return out;
  }

 private:
  [[nodiscard]] const std::string* value_of(std::string_view name) const {
    const auto it = applicant_.parameters.find(name);
    return it == applicant_.parameters.end() ? nullptr : &it->second;
  }

  [[nodiscard]] Unexpected refuse(Cause cause, std::string message, std::string rule,
                                  std::string_view parameter) const {
    return Unexpected(
        Error{Fault::forbidden, std::move(message), fmt::format("parameters.{}", parameter), cause,
              fmt::format("template {}, {}", quote(to_string(applicant_.source)), rule)});
  }

  [[nodiscard]] Result<void> check_parameter(const std::string& name,
                                             const ParameterRule& rule) const {
    const std::string setting = fmt::format("setting parameter.{}", name);
    const std::string* value = value_of(name);
    if (value == nullptr) {
      return refuse("ParameterRefused"_cause, fmt::format("{} is missing", name),
                    setting + " asks for a parameter that is missing", name);
    }
    if (!rule.pattern.empty() && !matches_whole(rule.pattern, *value)) {
      return refuse("ParameterRefused"_cause,
                    fmt::format("{} {} does not have the form that this template asks for", name,
                                quote(*value)),
                    fmt::format("{}.pattern = {}", setting, rule.pattern), name);
    }
    if (rule.check_digit && !has_check_digit(*rule.check_digit, *value)) {
      return refuse("ParameterRefused"_cause,
                    fmt::format("{} {} has a wrong check digit", name, quote(*value)),
                    fmt::format("{}.check-digit = {}", setting, to_string(*rule.check_digit)),
                    name);
    }
    return {};
  }

  /// The same sentence for every reason: a device must not find out what is on the lists.
  [[nodiscard]] Unexpected refuse_unit(Cause cause, std::string why) const {
    return refuse(
        cause,
        fmt::format("{} {} may not register through this template; its operator can see the rule",
                    serial_parameter_, serial_ == nullptr ? "(missing)" : quote(*serial_)),
        std::move(why), serial_parameter_);
  }

  [[nodiscard]] Result<void> check_list() const {
    const std::string& list = rules_.allowlist;
    if (!listing_.exists) {
      return refuse_unit("ListMissing"_cause,
                         fmt::format("setting allowlist = {}: there is no such manufacturing list; "
                                     "make it with imprint list create DIR {}",
                                     list, list));
    }
    if (serial_ == nullptr) {
      return refuse_unit(
          "SerialMissing"_cause,
          fmt::format(
              "setting allowlist = {}: the device sends no {}, which holds the serial (setting "
              "serial-parameter)",
              list, serial_parameter_));
    }
    if (!listing_.entry)
      return refuse_unit("NotListed"_cause,
                         fmt::format("setting allowlist: manufacturing list {} has no serial {}",
                                     list, quote(*serial_)));
    const registry::ListEntry& entry = *listing_.entry;
    if (entry.is_blocked) {
      return refuse_unit("Blocked"_cause,
                         fmt::format("setting allowlist: manufacturing list {} has serial {} as "
                                     "blocked",
                                     list, quote(*serial_)));
    }
    if (entry.template_name && TemplateSource(*entry.template_name) != applicant_.source) {
      return refuse_unit("ListedForAnotherTemplate"_cause,
                         fmt::format("setting allowlist: manufacturing list {} has serial {} for "
                                     "template {} only",
                                     list, quote(*serial_), quote(entry.template_name->str())));
    }
    return {};
  }

  /// The longest prefix wins; in an ordered map, that is the last one that matches.
  [[nodiscard]] const OverrideValue* applying(const OverrideRule& rule) const {
    const OverrideValue* found = rule.otherwise ? &*rule.otherwise : nullptr;
    if (serial_ == nullptr) return found;
    for (const auto& [prefix, value] : rule.by_prefix) {
      if (serial_->starts_with(prefix)) found = &value;
    }
    return found;
  }

  [[nodiscard]] Result<std::optional<std::string>> overridden(const std::string& name,
                                                              const OverrideRule& rule) const {
    const OverrideValue* value = applying(rule);
    if (value == nullptr) return std::optional<std::string>();
    if (!value->is_column) return std::optional(value->text);
    if (listing_.entry) {
      const manufacturing::Columns columns = manufacturing::columns_of(*listing_.entry);
      if (const auto it = columns.find(value->text); it != columns.end())
        return std::optional(it->second);
    }
    // A device must not choose a value that the list is to give.
    return refuse_unit(
        rules_.allowlist.empty() ? "NoListAttached"_cause : "ListValueMissing"_cause,
        fmt::format("setting override.{} = column:{}: {}", name, value->text,
                    rules_.allowlist.empty()
                        ? std::string("no list is attached (setting allowlist)")
                        : fmt::format("manufacturing list {} has no {} for this serial",
                                      rules_.allowlist, value->text)));
  }

  const Rules& rules_;
  const Applicant& applicant_;
  const Listing& listing_;
  const std::string serial_parameter_;
  const std::string* const serial_;
};

registry::Task<Result<Listing>> look_up(registry::Store& store, Rules rules, std::string serial) {
  const auto list = ListName::parse(rules.allowlist);
  if (!list) co_return Listing{};
  const auto key = registry::manufacturing_list_key(*list);
  if (!manufacturing::check_serial(serial)) {  // no entry can have it
    CO_TRY_ASSIGN(const auto found, co_await registry::find(store, key));
    co_return Listing{.exists = found.has_value()};
  }
  CO_TRY_ASSIGN(auto found,
                co_await registry::find(store, key, registry::list_entry_key(*list, serial)));
  auto& [known, entry] = found;
  if (!known) co_return Listing{};
  co_return Listing{.exists = true, .entry = std::move(entry)};
}

}  // namespace

std::string serial_parameter_of(const Rules& rules, const Applicant& applicant) {
  if (!rules.serial_parameter.empty()) return rules.serial_parameter;
  if (applicant.use != templates::Use::jitp) return std::string(kSerialNumber);
  return std::string(applicant.parameters.contains(kSubjectSerialNumber) ? kSubjectSerialNumber
                                                                         : kSubjectCommonName);
}

Result<templates::Parameters> admit(const Rules& rules, const Applicant& applicant,
                                    const Listing& listing) {
  return Gate(rules, applicant, listing).decide();
}

registry::Task<Result<Admission>> ask_gatekeeper(registry::Store& store, Rules rules,
                                                 Applicant applicant,
                                                 const templates::Template& of) {
  const templates::Template declared = of;  // the caller's may not outlive the look-up
  Listing listing;
  if (!rules.allowlist.empty()) {
    const auto serial = applicant.parameters.find(serial_parameter_of(rules, applicant));
    CO_TRY_ASSIGN(listing, co_await look_up(store, rules,
                                            serial == applicant.parameters.end() ? std::string()
                                                                                 : serial->second));
  }
  CO_TRY_ASSIGN(const templates::Parameters wanted, admit(rules, applicant, listing));
  Admission out;
  if (listing.entry) {
    out.preconditions.push_back(registry::as_read(*listing.entry));
    out.registered.list = rules.allowlist;
  }
  for (const auto& [name, value] : wanted) {
    if (declared.parameters().contains(name)) {
      out.overrides.emplace(name, value);
      out.registered.overridden.emplace(name, value);
    } else {
      out.registered.overrides_not_declared.push_back(name);
    }
  }
  co_return out;
}

Result<void> check_serials(const Rules& rules, const Applicant& applicant,
                           const templates::Template& of, const templates::Parameters& parameters,
                           const templates::Predefined& predefined) {
  if (rules.allows_empty_serial) return {};
  const std::vector<std::string> of_name = of.parameters_of_thing_name();
  std::vector<std::string> needed = {serial_parameter_of(rules, applicant)};
  needed.insert(needed.end(), of_name.begin(), of_name.end());
  for (const std::string& name : needed) {
    const auto declared = of.parameters().find(name);
    const bool has_default = declared != of.parameters().end() && declared->second;
    // A parameter that may be left out may be empty, except the serial.
    if (has_default && name != needed.front()) continue;
    const bool is_predefined = templates::is_predefined(of.use(), name);
    if (declared == of.parameters().end() && !is_predefined) continue;  // it has no effect
    const templates::Parameters& from = is_predefined ? predefined.values : parameters;
    const auto given = from.find(name);
    if (given == from.end() ? !has_default || !declared->second->empty() : !given->second.empty())
      continue;
    return Unexpected(Error{
        Fault::invalid,
        fmt::format("{} is empty; each device needs one of its own, or all of them would be the "
                    "same thing",
                    name),
        fmt::format("parameters.{}", name), "InvalidParameters"_cause,
        fmt::format("template {}, setting empty-serial = refuse: the device sends an empty {}",
                    quote(to_string(applicant.source)), name)});
  }
  return {};
}

templates::Parameters with_overrides(templates::Parameters parameters,
                                     const templates::Parameters& overrides) {
  for (const auto& [name, value] : overrides) parameters.insert_or_assign(name, value);
  return parameters;
}

}  // namespace imprint::provisioning
