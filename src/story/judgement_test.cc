// SPDX-License-Identifier: Apache-2.0
#include "story/judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imprint::story {
namespace {

using registry::AuditEvent;
using registry::Certificate;
using registry::CertificateStatus;
using ::testing::HasSubstr;

const Timestamp kNow = from_milliseconds(1'800'000'000'000);

Certificate certificate(CertificateStatus status) {
  return {.id = CertificateId(Sha256{7}),
          .pem = {},
          .status = status,
          .not_after = kNow + std::chrono::hours(1),
          .requested_by = CertificateId(Sha256{1})};
}

Certificate expired() {
  Certificate out = certificate(CertificateStatus::active);
  out.not_after = kNow - Seconds(1);
  return out;
}

/// As a registered CA introduced it.
Certificate introduced(CertificateStatus status) {
  Certificate out = certificate(status);
  out.requested_by.reset();
  out.ca_certificate = CertificateId(Sha256{2});
  return out;
}

Certificate frozen_claim() {
  Certificate claim = certificate(CertificateStatus::inactive);
  claim.frozen = registry::Freeze{.because = "it was used too often"};
  return claim;
}

AuditEvent event(std::string step, std::string outcome, std::string detail = "{}") {
  return {.step = std::move(step),
          .outcome = std::move(outcome),
          .correlation = "one",
          .certificate = "ab",
          .detail = std::move(detail)};
}
AuditEvent rejected(std::string_view code, bool final = true) {
  return event("register_thing", "rejected",
               fmt::format(R"({{"errorCode":"{}","final":{}}})", code, final));
}
AuditEvent caused_by(std::string_view cause, std::string_view step = "register_thing") {
  return event(
      std::string(step), "rejected",
      fmt::format(R"({{"errorCode":"AccessDenied","cause":"{}","rule":"the rule","final":true}})",
                  cause));
}
AuditEvent hook(std::string outcome, bool shadow = false) {
  return event("hook", std::move(outcome),
               fmt::format(R"({{"hook":"arn:a","shadow":{}}})", shadow));
}
AuditEvent denied(std::string step, std::string detail = "{}") {
  return event(std::move(step), "denied", std::move(detail));
}

const AuditEvent kCreated = event("create_certificate_from_csr", "ok");
const AuditEvent kConnected = event("connect", "ok");
const AuditEvent kClaimed = event("connect", "ok", R"({"claim":true})");
const AuditEvent kLost = event("disconnect", "failed");
const AuditEvent kRegistered = [] {
  AuditEvent out = event("register_thing", "ok");
  out.thing = "t";
  return out;
}();
const AuditEvent kEdited = event("update_thing", "ok");
const AuditEvent kDeactivated = event("update_certificate", "ok");
const AuditEvent kAlarm = event("alarm", "raised");
const AuditEvent kProvisioned = event("just_in_time_provisioning", "ok");

using enum CertificateStatus;
using enum Standing;

struct Row {
  const char* name;
  std::vector<AuditEvent> story;
  std::optional<Certificate> certificate;
  Standing standing;
  std::string part;
};

void expect(const Row& row, std::vector<registry::Alarm> alarms = {}) {
  const Judgement judgement =
      judge(trail::read(row.story),
            {.certificate = row.certificate, .alarms = std::move(alarms), .now = kNow});
  EXPECT_EQ(judgement.standing, row.standing) << row.name << ": " << judgement.next;
  EXPECT_THAT(judgement.next, HasSubstr(row.part)) << row.name;
}

TEST(Standing, IsGoodOnlyWhenTheLastStepWentWellAndTheCertificateIsInUse) {
  const Row rows[] = {
      {"unknown", {}, {}, unknown, "Nothing is on record"},
      {"only an operator's record", {kEdited}, {}, unknown, "has not connected yet"},
      {"registered", {kRegistered}, certificate(active), good, "registered as t"},
      {"all well",
       {kRegistered, kConnected, kLost},
       certificate(active),
       good,
       "Its last step succeeded"},
      {"uses shadows", {event("service", "ok")}, certificate(active), good, "does not have"},
      {"a later success counts",
       {rejected("InvalidCsr"), kRegistered},
       certificate(active),
       good,
       "registered as t"},
      {"edited since", {kConnected, kEdited}, certificate(active), good, "Its last step succeeded"},
      {"refused, and edited by an operator since",
       {rejected("DuplicateDevice"), kEdited},
       certificate(active),
       bad,
       "two units have one serial"},
      {"deactivated",
       {kConnected, kDeactivated},
       certificate(inactive),
       bad,
       "--new-status ACTIVE"},
      {"deactivated, before it came again", {kRegistered}, certificate(inactive), bad, "ACTIVE"},
      {"revoked since", {kConnected}, certificate(revoked), bad, "REVOKED for good"},
      {"deleted since", {kConnected}, {}, bad, "not in the registry any more"},
      {"expired since", {kConnected}, expired(), bad, "has expired"},
      {"only a certificate",
       {kClaimed, kCreated},
       certificate(pending_activation),
       waiting,
       "RegisterThing comes next"},
      {"claim only", {kClaimed}, certificate(active), waiting, "subscribes to the answers"},
      {"too late",
       {event("remove_expired_certificate", "ok")},
       {},
       waiting,
       "before its token expires"},
      {"waits for its activation",
       {event("just_in_time_registration", "ok"), denied("connect")},
       introduced(pending_activation),
       waiting,
       "waits for its activation"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Standing, IsBadWhileAnAlarmAboutItIsRaised) {
  const registry::Alarm duplicate{.id = "1",
                                  .kind = "duplicate-device",
                                  .subject = "t",
                                  .subject_kind = "thing",
                                  .because = "two keys want it",
                                  .next = "Look at both."};
  expect({"an unresolved duplicate",
          {rejected("DuplicateDevice"), kAlarm, kConnected, kEdited},
          certificate(active),
          bad,
          "duplicate-device is raised for it: two keys want it. Look at both."},
         {duplicate});
  expect({"its own refusal goes first", {rejected("InvalidCsr")}, {}, bad, "Make a new key"},
         {duplicate});
}

TEST(Standing, NamesTheRemedyOfTheCause) {
  const Row rows[] = {
      {"frozen",
       {rejected("AccessDenied")},
       frozen_claim(),
       bad,
       "imprint claim thaw DIR " + certificate(inactive).id.hex()},
      {"widen before thawing", {rejected("AccessDenied")}, frozen_claim(), bad, "widen it first"},
      {"frozen at connect", {denied("connect")}, frozen_claim(), bad, "imprint claim create"},
      {"line broke", {event("connect", "failed")}, certificate(active), bad, "connection broke"},
      {"bad parameters",
       {rejected("InvalidParameters")},
       {},
       bad,
       "refused again. Send every parameter"},
      {"a hook's override", {caused_by("HookOverride")}, {}, bad, "parameterOverrides"},
      {"a deprecated type", {caused_by("ThingTypeDeprecated")}, {}, bad, "--undo-deprecate"},
      {"events that are not here",
       {event("service", "ok", R"({"event":true})")},
       certificate(active),
       good,
       "does not send"},
      {"conflict", {rejected("ResourceConflicts")}, {}, bad, "two units have one serial"},
      {"disabled", {rejected("TemplateDisabled")}, {}, bad, "--enabled"},
      {"busy", {rejected("Throttled", false)}, {}, bad, "may succeed later"},
      {"a code of tomorrow", {rejected("Other")}, {}, bad, "refused again"},
      // Each rule of the gatekeeper.
      {"not listed", {caused_by("NotListed")}, {}, bad, "put it on the list"},
      {"blocked", {caused_by("Blocked")}, {}, bad, "state=allowed"},
      {"of another template", {caused_by("ListedForAnotherTemplate")}, {}, bad, "template=NAME"},
      {"no such list", {caused_by("ListMissing")}, {}, bad, "imprint list create"},
      {"no list attached", {caused_by("NoListAttached")}, {}, bad, "allowlist=LIST"},
      {"no value", {caused_by("ListValueMissing")}, {}, bad, "COLUMN=VALUE"},
      {"no serial", {caused_by("SerialMissing")}, {}, bad, "serial-parameter=NAME"},
      {"a rule on a parameter", {caused_by("ParameterRefused")}, {}, bad, "KEY=VALUE"},
      {"the template is full", {caused_by("LimitReached")}, {}, bad, "fleet-limit=N"},
      {"a key that was taken out of service",
       {caused_by("KeyRefused")},
       {},
       bad,
       "imprint revocation lift"},
      {"the claim", {caused_by("ClaimRefused")}, {}, bad, "imprint claim show"},
      {"a rule on record from before causes were",
       {event("register_thing", "rejected", R"({"errorCode":"AccessDenied","rule":"old rule"})")},
       {},
       bad,
       "decided: old rule"},
      // Connections.
      {"unknown certificate", {denied("tls_handshake")}, {}, bad, "not registered here"},
      {"unknown certificate by its cause",
       {denied("tls_handshake", R"({"cause":"unknown-certificate"})")},
       {},
       bad,
       "not registered here"},
      {"no shared cipher",
       {denied("tls_handshake", R"({"cause":"no-shared-cipher","because":"offers only x"})")},
       {},
       bad,
       "did not agree in the TLS handshake"},
      {"deleted", {denied("connect")}, {}, bad, "not in the registry (any more)"},
      {"wrong client id", {denied("connect")}, certificate(active), bad, "another client id"},
      {"another's name",
       {denied("connect", R"({"cause":"ClientIdTaken"})")},
       certificate(active),
       bad,
       "Another device is connected"},
      {"wrong topic", {denied("publish")}, certificate(active), bad, "another topic"},
      {"claim too far",
       {denied("subscribe", R"({"claim":true})")},
       certificate(active),
       bad,
       "nothing else"},
      {"did not subscribe", {event("answer", "lost")}, {}, bad, "before it publishes"},
  };
  for (const Row& row : rows) expect(row);
}

AuditEvent denied_for(std::string_view cause, std::string step = "connect") {
  return denied(std::move(step), fmt::format(R"({{"cause":"{}"}})", cause));
}
AuditEvent cut_for(std::string_view cause) {
  return event("disconnect", "failed", fmt::format(R"({{"cause":"{}"}})", cause));
}

TEST(Standing, NamesTheRemedyForDenialsAndClosedConnections) {
  const auto own = certificate(active);
  const Row rows[] = {
      {"QoS 2", {kConnected, cut_for("QosNotSupported")}, own, bad, "QoS 0 or 1"},
      {"too large", {kConnected, cut_for("PacketTooLarge")}, own, bad, "128 KiB"},
      {"a topic", {kConnected, cut_for("TopicNotValid")}, own, bad, "7 slashes"},
      {"filters", {kConnected, cut_for("QuotaExceeded")}, own, bad, "8 filters"},
      {"no UTF-8", {kConnected, cut_for("MalformedPacket")}, own, bad, "not UTF-8"},
      {"CONNECT twice", {kConnected, cut_for("ProtocolError")}, own, bad, "new connection"},
      {"slow", {kConnected, cut_for("SlowReader")}, own, bad, "does not read"},
      {"cut before, and well since",
       {cut_for("QosNotSupported"), kConnected},
       own,
       good,
       "Its last step succeeded"},
      {"cut again and again, and the journal pauses",
       {kConnected, cut_for("QosNotSupported"), kConnected, event("journal", "paused")},
       own,
       bad,
       "QoS 0 or 1"},
      {"comes often, and the journal pauses",
       {kConnected, event("journal", "paused")},
       own,
       good,
       "Its last step succeeded"},
      {"MQTT 3.1", {denied_for("ProtocolVersion")}, own, bad, "MQTT 3.1.1"},
      {"no MQTT", {denied_for("NotMqtt")}, own, bad, "begin with CONNECT"},
      {"at the REST port", {denied_for("MqttAtRestPort")}, {}, bad, "MQTT port"},
      {"no policy", {denied_for("NoPolicy")}, own, bad, "attach-policy"},
      {"a Deny", {denied_for("PolicyDenies")}, own, bad, "no Allow can override"},
      {"no value", {denied_for("VariableWithoutValue")}, own, bad, "attach-thing-principal"},
      {"a condition", {denied_for("ConditionNotMet")}, own, bad, "does not meet a condition"},
      {"a will", {denied_for("LastWill")}, own, bad, "not its client id"},
      {"reserved", {denied_for("ReservedTopic", "publish")}, own, bad, "must use another"},
      {"retain", {denied_for("Retain", "publish")}, own, bad, "without RETAIN"},
      {"expired", {denied_for("CertificateExpired")}, expired(), bad, "has expired"},
      {"a policy, and expired since", {denied_for("NoPolicy")}, expired(), bad, "expired"},
      {"INACTIVE then", {denied_for("CertificateOutOfUse")}, own, waiting, "is over"},
      {"INACTIVE still", {denied_for("CertificateOutOfUse")}, certificate(inactive), bad, "ACTIVE"},
      {"not yet valid then", {denied_for("CertificateNotYetValid")}, own, waiting, "is over"},
      {"unknown then, registered since",
       {denied("tls_handshake", R"({"cause":"unknown-certificate"})")},
       own,
       waiting,
       "is over"},
      {"its CA", {denied_for("CaNotInUse", "tls_handshake")}, {}, bad, "introduces no"},
      {"SHA-1", {denied_for("SignatureNotAccepted", "tls_handshake")}, {}, bad, "SHA-256"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Standing, AVariableWithoutAValueIsTheThingsOrTheClientIds) {
  AuditEvent attached = denied_for("VariableWithoutValue");
  attached.thing = "device-1";
  expect({"attached", {attached}, certificate(active), bad, "another client id"});
  expect({"by its name", {attached}, certificate(active), bad, "\"device-1\""});
}

TEST(Standing, AFirstConnectionIsAdvisedByItsCertificateNotByParameters) {
  const auto failed = [](std::string_view code, std::string_view why) {
    return event("just_in_time_provisioning", "rejected",
                 fmt::format(R"({{"errorCode":"{}","cause":"{}","final":true}})", code, why));
  };
  const Row rows[] = {
      {"the subject", {failed("InvalidParameters", "")}, {}, bad, "another subject"},
      {"the key",
       {failed("InvalidParameters", "CertificateValidation"), denied("connect")},
       {},
       bad,
       "exponent 65537"},
      {"its hook", {failed("InvalidParameters", "HookOverride")}, {}, bad, "parameterOverrides"},
      {"for good", {failed("InvalidParameters", "")}, {}, bad, "refused in the same way"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Standing, ExplainsLeavingUnregisteredByAnEarlierDenial) {
  const AuditEvent left = event("left_unregistered", "failed", R"({"claim":true})");
  const AuditEvent topic = denied("publish", R"({"claim":true,"cause":"NoStatement"})");
  AuditEvent elsewhere = topic;
  elsewhere.correlation = "another";
  const Row rows[] = {
      {"denied", {kClaimed, kCreated, topic, left, kLost}, certificate(active), bad, "the topic"},
      {"could not hear",
       {kClaimed, kCreated, event("answer", "lost"), left},
       certificate(active),
       bad,
       "wait for SUBACK"},
      {"of its own", {kClaimed, kCreated, left, kLost}, certificate(active), bad, "setBufferSize"},
      {"another's", {elsewhere, kCreated, left}, certificate(active), bad, "setBufferSize"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Standing, AKeyWithATombstoneNeedsALiftedRevocation) {
  for (const AuditEvent& last : {denied("tls_handshake"), denied("connect"), kConnected}) {
    const Judgement judgement = judge({trail::read(last)}, {.was_revoked = true, .now = kNow});
    EXPECT_EQ(judgement.standing, bad);
    EXPECT_THAT(judgement.next, HasSubstr("imprint revocation lift DIR ab")) << last.step;
  }
}

TEST(Standing, NamesTheCauseBehindTheDevicesAnswer) {
  const AuditEvent told = denied("connect");
  const AuditEvent dropped = denied("connect", R"({"cause":"FirstConnectionDropped"})");
  const Row rows[] = {
      {"hook denied",
       {hook("denied"), rejected("AccessDenied"), kLost},
       {},
       bad,
       "denied the device; that is final"},
      {"hook failed",
       {hook("failed"), rejected("AccessDenied")},
       {},
       bad,
       "failed, so the device was not let in"},
      {"hook silent", {hook("timed_out"), rejected("AccessDenied")}, {}, bad, "quick enough"},
      {"hook in shadow",
       {hook("denied", true), rejected("AccessDenied")},
       {},
       bad,
       "imprint claim create"},
      {"hook said yes",
       {hook("ok"), rejected("InvalidParameters")},
       {},
       bad,
       "Send every parameter"},
      {"another hook denied it before",
       {hook("denied"), hook("ok"), rejected("AccessDenied")},
       {},
       bad,
       "imprint claim create"},
      // A registration config is there, and it is not what is missing.
      {"just-in-time, not listed",
       {caused_by("NotListed", "just_in_time_provisioning"), told},
       introduced(pending_activation),
       bad,
       "put it on the list"},
      {"just-in-time, by its hook",
       {hook("denied"), caused_by("HookDenied", "just_in_time_provisioning"), told},
       introduced(pending_activation),
       bad,
       "denied the device; that is final"},
      {"just-in-time, first connection dropped on purpose",
       {kProvisioned, dropped},
       introduced(active),
       good,
       "gets in with its next connection"},
      {"just-in-time, and a client id that its new policy does not allow",
       {kProvisioned, told},
       introduced(active),
       bad,
       "another client id"},
  };
  for (const Row& row : rows) expect(row);
}

}  // namespace
}  // namespace imprint::story
