// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "control_api/certificate_records.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/registration_code.h"
#include "control_api/registration_config.h"
#include "control_api/tags.h"
#include "issuance/key_rules.h"
#include "provisioning/issue.h"
#include "provisioning/plan.h"
#include "registry/tags.h"
#include "x509/digest.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct CaNeeds {
  registry::Store& store;
  provisioning::IssueCertificate& issue;
  Random& random;
};

using registry::CaCertificate;
using registry::CertificateMode;
using registry::RegistrationConfig;
using registry::Setting;

/// AWS IoT quota.
constexpr std::size_t kMaxOfSameSubject = 10;

std::string ca_certificate_arn(const Call& call, const CertificateId& id) {
  return call.arn("cacert/" + id.hex());
}

std::string_view status_of(const CaCertificate& ca) { return ca.is_active ? "ACTIVE" : "INACTIVE"; }

std::string_view auto_registration_of(const CaCertificate& ca) {
  return ca.auto_registration ? "ENABLE" : "DISABLE";
}

/// The CA certificate that the path names.
runtime::Task<Result<CaCertificate>> get_ca_certificate(Call call, CaNeeds needs) {
  CO_TRY_ASSIGN(const CertificateId id, read_certificate_id(call, "certificateId"));
  co_return co_await find_or_refuse(
      needs.store, registry::ca_certificate_key(id),
      fmt::format("The CA certificate given in the request does not exist. Id: {}", id.hex()));
}

registry::AuditEvent ca_event(const Call& call, const CaCertificate& ca) {
  registry::AuditEvent event =
      call.event({{"status", status_of(ca)}, {"auto_registration", auto_registration_of(ca)}});
  event.certificate = ca.id.hex();
  return event;
}

Unexpected refuse_certificate(std::string_view member, std::string message) {
  return refuse(Exception::certificate_validation, std::move(message), std::string(member));
}

Result<void> check_dates(std::string_view member, const x509::Certificate& certificate,
                         Timestamp now) {
  if (now < certificate.not_before())
    return refuse_certificate(member, "the certificate is not valid yet");
  if (now > certificate.not_after())
    return refuse_certificate(member, "the certificate has expired");
  return {};
}

Result<void> check_ca(const x509::Certificate& ca, Timestamp now) {
  constexpr std::string_view kMember = "caCertificate";
  if (!ca.is_ca()) {
    return refuse_certificate(kMember,
                              "the certificate is not a CA's: its basic constraints must say "
                              "CA:TRUE and its key usage, if it has one, keyCertSign");
  }
  if (const auto checked = issuance::check_device_key(ca.public_key()); !checked)
    return refuse_certificate(kMember, checked.error().message);
  return check_dates(kMember, ca, now);
}

/// In DEFAULT mode the caller proves possession of the CA's key with a certificate that the CA has
/// signed and whose common name is the registration code of this account.
Result<void> check_possession(const Call& call, const x509::Certificate& ca,
                              const std::optional<Setting>& code) {
  constexpr std::string_view kMember = "verificationCertificate";
  TRY_ASSIGN(const x509::Certificate proof, read_certificate(call, kMember));
  if (const auto is_signed = proof.verify_signed_by(ca); !is_signed) {
    return refuse_certificate(
        kMember, fmt::format("the CA certificate did not sign it: {}", is_signed.error().message));
  }
  TRY(check_dates(kMember, proof, call.now()));
  if (code && proof.subject().common_name() == code->value) return {};
  return refuse(Exception::registration_code_validation,
                fmt::format("its common name is {}, which is not the registration code that "
                            "GetRegistrationCode answers",
                            quote(proof.subject().common_name())),
                std::string(kMember));
}

Result<CertificateMode> read_mode(const Call& call) {
  const bool has_proof = !call.in.text("verificationCertificate").empty();
  const bool is_sni_only =
      call.in.text("certificateMode") == registry::to_string(CertificateMode::sni_only);
  if (is_sni_only && has_proof) {
    return refuse(Exception::invalid_request,
                  "a CA certificate in mode SNI_ONLY has no verification certificate; leave it out",
                  "verificationCertificate");
  }
  if (is_sni_only) return CertificateMode::sni_only;
  if (has_proof) return CertificateMode::default_mode;
  return refuse_value("verificationCertificate", "null",
                      "Member must not be null in mode DEFAULT; without one, register the CA in "
                      "mode SNI_ONLY");
}

/// One CA certificate for each subject and key, and at most kMaxOfSameSubject for each subject.
runtime::Task<Result<void>> check_room(Call call, CaNeeds needs, CaCertificate wanted) {
  CO_TRY_ASSIGN(const std::vector<CaCertificate> same,
                co_await registry::list_all<CaCertificate>(
                    needs.store, registry::query::CaCertificatesBySubject{wanted.subject}));
  for (const CaCertificate& other : same) {
    if (other.public_key != wanted.public_key) continue;
    co_return refuse(Exception::already_exists,
                     other.id == wanted.id
                         ? "The CA certificate is already registered"
                         : "A CA certificate of the same subject and key is already registered",
                     ca_certificate_arn(call, other.id));
  }
  if (same.size() < kMaxOfSameSubject) co_return Result<void>();
  co_return refuse(Exception::limit_exceeded,
                   fmt::format("{} CA certificates of this subject are registered, the maximum; "
                               "delete one first",
                               same.size()));
}

CaCertificate new_record(const Call& call, CaNeeds needs, const x509::Certificate& ca,
                         CertificateMode mode, std::optional<RegistrationConfig> config) {
  const Timestamp now = call.now();
  return {.id = ca.id(),
          .pem = ca.pem(),
          .is_active = call.in.flag("setAsActive"),
          .auto_registration = call.in.flag("allowAutoRegistration"),
          .mode = mode,
          .registration = std::move(config),
          .subject = x509::sha256(ca.subject().der()),
          .public_key = ca.public_key().sha256(),
          .not_before = ca.not_before(),
          .not_after = ca.not_after(),
          .generation_id = make_uuid(needs.random),
          .created = now,
          .modified = now};
}

void require_template(registry::ChangeSet& changes, const CaCertificate& ca) {
  if (ca.registration && ca.registration->template_name)
    changes.add(registry::exists(registry::template_key(*ca.registration->template_name)));
}

/// The deployment's own CAs cannot be registered: their certificates are in the registry from the
/// moment they are issued, and a deleted one must not be registered again by connecting.
Result<void> check_foreign(const provisioning::IssueCertificate& issue,
                           const x509::Certificate& certificate) {
  const x509::Certificate& own = issue.profile()->issuing_ca();
  if (certificate.subject() != own.subject() && certificate.subject() != own.issuer()) return {};
  return refuse(Exception::certificate_validation,
                "this is a CA of this deployment itself; register CAs of your own only");
}

Answer register_ca_certificate(Call call, CaNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const Tags tags, read_tags(call));
  CO_TRY_ASSIGN(const CertificateMode mode, read_mode(call));
  CO_TRY_ASSIGN(const x509::Certificate certificate, read_certificate(call, "caCertificate"));
  CO_TRY(check_ca(certificate, call.now()));
  CO_TRY(check_foreign(needs.issue, certificate));
  std::optional<Setting> code;
  if (mode == CertificateMode::default_mode) {
    CO_TRY_ASSIGN(code, co_await find_registration_code(store));
    CO_TRY(check_possession(call, certificate, code));
  }
  CO_TRY_ASSIGN(std::optional<RegistrationConfig> config,
                co_await read_registration_config(call, needs.store));
  const CaCertificate ca = new_record(call, needs, certificate, mode, std::move(config));
  CO_TRY(co_await check_room(call, needs, ca));
  registry::ChangeSet changes = change_set(ca_event(call, ca));
  changes.add(registry::create(ca));
  put_tags(changes, registry::key_of(ca), tags, ca.created);
  require_template(changes, ca);
  if (code) changes.add(registry::as_read(*code));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object{{"certificateArn", ca_certificate_arn(call, ca.id)},
                         {"certificateId", ca.id.hex()}};
}

json::object write_ca_certificate(const Call& call, const CaCertificate& ca) {
  return {{"certificateArn", ca_certificate_arn(call, ca.id)},
          {"certificateId", ca.id.hex()},
          {"status", status_of(ca)},
          {"creationDate", epoch_seconds(ca.created)}};
}

Answer describe_ca_certificate(Call call, CaNeeds needs) {
  CO_TRY_ASSIGN(const CaCertificate ca, co_await get_ca_certificate(call, needs));
  json::object description = write_ca_certificate(call, ca);
  description["certificatePem"] = ca.pem;
  description["ownedBy"] = call.account;
  description["autoRegistrationStatus"] = auto_registration_of(ca);
  description["lastModifiedDate"] = epoch_seconds(ca.modified);
  description["customerVersion"] = ca.version;
  description["generationId"] = ca.generation_id;
  description["validity"] = write_validity(ca.not_before, ca.not_after);
  description["certificateMode"] = registry::to_string(ca.mode);
  json::object answer{{"certificateDescription", std::move(description)}};
  if (ca.registration) answer["registrationConfig"] = write_registration_config(*ca.registration);
  co_return answer;
}

Answer list_ca_certificates(Call call, CaNeeds needs) {
  const registry::query::CaCertificates query{
      .ascending = call.in.flag("ascendingOrder"),
      .template_name = call.in.optional_name<TemplateName>("templateName")};
  return list_page<CaCertificate>(std::move(call), needs.store, query, kMarkerStyle, "certificates",
                                  write_ca_certificate);
}

/// A CA that has expired cannot vouch for devices any more.
Result<void> check_activation(const Call& call, const CaCertificate& ca) {
  if (call.now() <= ca.not_after) return {};
  return refuse(Exception::invalid_request,
                fmt::format("CA certificate {} has expired and cannot be made ACTIVE", ca.id.hex()),
                "newStatus");
}

Answer update_ca_certificate(Call call, CaNeeds needs) {
  const bool removes_config = call.in.flag("removeAutoRegistration");
  CO_TRY_ASSIGN(std::optional<RegistrationConfig> config,
                co_await read_registration_config(call, needs.store));
  if (removes_config && config) {
    co_return refuse(Exception::invalid_request,
                     "registrationConfig and removeAutoRegistration contradict each other; give "
                     "one");
  }
  CO_TRY_ASSIGN(CaCertificate ca, co_await get_ca_certificate(call, needs));
  if (call.in.has("newStatus")) ca.is_active = call.in.text("newStatus") == "ACTIVE";
  if (call.in.text("newStatus") == "ACTIVE") CO_TRY(check_activation(call, ca));
  if (call.in.has("newAutoRegistrationStatus"))
    ca.auto_registration = call.in.text("newAutoRegistrationStatus") == "ENABLE";
  if (removes_config) ca.registration.reset();
  if (config) ca.registration = std::move(config);
  registry::ChangeSet changes = change_set(ca_event(call, ca));
  changes.add(registry::update(ca, call.now()));
  require_template(changes, ca);
  CO_TRY(co_await commit(needs.store, std::move(changes)));
  co_return json::object();
}

/// The certificates that were registered under the CA stay.
Answer delete_ca_certificate(Call call, CaNeeds needs) {
  CO_TRY_ASSIGN(const CaCertificate ca, co_await get_ca_certificate(call, needs));
  if (ca.is_active) {
    co_return refuse(
        Exception::certificate_state,
        fmt::format("CA certificate must be deactivated (not ACTIVE) before deletion. Id: {}",
                    ca.id.hex()));
  }
  registry::ChangeSet changes = change_set(ca_event(call, ca));
  const registry::Key key = registry::key_of(ca);
  changes.add(registry::erase(ca));
  changes.add(registry::Erase{
      registry::counter_key(provisioning::things_counter(provisioning::TemplateOfCa{ca.id}))});
  erase_tags(changes, key);
  CO_TRY(co_await commit(needs.store, std::move(changes)));
  co_return json::object();
}

using enum Exception;

constexpr std::string_view kModes[] = {"DEFAULT", "SNI_ONLY"};
constexpr std::string_view kStatuses[] = {"ACTIVE", "INACTIVE"};
constexpr std::string_view kAutoRegistration[] = {"ENABLE", "DISABLE"};
constexpr InputInfo kRegister[] = {members::certificate_pem("caCertificate", true),
                                   members::certificate_pem("verificationCertificate", false),
                                   members::flag("setAsActive", Location::query),
                                   members::flag("allowAutoRegistration", Location::query),
                                   members::object("registrationConfig"),
                                   members::kTags,
                                   {.name = "certificateMode", .values = kModes}};
constexpr InputInfo kOne[] = {members::certificate_id_of_ca()};
constexpr InputInfo kUpdate[] = {
    members::certificate_id_of_ca(),
    {.name = "newStatus", .in = Location::query, .values = kStatuses},
    {.name = "newAutoRegistrationStatus", .in = Location::query, .values = kAutoRegistration},
    members::object("registrationConfig"),
    members::flag("removeAutoRegistration", Location::body)};
constexpr InputInfo kList[] = {members::kPageSize, members::kMarker, members::kAscendingOrder,
                               members::name_input<name_rules::Template>(
                                   "templateName", "^[0-9A-Za-z_-]+$", Location::query, false)};
constexpr ExceptionSet kErrors{invalid_request,     throttling,       unauthorized,
                               service_unavailable, internal_failure, not_found};
constexpr std::string_view kPath = "/cacertificate/{caCertificateId}";
constexpr std::string_view kResource = "cacert/{certificateId}";

constexpr rest::Row<CaNeeds> kOperations[] = {
    {"RegisterCACertificate",
     "POST",
     "/cacertificate",
     kRegister,
     {not_found, already_exists, registration_code_validation, invalid_request,
      certificate_validation, throttling, limit_exceeded, unauthorized, service_unavailable,
      internal_failure},
     register_ca_certificate},
    {"DescribeCACertificate", "GET", kPath, kOne, kErrors, describe_ca_certificate, kResource},
    {"UpdateCACertificate", "PUT", kPath, kUpdate, kErrors, update_ca_certificate, kResource},
    {"DeleteCACertificate",
     "DELETE",
     kPath,
     kOne,
     {invalid_request, certificate_state, throttling, unauthorized, service_unavailable,
      internal_failure, not_found},
     delete_ca_certificate,
     kResource},
    {"ListCACertificates",
     "GET",
     "/cacertificates",
     kList,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_ca_certificates},
};

}  // namespace

Operations ca_certificate_operations(registry::Store& store, provisioning::IssueCertificate& issue,
                                     Random& random) {
  return rest::bind(kOperations, CaNeeds{store, issue, random});
}

}  // namespace imprint::control_api
