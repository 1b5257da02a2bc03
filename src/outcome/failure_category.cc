// SPDX-License-Identifier: Apache-2.0
#include "outcome/failure_category.h"

#include <algorithm>

namespace imprint::outcome {

namespace {

using enum FailureCategory;

constexpr std::array<FailureCategoryInfo, kFailureCategories> kCategories = {{
    {invalid_request, "invalid-request", "The request is not well-formed",
     "The firmware sends a payload that the server cannot read; the message in the device's "
     "timeline says where"},
    {invalid_csr, "invalid-csr", "The certificate signing request is not usable",
     "Make the key as P-256 or RSA from 2048 bits, sign the request with it, and send it as PEM"},
    {invalid_parameters, "invalid-parameters", "Parameters are missing or invalid",
     "Compare what the device sends with the template's Parameters; imprint template try shows "
     "what a set of them comes to"},
    {invalid_token, "invalid-token", "The ownership token is unknown, used or expired",
     "The device waited too long or mixed up two attempts; it starts over with a create request"},
    {invalid_certificate, "invalid-certificate", "The device's own certificate is not acceptable",
     "Look at its CA's state, its validity and its key; imprint template lint --certificate says "
     "what is wrong"},
    {not_admitted, "not-admitted", "The template's rules refuse the device",
     "The timeline names the rule: the serial is not on the list, blocked, or of another form; "
     "correct the list or the rule, and the device's next attempt succeeds"},
    {claim_refused, "claim-refused", "The claim certificate may not be used for this",
     "Look at the claim's budget: devices, serials, networks, time. Thaw it or make a new one"},
    {hook_denied, "hook-denied", "The pre-provisioning hook denied the device",
     "Ask whoever keeps the hook's database; the timeline has the hook's own words"},
    {hook_failed, "hook-failed", "The pre-provisioning hook failed",
     "The hook cannot be reached or its answer is invalid: see the page Hooks and the hook's log"},
    {hook_timed_out, "hook-timed-out", "The pre-provisioning hook did not answer in time",
     "The hook is slow or down: see the page Hooks; raise its timeout or its capacity"},
    {template_unavailable, "template-unavailable", "The template does not exist or is disabled",
     "Compare the name in the firmware with the list of templates; enable it if it should be used"},
    {template_failed, "template-failed", "The template cannot be applied",
     "It names a type, group or policy that does not exist, or lacks a resource; imprint template "
     "lint says which"},
    {duplicate_device, "duplicate-device", "The thing belongs to another key already",
     "Two units carry one serial number, or a device lost its key: find out which, then imprint "
     "reprovision allow lets it register again"},
    {conflict, "conflict", "The registry's present state does not allow it",
     "The timeline names the obstacle; the template's OverrideSettings or an operator decide"},
    {limit_reached, "limit-reached", "A limit of the template is reached",
     "Raise fleet-limit if more devices are expected; otherwise find out who registers them"},
    {throttled, "throttled", "Too many requests at once",
     "Devices try again by themselves; raise the claim's rate if the line must be faster"},
    {unavailable, "unavailable", "The server was temporarily unable to do it",
     "Devices try again by themselves; look at the server's log, the store and the disk"},
    {internal, "internal", "The server failed internally",
     "The server's log has the reason; report it with the lines around it"},
    {topic_refused, "topic-refused", "A unit with a claim used a topic that it may not use",
     "Compare the topics in the firmware, and the template's name in them, with the templates; the "
     "timeline suggests what was meant"},
    {protocol_fault, "protocol-fault", "A unit with a claim breaks a rule or a limit of MQTT",
     "The timeline names the rule; correct the firmware or the settings of its MQTT client"},
    {left_unregistered, "left-unregistered", "A unit got its certificate and never registered",
     "See its timeline: usually its buffer is too small for the answer, or its power failed"},
    {handshake_refused, "handshake-refused", "The TLS handshake failed",
     "The timeline names the cause: the root CA that the device trusts, its certificate, or an old "
     "TLS version"},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kCategories.size(); ++i) {
    if (static_cast<std::size_t>(kCategories[i].category) != i) return false;
  }
  return true;
}
static_assert(is_in_order());

}  // namespace

std::span<const FailureCategoryInfo, kFailureCategories> failure_categories() {
  return kCategories;
}

std::optional<FailureCategory> find_category(std::string_view name) {
  const auto* found = std::ranges::find(kCategories, name, &FailureCategoryInfo::name);
  if (found == kCategories.end()) return std::nullopt;
  return found->category;
}

}  // namespace imprint::outcome
