// SPDX-License-Identifier: Apache-2.0
#include "device_api/topics.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/nearest.h"
#include "outcome/causes.h"

namespace imprint::device_api {

namespace {

struct OperationInfo {
  Operation operation;
  std::string_view name;
  std::string_view method;
  trail::Step step;
};

constexpr std::array<OperationInfo, 3> kOperations = {{
    {Operation::create_keys_and_certificate, "CreateKeysAndCertificate", "keys",
     "create_keys_and_certificate"_step},
    {Operation::create_certificate_from_csr, "CreateCertificateFromCsr", "csr",
     "create_certificate_from_csr"_step},
    {Operation::register_thing, "RegisterThing", "register", "register_thing"_step},
}};

constexpr std::string_view kCertificates = "$aws/certificates/";
constexpr std::string_view kTemplates = "$aws/provisioning-templates/";

/// Parses the levels after the operation: {format}, {format}/accepted or {format}/rejected.
Result<ProvisioningTopic> parse_tail(ProvisioningTopic topic,
                                     const std::vector<std::string_view>& tail) {
  if (tail.empty() || tail.size() > 2) {
    return fail(
        Fault::invalid,
        "the topic should end in /json or /cbor, for answers followed by /accepted or /rejected");
  }
  if (tail[0] != "json" && tail[0] != "cbor") {
    return fail(Fault::invalid,
                "the payload format in the topic is json or cbor in lower case, not {}",
                quote(tail[0]));
  }
  topic.format = tail[0] == "json" ? Format::json : Format::cbor;
  if (tail.size() == 1) return topic;
  if (tail[1] != "accepted" && tail[1] != "rejected") {
    return fail(Fault::invalid, "the topic ends in {}; answers come on /accepted and /rejected",
                quote(tail[1]));
  }
  topic.role =
      tail[1] == "accepted" ? ProvisioningTopic::Role::accepted : ProvisioningTopic::Role::rejected;
  return topic;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

Result<ProvisioningTopic> parse_certificates(std::vector<std::string_view> parts) {
  const std::string_view word = parts.front();
  parts.erase(parts.begin());
  if (word == "create")
    return parse_tail({Operation::create_keys_and_certificate, Format::json}, parts);
  if (word == "create-from-csr")
    return parse_tail({Operation::create_certificate_from_csr, Format::json}, parts);
  return fail(Fault::invalid,
              "$aws/certificates has the operations create and create-from-csr, not {}",
              quote(word));
}

Result<ProvisioningTopic> parse_templates(std::vector<std::string_view> parts) {
  TRY_ASSIGN(TemplateName name, TemplateName::parse(parts.front()));
  if (parts.size() < 2 || parts[1] != "provision") {
    return fail(Fault::invalid,
                "$aws/provisioning-templates/{{name}} has the operation provision, not {}",
                quote(parts.size() < 2 ? std::string_view() : parts[1]));
  }
  parts.erase(parts.begin(), parts.begin() + 2);
  return parse_tail(
      {Operation::register_thing, Format::json, ProvisioningTopic::Role::request, std::move(name)},
      parts);
}

/// A refusal that no policy can lift.
Unexpected refuse_topic(std::string message, Cause cause = "ReservedTopic"_cause,
                        Fault fault = Fault::forbidden) {
  return Unexpected(Error{fault, std::move(message), {}, cause});
}

}  // namespace

std::optional<std::string> suggested_topic(std::string_view topic) {
  constexpr std::size_t kLongest = 160;  // comparing takes time in the product of both lengths
  if (topic.size() > kLongest) return std::nullopt;
  std::string_view end;
  for (const std::string_view answer : {"/accepted", "/rejected"}) {
    if (topic.ends_with(answer)) end = answer;
  }
  const std::string_view request = topic.substr(0, topic.size() - end.size());
  std::vector<std::string> known;
  const auto know = [&](const std::string& operation) {
    for (const std::string_view format : {"json", "cbor"})
      known.push_back(fmt::format("{}/{}", operation, format));
  };
  know(fmt::format("{}create", kCertificates));
  know(fmt::format("{}create-from-csr", kCertificates));
  const auto parts = split(request);
  // With or without a leading $aws/.
  for (std::size_t i = 1; i < parts.size() && i < 3; ++i) {
    if (TemplateName::parse(parts[i])) know(fmt::format("{}{}/provision", kTemplates, parts[i]));
  }
  const auto meant = nearest(request, known);
  if (!meant || *meant == request) return std::nullopt;
  return fmt::format("{}{}", *meant, end);
}

std::string_view to_string(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)].name;
}

std::string_view method_of(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)].method;
}

trail::Step step_of(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)].step;
}

std::string ProvisioningTopic::answer(Role answer_role) const {
  const std::string_view end = format == Format::json ? "json" : "cbor";
  const std::string_view outcome = answer_role == Role::accepted ? "accepted" : "rejected";
  switch (operation) {
    case Operation::create_keys_and_certificate:
      return fmt::format("{}create/{}/{}", kCertificates, end, outcome);
    case Operation::create_certificate_from_csr:
      return fmt::format("{}create-from-csr/{}/{}", kCertificates, end, outcome);
    case Operation::register_thing:
      return fmt::format("{}{}/provision/{}/{}", kTemplates, template_name->str(), end, outcome);
  }
  return {};
}

bool is_event(std::string_view topic) {
  return topic.starts_with("$aws/events/") || topic.starts_with("$imprint/alarms/");
}

bool is_absent_event(std::string_view filter) {
  constexpr std::string_view kEvents = "$aws/events/";
  if (!filter.starts_with(kEvents)) return false;
  const std::string_view first =
      filter.substr(kEvents.size(), filter.find('/', kEvents.size()) - kEvents.size());
  return first != "certificates" && first != "+" && first != "#";
}

bool is_absent_service(std::string_view topic) {
  // AWS IoT Developer Guide, "Reserved topics".
  constexpr std::array<std::string_view, 4> kServices = {"$aws/things/", "$aws/rules/",
                                                         "$aws/commands/", "$aws/device_location/"};
  return std::ranges::any_of(kServices,
                             [&](std::string_view service) { return topic.starts_with(service); });
}

bool is_reserved(std::string_view topic) {
  return topic.starts_with('$') && !topic.starts_with("$share/");
}

std::optional<Result<ProvisioningTopic>> parse_provisioning_topic(std::string_view topic) {
  if (topic.starts_with(kCertificates))
    return parse_certificates(split(topic.substr(kCertificates.size())));
  if (topic.starts_with(kTemplates)) return parse_templates(split(topic.substr(kTemplates.size())));
  return std::nullopt;
}

std::string suggestion_for(std::string_view topic) {
  const auto meant = suggested_topic(topic);
  return meant ? fmt::format("; did you mean {}?", quote(*meant)) : std::string();
}

Result<void> check_publish(std::string_view topic) {
  // [MQTT-4.8.2-1, 5.0] reserves $share for filters; no subscription would match the topic.
  if (topic == "$share" || topic.starts_with("$share/"))
    return refuse_topic(
        fmt::format(
            "{} is the filter of a shared subscription, not a topic; publish to the topic after "
            "the group's name",
            quote(topic)),
        "ReservedTopic"_cause, Fault::invalid);
  if (!is_reserved(topic) || is_absent_service(topic)) return {};
  const auto parsed = parse_provisioning_topic(topic);
  if (!parsed)
    return refuse_topic(fmt::format("topic {} is reserved and is not an operation of this server{}",
                                    quote(topic), suggestion_for(topic)));
  if (!*parsed) return refuse_topic(parsed->error().message + suggestion_for(topic));
  if ((*parsed)->role == ProvisioningTopic::Role::request) return {};
  const std::string_view request = topic.substr(0, topic.rfind('/'));
  return refuse_topic(
      fmt::format("{} is where answers arrive; publish {} requests to {} and subscribe to "
                  "/accepted and /rejected",
                  quote(topic), to_string((*parsed)->operation), quote(request)));
}

Result<void> check_subscribe(std::string_view filter) {
  if (filter.starts_with("$share/")) {
    const auto slash = filter.find('/', std::string_view("$share/").size());
    const std::string_view shared =
        slash == std::string_view::npos ? std::string_view() : filter.substr(slash + 1);
    if (!shared.starts_with('$')) return {};
    return refuse_topic(fmt::format(
        "{} cannot be shared: answers are sent to the requesting client only, and events to every "
        "subscriber; subscribe without $share",
        quote(shared)));
  }
  if (!is_reserved(filter)) return {};
  if (is_absent_service(filter) || is_event(filter)) return {};
  const bool has_wildcard = filter.find_first_of("+#") != std::string_view::npos;
  const auto parsed = parse_provisioning_topic(filter);
  if (has_wildcard && parsed) return {};
  if (!parsed)
    return refuse_topic(
        fmt::format("filter {} is reserved and is not an operation of this server{}", quote(filter),
                    suggestion_for(filter)));
  if (!*parsed) return refuse_topic(parsed->error().message + suggestion_for(filter));
  if ((*parsed)->role != ProvisioningTopic::Role::request) return {};
  return refuse_topic(
      fmt::format("{} is where {} requests are published; subscribe to its /accepted and /rejected",
                  quote(filter), to_string((*parsed)->operation)));
}

}  // namespace imprint::device_api
