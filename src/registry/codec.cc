// SPDX-License-Identifier: Apache-2.0
#include "registry/codec.h"

#include "encoding/text.h"

namespace imprint::registry {

namespace {

namespace json = encoding::json;

/// Writes members; the overloads say how each type of field is kept.
class Writer {
 public:
  template <class T>
  Writer& field(std::string_view name, const T& value) {
    put(name, value);
    return *this;
  }
  json::object take() { return std::move(object_); }

 private:
  void put(std::string_view name, const std::string& v) {
    if (!v.empty()) object_[name] = v;
  }
  void put(std::string_view name, std::int64_t v) { object_[name] = v; }
  void put(std::string_view name, bool v) {
    if (v) object_[name] = true;
  }
  void put(std::string_view name, Timestamp v) { object_[name] = to_milliseconds(v); }
  void put(std::string_view name, const CertificateId& v) { object_[name] = v.hex(); }
  void put(std::string_view name, const Sha256& v) { object_[name] = encoding::to_hex(v); }
  void put(std::string_view name, CertificateStatus v) { object_[name] = to_string(v); }
  void put(std::string_view name, CertificatePurpose v) { object_[name] = static_cast<int>(v); }
  void put(std::string_view name, CertificateMode v) {
    if (v != CertificateMode::default_mode) object_[name] = to_string(v);
  }
  void put(std::string_view name, TemplateType v) { object_[name] = to_string(v); }
  void put(std::string_view name, TaskStatus v) { object_[name] = to_string(v); }
  void put(std::string_view name, const ReportPlace& v) {
    object_[name] = Writer().field("part", v.part).field("bytes", v.bytes).take();
  }
  void put(std::string_view name, const PolicyTarget& v) { object_[name] = to_string(v); }
  template <class Rule>
  void put(std::string_view name, const Name<Rule>& v) {
    object_[name] = v.str();
  }
  void put(std::string_view name, const Attributes& v) {
    json::object map;
    for (const auto& [key, value] : v) map[key] = value;
    if (!map.empty()) object_[name] = std::move(map);
  }
  void put(std::string_view name, const std::vector<std::string>& v) {
    json::array list;
    for (const auto& item : v) list.emplace_back(item);
    if (!list.empty()) object_[name] = std::move(list);
  }
  void put(std::string_view name, const std::vector<CertificateId>& v) {
    json::array list;
    for (const CertificateId& id : v) list.emplace_back(id.hex());
    if (!list.empty()) object_[name] = std::move(list);
  }
  void put(std::string_view name, const Registration& v) {
    object_[name] = Writer()
                        .field("template", v.template_name)
                        .field("digest", v.request_digest)
                        .field("thing", v.thing)
                        .field("configuration", v.device_configuration)
                        .field("at", v.at)
                        .take();
  }
  void put(std::string_view name, const ProvisioningHook& v) {
    object_[name] = Writer()
                        .field("payload_version", v.payload_version)
                        .field("target_arn", v.target_arn)
                        .take();
  }
  void put(std::string_view name, const RegistrationConfig& v) {
    object_[name] = Writer()
                        .field("template_body", v.template_body)
                        .field("role_arn", v.role_arn)
                        .field("template", v.template_name)
                        .take();
  }
  void put(std::string_view name, const std::vector<TemplateName>& v) {
    json::array list;
    for (const TemplateName& item : v) list.emplace_back(item.str());
    if (!list.empty()) object_[name] = std::move(list);
  }
  void put(std::string_view name, const std::vector<Network>& v) {
    json::array list;
    for (const Network& item : v) list.emplace_back(item.text());
    if (!list.empty()) object_[name] = std::move(list);
  }
  void put(std::string_view name, const Rate& v) {
    object_[name] = Writer()
                        .field("most", v.most)
                        .field("per_seconds", static_cast<std::int64_t>(v.per.count()))
                        .take();
  }
  void put(std::string_view name, const SerialRange& v) {
    object_[name] = Writer().field("first", v.first).field("last", v.last).take();
  }
  void put(std::string_view name, const ClaimBudget& v) {
    json::object budget = Writer()
                              .field("templates", v.templates)
                              .field("max_devices", v.max_devices)
                              .field("rate", v.rate)
                              .field("from", v.from)
                              .field("until", v.until)
                              .field("networks", v.networks)
                              .field("serials", v.serials)
                              .field("learning_devices", v.learning_devices)
                              .take();
    if (!budget.empty()) object_[name] = std::move(budget);
  }
  void put(std::string_view name, const Freeze& v) {
    object_[name] = Writer().field("at", v.at).field("because", v.because).field("by", v.by).take();
  }
  template <class T>
  void put(std::string_view name, const std::optional<T>& v) {
    if (v) put(name, *v);
  }

  json::object object_;
};

/// Reads the same members; the first bad one is remembered and the rest read as defaults.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  template <class N>
  N name(std::string_view member) {
    auto parsed = N::parse(text(member));
    if (parsed) return std::move(*parsed);
    refuse(member, parsed.error().message);
    return *N::parse("x");
  }
  template <class N>
  std::optional<N> maybe_name(std::string_view member) {
    if (!object_.contains(member)) return std::nullopt;
    return name<N>(member);
  }
  std::string text(std::string_view member) {
    const json::value* v = object_.if_contains(member);
    if (v == nullptr) return {};
    if (v->is_string()) return std::string(v->get_string());
    refuse(member, "is not text");
    return {};
  }
  std::int64_t number(std::string_view member, std::int64_t absent = 0) {
    const json::value* v = object_.if_contains(member);
    if (v == nullptr) return absent;
    if (v->is_int64()) return v->get_int64();
    if (v->is_uint64()) return static_cast<std::int64_t>(v->get_uint64());
    refuse(member, "is not a whole number");
    return absent;
  }
  std::optional<std::int64_t> maybe_number(std::string_view member) {
    if (!object_.contains(member)) return std::nullopt;
    return number(member);
  }
  bool flag(std::string_view member) {
    const json::value* v = object_.if_contains(member);
    return v != nullptr && v->is_bool() && v->get_bool();
  }
  Timestamp time(std::string_view member) { return from_milliseconds(number(member)); }
  std::optional<Timestamp> maybe_time(std::string_view member) {
    if (!object_.contains(member)) return std::nullopt;
    return time(member);
  }
  CertificateId id(std::string_view member) {
    const auto parsed = CertificateId::parse(text(member));
    if (parsed) return *parsed;
    refuse(member, parsed.error().message);
    return CertificateId(Sha256{});
  }
  std::optional<CertificateId> maybe_id(std::string_view member) {
    if (!object_.contains(member)) return std::nullopt;
    return id(member);
  }
  std::vector<CertificateId> ids(std::string_view member) {
    std::vector<CertificateId> out;
    for (const std::string& text : texts(member)) {
      const auto parsed = CertificateId::parse(text);
      if (!parsed) refuse(member, parsed.error().message);
      if (parsed) out.push_back(*parsed);
    }
    return out;
  }
  std::vector<Network> networks(std::string_view member) {
    std::vector<Network> out;
    for (const std::string& text : texts(member)) {
      const auto parsed = Network::parse(text);
      if (!parsed) refuse(member, parsed.error().message);
      if (parsed) out.push_back(*parsed);
    }
    return out;
  }
  ClaimBudget claim_budget(std::string_view member) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) {
      // As earlier versions kept it.
      ClaimBudget budget;
      if (auto name = maybe_name<TemplateName>("claim_template"))
        budget.templates.push_back(std::move(*name));
      budget.max_devices = maybe_number("claim_limit");
      return budget;
    }
    return inner<ClaimBudget>(member, [](Reader& in) {
      ClaimBudget budget{.max_devices = in.maybe_number("max_devices"),
                         .from = in.maybe_time("from"),
                         .until = in.maybe_time("until"),
                         .networks = in.networks("networks"),
                         .learning_devices = in.maybe_number("learning_devices")};
      for (const std::string& text : in.texts("templates")) {
        auto parsed = TemplateName::parse(text);
        if (!parsed) in.refuse("templates", parsed.error().message);
        if (parsed) budget.templates.push_back(std::move(*parsed));
      }
      if (in.object_.contains("rate")) {
        budget.rate = in.inner<Rate>("rate", [](Reader& rate) {
          return Rate{rate.number("most"), Seconds(rate.number("per_seconds"))};
        });
      }
      if (in.object_.contains("serials")) {
        budget.serials = in.inner<SerialRange>("serials", [](Reader& serials) {
          return SerialRange{serials.text("first"), serials.text("last")};
        });
      }
      return budget;
    });
  }
  std::optional<Freeze> freeze(std::string_view member) {
    if (!object_.contains(member)) return std::nullopt;
    return inner<Freeze>(member, [](Reader& in) {
      return Freeze{in.time("at"), in.text("because"), in.text("by")};
    });
  }
  Sha256 digest(std::string_view member) {
    return object_.contains(member) ? id(member).bytes() : Sha256{};
  }
  std::optional<Sha256> maybe_digest(std::string_view member) {
    if (!object_.contains(member)) return std::nullopt;
    return digest(member);
  }
  TaskStatus task_status(std::string_view member) {
    const auto parsed = parse_task_status(text(member));
    if (!parsed) refuse(member, parsed.error().message);
    return parsed.value_or(TaskStatus::failed);
  }
  ReportPlace report(std::string_view member) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr || !value->is_object()) {
      refuse(member, "is no place in a report");
      return {};
    }
    Reader in(value->get_object());
    const ReportPlace place{in.number("part"), in.number("bytes")};
    if (in.error()) error_ = in.error();
    return place;
  }
  CertificateStatus status(std::string_view member) {
    const auto parsed = parse_certificate_status(text(member));
    if (!parsed) refuse(member, parsed.error().message);
    return parsed.value_or(CertificateStatus::inactive);
  }
  CertificatePurpose purpose(std::string_view member) {
    const std::int64_t v = number(member);
    if (v < 0 || v > static_cast<int>(CertificatePurpose::provisioning_claim))
      refuse(member, "is unknown");
    return static_cast<CertificatePurpose>(v);
  }
  CertificateMode mode(std::string_view member) {
    return text(member) == to_string(CertificateMode::sni_only) ? CertificateMode::sni_only
                                                                : CertificateMode::default_mode;
  }
  PolicyTarget target(std::string_view member) {
    const std::string all = text(member);
    if (all.starts_with("cert/")) {
      if (auto certificate = CertificateId::parse(all.substr(5))) return *certificate;
    } else if (all.starts_with("thinggroup/")) {
      if (auto group = ThingGroupName::parse(all.substr(11))) return *group;
    }
    refuse(member, "is not a policy target");
    return CertificateId(Sha256{});
  }
  Attributes attributes(std::string_view member) {
    Attributes out;
    const json::value* v = object_.if_contains(member);
    if (v == nullptr || !v->is_object()) return out;
    for (const auto& [key, value] : v->get_object()) {
      if (value.is_string()) out.emplace(key, value.get_string());
    }
    return out;
  }
  std::vector<std::string> texts(std::string_view member) {
    std::vector<std::string> out;
    const json::value* v = object_.if_contains(member);
    if (v == nullptr || !v->is_array()) return out;
    for (const auto& item : v->get_array()) {
      if (item.is_string()) out.emplace_back(item.get_string());
    }
    return out;
  }
  std::optional<Registration> registration(std::string_view member) {
    const json::value* v = object_.if_contains(member);
    if (v == nullptr || !v->is_object()) return std::nullopt;
    Reader in(v->get_object());
    Registration out{in.name<TemplateName>("template"), in.digest("digest"),
                     in.maybe_name<ThingName>("thing"), in.text("configuration"), in.time("at")};
    if (in.error_) error_ = in.error_;
    return out;
  }
  std::optional<ProvisioningHook> hook(std::string_view member) {
    const json::value* v = object_.if_contains(member);
    if (v == nullptr || !v->is_object()) return std::nullopt;
    Reader in(v->get_object());
    return ProvisioningHook{in.text("payload_version"), in.text("target_arn")};
  }
  std::optional<RegistrationConfig> registration_config(std::string_view member) {
    const json::value* v = object_.if_contains(member);
    if (v == nullptr || !v->is_object()) return std::nullopt;
    Reader in(v->get_object());
    RegistrationConfig out{in.text("template_body"), in.text("role_arn"),
                           in.maybe_name<TemplateName>("template")};
    if (in.error_) error_ = in.error_;
    return out;
  }

 private:
  /// An object within; what is wrong with it is wrong with this one.
  template <class T>
  T inner(std::string_view member, T (*read)(Reader&)) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr || !value->is_object()) {
      refuse(member, "is no object");
      return {};
    }
    Reader in(value->get_object());
    T out = read(in);
    if (in.error_ && !error_) error_ = in.error_;
    return out;
  }

  void refuse(std::string_view member, std::string_view why) {
    if (!error_) error_ = Error{Fault::internal, fmt::format("stored member {}: {}", member, why)};
  }

  const json::object& object_;
  std::optional<Error> error_;
};

json::object write(const Thing& r) {
  return Writer()
      .field("name", r.name)
      .field("id", r.id)
      .field("type", r.type)
      .field("attributes", r.attributes)
      .field("billing_group", r.billing_group)
      .field("created", r.created)
      .field("version", r.version)
      .field("reprovision_until", r.reprovision_until)
      .field("is_reserved", r.is_reserved)
      .take();
}
Record read(Reader& in, std::type_identity<Thing>) {
  return Thing{in.name<ThingName>("name"),
               in.text("id"),
               in.maybe_name<ThingTypeName>("type"),
               in.attributes("attributes"),
               in.maybe_name<BillingGroupName>("billing_group"),
               in.time("created"),
               in.number("version"),
               in.maybe_time("reprovision_until"),
               in.flag("is_reserved")};
}

json::object write(const ThingType& r) {
  return Writer()
      .field("name", r.name)
      .field("id", r.id)
      .field("description", r.description)
      .field("searchable", r.searchable_attributes)
      .field("deprecated", r.deprecated)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<ThingType>) {
  return ThingType{in.name<ThingTypeName>("name"),
                   in.text("id"),
                   in.text("description"),
                   in.texts("searchable"),
                   in.maybe_time("deprecated"),
                   in.time("created"),
                   in.number("version")};
}

json::object write(const ThingGroup& r) {
  return Writer()
      .field("name", r.name)
      .field("id", r.id)
      .field("parent", r.parent)
      .field("description", r.description)
      .field("attributes", r.attributes)
      .field("created", r.created)
      .field("version", r.version)
      .field("query", r.query)
      .take();
}
Record read(Reader& in, std::type_identity<ThingGroup>) {
  return ThingGroup{in.name<ThingGroupName>("name"),
                    in.text("id"),
                    in.maybe_name<ThingGroupName>("parent"),
                    in.text("description"),
                    in.attributes("attributes"),
                    in.time("created"),
                    in.number("version"),
                    in.text("query")};
}

json::object write(const GroupMembership& r) {
  return Writer()
      .field("thing", r.thing)
      .field("group", r.group)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<GroupMembership>) {
  return GroupMembership{in.name<ThingName>("thing"), in.name<ThingGroupName>("group"),
                         in.time("created"), in.number("version")};
}

json::object write(const Certificate& r) {
  return Writer()
      .field("id", r.id)
      .field("pem", r.pem)
      .field("status", r.status)
      .field("purpose", r.purpose)
      .field("serial", r.serial)
      .field("common_name", r.common_name)
      .field("public_key", r.public_key)
      .field("not_before", r.not_before)
      .field("not_after", r.not_after)
      .field("generation", r.generation_id)
      .field("requested_by", r.requested_by)
      .field("ownership_round", r.ownership_round)
      .field("ownership_expires", r.ownership_expires)
      .field("registration", r.registration)
      .field("claim_budget", r.claim_budget)
      .field("claim_networks", r.claim_networks)
      .field("frozen", r.frozen)
      .field("first_connected", r.first_connected)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .field("ca", r.ca_certificate)
      .field("mode", r.mode)
      .field("replaces", r.replaces)
      .field("replaced_by", r.replaced_by)
      .field("issued_as", r.issued_as)
      .field("deactivated", r.deactivated)
      .field("claim_name", r.claim_name)
      .field("requests", r.requests)
      .take();
}
Record read(Reader& in, std::type_identity<Certificate>) {
  return Certificate{in.id("id"),
                     in.text("pem"),
                     in.status("status"),
                     in.purpose("purpose"),
                     in.text("serial"),
                     in.text("common_name"),
                     in.digest("public_key"),
                     in.time("not_before"),
                     in.time("not_after"),
                     in.text("generation"),
                     in.maybe_id("requested_by"),
                     in.number("ownership_round"),
                     in.maybe_time("ownership_expires"),
                     in.registration("registration"),
                     in.claim_budget("claim_budget"),
                     in.networks("claim_networks"),
                     in.freeze("frozen"),
                     in.maybe_time("first_connected"),
                     in.time("created"),
                     in.time("modified"),
                     in.number("version"),
                     in.maybe_id("ca"),
                     in.mode("mode"),
                     in.ids("replaces"),
                     in.maybe_id("replaced_by"),
                     in.maybe_digest("issued_as"),
                     in.maybe_time("deactivated"),
                     in.text("claim_name"),
                     in.texts("requests")};
}

json::object write(const Tombstone& r) {
  return Writer()
      .field("certificate", r.certificate)
      .field("public_key", r.public_key)
      .field("issued_as", r.issued_as)
      .field("serial", r.serial)
      .field("common_name", r.common_name)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<Tombstone>) {
  return Tombstone{in.id("certificate"), in.digest("public_key"), in.maybe_digest("issued_as"),
                   in.text("serial"),    in.text("common_name"),  in.time("created"),
                   in.number("version")};
}

json::object write(const IssuanceIntent& r) {
  return Writer()
      .field("serial", r.serial)
      .field("public_key", r.public_key)
      .field("requested_by", r.requested_by)
      .field("profile", r.profile)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<IssuanceIntent>) {
  return IssuanceIntent{in.text("serial"),  in.digest("public_key"), in.maybe_id("requested_by"),
                        in.text("profile"), in.time("created"),      in.number("version")};
}

json::object write(const Policy& r) {
  return Writer()
      .field("name", r.name)
      .field("default_version", r.default_version)
      .field("last_version", r.last_version)
      .field("generation", r.generation_id)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<Policy>) {
  return Policy{in.name<PolicyName>("name"), in.number("default_version"),
                in.number("last_version"),   in.text("generation"),
                in.time("created"),          in.time("modified"),
                in.number("version")};
}

json::object write(const PolicyVersion& r) {
  return Writer()
      .field("policy", r.policy)
      .field("number", r.number)
      .field("document", r.document)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<PolicyVersion>) {
  return PolicyVersion{in.name<PolicyName>("policy"), in.number("number"), in.text("document"),
                       in.time("created"), in.number("version")};
}

json::object write(const PolicyAttachment& r) {
  return Writer()
      .field("policy", r.policy)
      .field("target", r.target)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<PolicyAttachment>) {
  return PolicyAttachment{in.name<PolicyName>("policy"), in.target("target"), in.time("created"),
                          in.number("version")};
}

json::object write(const ThingPrincipal& r) {
  return Writer()
      .field("thing", r.thing)
      .field("certificate", r.certificate)
      .field("exclusive", r.exclusive)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<ThingPrincipal>) {
  return ThingPrincipal{in.name<ThingName>("thing"), in.id("certificate"), in.flag("exclusive"),
                        in.time("created"), in.number("version")};
}

json::object write(const ProvisioningTemplate& r) {
  return Writer()
      .field("name", r.name)
      .field("type", r.type)
      .field("description", r.description)
      .field("enabled", r.enabled)
      .field("role_arn", r.role_arn)
      .field("hook", r.hook)
      .field("default_version", r.default_version)
      .field("last_version", r.last_version)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .field("settings", r.settings)
      .take();
}
Record read(Reader& in, std::type_identity<ProvisioningTemplate>) {
  return ProvisioningTemplate{
      in.name<TemplateName>("name"),
      in.text("type") == "JITP" ? TemplateType::jitp : TemplateType::fleet_provisioning,
      in.text("description"),
      in.flag("enabled"),
      in.text("role_arn"),
      in.hook("hook"),
      in.number("default_version"),
      in.number("last_version"),
      in.time("created"),
      in.time("modified"),
      in.number("version"),
      in.attributes("settings")};
}

json::object write(const ProvisioningTemplateVersion& r) {
  return Writer()
      .field("template", r.template_name)
      .field("number", r.number)
      .field("body", r.body)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<ProvisioningTemplateVersion>) {
  return ProvisioningTemplateVersion{in.name<TemplateName>("template"), in.number("number"),
                                     in.text("body"), in.time("created"), in.number("version")};
}

json::object write(const Counter& r) {
  return Writer().field("name", r.name).field("value", r.value).field("version", r.version).take();
}
Record read(Reader& in, std::type_identity<Counter>) {
  return Counter{in.text("name"), in.number("value"), in.number("version")};
}

json::object write(const AuditEvent& r) {
  return Writer()
      .field("sequence", r.sequence)
      .field("time", r.time)
      .field("step", r.step)
      .field("outcome", r.outcome)
      .field("actor", r.actor)
      .field("correlation", r.correlation)
      .field("thing", r.thing)
      .field("certificate", r.certificate)
      .field("client", r.client)
      .field("serial_number", r.serial_number)
      .field("detail", r.detail)
      .field("hash", r.hash)
      .take();
}
Record read(Reader& in, std::type_identity<AuditEvent>) {
  return AuditEvent{in.number("sequence"),    in.time("time"),        in.text("step"),
                    in.text("outcome"),       in.text("actor"),       in.text("correlation"),
                    in.text("thing"),         in.text("certificate"), in.text("client"),
                    in.text("serial_number"), in.text("detail"),      in.maybe_digest("hash")};
}

json::object write(const Credential& r) {
  return Writer()
      .field("id", r.access_key_id)
      .field("name", r.name)
      .field("sealed_secret", r.sealed_secret)
      .field("role", r.role)
      .field("document", r.document)
      .field("revoked", r.revoked)
      .field("created_by", r.created_by)
      .field("created", r.created)
      .field("is_revoked", r.status == CredentialStatus::revoked)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<Credential>) {
  return Credential{in.text("id"),
                    in.text("name"),
                    in.text("sealed_secret"),
                    in.text("role"),
                    in.text("document"),
                    in.flag("is_revoked") ? CredentialStatus::revoked : CredentialStatus::active,
                    in.text("created_by"),
                    in.time("created"),
                    in.maybe_time("revoked"),
                    in.number("version")};
}

json::object write(const RegistrationTask& r) {
  return Writer()
      .field("id", r.id)
      .field("template_body", r.template_body)
      .field("bucket", r.bucket)
      .field("key", r.key)
      .field("role_arn", r.role_arn)
      .field("region", r.region)
      .field("actor", r.actor)
      .field("status", r.status)
      .field("message", r.message)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<RegistrationTask>) {
  return RegistrationTask{in.text("id"),      in.text("template_body"), in.text("bucket"),
                          in.text("key"),     in.text("role_arn"),      in.text("region"),
                          in.text("actor"),   in.task_status("status"), in.text("message"),
                          in.time("created"), in.time("modified"),      in.number("version")};
}

json::object write(const RegistrationProgress& r) {
  return Writer()
      .field("task", r.task)
      .field("input_bytes", r.input_bytes)
      .field("done_bytes", r.done_bytes)
      .field("done_lines", r.done_lines)
      .field("succeeded", r.succeeded)
      .field("failed", r.failed)
      .field("results", r.results)
      .field("errors", r.errors)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<RegistrationProgress>) {
  return RegistrationProgress{in.text("task"),         in.number("input_bytes"),
                              in.number("done_bytes"), in.number("done_lines"),
                              in.number("succeeded"),  in.number("failed"),
                              in.report("results"),    in.report("errors"),
                              in.time("modified"),     in.number("version")};
}

json::object write(const IndexingConfiguration& r) {
  return Writer()
      .field("things", r.things)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<IndexingConfiguration>) {
  return IndexingConfiguration{in.flag("things"), in.time("modified"), in.number("version")};
}

json::object write(const CaCertificate& r) {
  return Writer()
      .field("id", r.id)
      .field("pem", r.pem)
      .field("active", r.is_active)
      .field("auto_registration", r.auto_registration)
      .field("mode", r.mode)
      .field("registration", r.registration)
      .field("subject", r.subject)
      .field("public_key", r.public_key)
      .field("not_before", r.not_before)
      .field("not_after", r.not_after)
      .field("generation", r.generation_id)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<CaCertificate>) {
  return CaCertificate{in.id("id"),           in.text("pem"),
                       in.flag("active"),     in.flag("auto_registration"),
                       in.mode("mode"),       in.registration_config("registration"),
                       in.digest("subject"),  in.digest("public_key"),
                       in.time("not_before"), in.time("not_after"),
                       in.text("generation"), in.time("created"),
                       in.time("modified"),   in.number("version")};
}

json::object write(const ResourceTags& r) {
  return Writer()
      .field("resource", r.resource)
      .field("tags", r.tags)
      .field("created", r.created)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<ResourceTags>) {
  return ResourceTags{in.text("resource"), in.attributes("tags"), in.time("created"),
                      in.number("version")};
}

json::object write(const Setting& r) {
  return Writer()
      .field("name", r.name)
      .field("value", r.value)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<Setting>) {
  return Setting{in.text("name"), in.text("value"), in.time("created"), in.time("modified"),
                 in.number("version")};
}

json::object write(const ManufacturingList& r) {
  return Writer()
      .field("name", r.name)
      .field("description", r.description)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<ManufacturingList>) {
  return ManufacturingList{in.name<ListName>("name"), in.text("description"), in.time("created"),
                           in.time("modified"), in.number("version")};
}

json::object write(const ListEntry& r) {
  return Writer()
      .field("list", r.list)
      .field("serial", r.serial)
      .field("template", r.template_name)
      .field("product_line", r.product_line)
      .field("region", r.region)
      .field("extra", r.extra)
      .field("blocked", r.is_blocked)
      .field("created", r.created)
      .field("modified", r.modified)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<ListEntry>) {
  return ListEntry{
      in.name<ListName>("list"), in.text("serial"),  in.maybe_name<TemplateName>("template"),
      in.text("product_line"),   in.text("region"),  in.attributes("extra"),
      in.flag("blocked"),        in.time("created"), in.time("modified"),
      in.number("version")};
}

json::object write(const AuditTrail& r) {
  return Writer()
      .field("unchained", r.unchained)
      .field("forgotten", r.forgotten.sequence)
      .field("forgotten_hash", r.forgotten.hash)
      .field("head", r.head.sequence)
      .field("head_hash", r.head.hash)
      .field("archived", r.archived)
      .take();
}
Record read(Reader& in, std::type_identity<AuditTrail>) {
  return AuditTrail{in.number("unchained"),
                    {in.number("forgotten"), in.digest("forgotten_hash")},
                    {in.number("head"), in.digest("head_hash")},
                    in.number("archived")};
}

json::object write(const Alarm& r) {
  return Writer()
      .field("id", r.id)
      .field("kind", r.kind)
      .field("subject", r.subject)
      .field("subject_kind", r.subject_kind)
      .field("because", r.because)
      .field("next", r.next)
      .field("commands", r.commands)
      .field("serial_number", r.serial_number)
      .field("client", r.client)
      .field("level", r.level)
      .field("since", r.since)
      .field("seen", r.seen)
      .field("resolved", r.resolved)
      .field("resolved_because", r.resolved_because)
      .field("owed", r.owed)
      .field("version", r.version)
      .take();
}
Record read(Reader& in, std::type_identity<Alarm>) {
  return Alarm{in.text("id"),
               in.text("kind"),
               in.text("subject"),
               in.text("subject_kind"),
               in.text("because"),
               in.text("next"),
               in.texts("commands"),
               in.text("serial_number"),
               in.text("client"),
               in.number("level"),
               in.time("since"),
               in.time("seen"),
               in.maybe_time("resolved"),
               in.text("resolved_because"),
               in.texts("owed"),
               in.number("version")};
}

template <std::size_t I = 0>
Record read_kind(std::size_t kind, Reader& in) {
  if constexpr (I + 1 < kKinds) {
    if (kind != I) return read_kind<I + 1>(kind, in);
  }
  return read(in, std::type_identity<std::variant_alternative_t<I, Record>>());
}

}  // namespace

json::object to_json(const Record& record) {
  return std::visit([](const auto& r) { return write(r); }, record);
}

Result<Record> from_json(Kind kind, const json::value& value) {
  if (!value.is_object())
    return fail(Fault::internal, "a stored {} is not an object", kind_name(kind));
  Reader in(value.get_object());
  Record record = read_kind(static_cast<std::size_t>(kind), in);
  if (in.error()) return tl::unexpected(*in.error());
  return record;
}

}  // namespace imprint::registry
