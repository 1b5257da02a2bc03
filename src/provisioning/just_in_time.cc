// SPDX-License-Identifier: Apache-2.0
#include "provisioning/just_in_time.h"

#include "encoding/json.h"
#include "provisioning/certificate_parameters.h"
#include "provisioning/outside_certificate.h"
#include "provisioning/register_thing.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;
using registry::Expect;

/// Of one CA and one common name. A board that makes itself a new certificate at every start leaves
/// its earlier ones behind; each newcomer takes the place of the oldest.
constexpr std::size_t kMaxWaitingOfOneName = 16;

/// The template that a CA's devices are provisioned through, as the registry has it now.
struct Source {
  std::string name;  ///< DeviceRequest::template_name
  std::int64_t version = 1;
  templates::Template parsed;
  std::vector<registry::Require> holds = {};
};

std::string name_of_body(const registry::CaCertificate& ca) { return "cacert/" + ca.id.hex(); }

std::string template_name_of(const registry::CaCertificate& ca) {
  if (!ca.registration) return {};
  return ca.registration->template_name ? ca.registration->template_name->str() : name_of_body(ca);
}

registry::Require as_read(const registry::Record& record) {
  return {registry::key_of(record), Expect::at(registry::version_of(record))};
}

registry::Task<Result<Source>> stored_template(registry::Store& store, TemplateCache& templates,
                                               TemplateName name) {
  CO_TRY_ASSIGN(
      const registry::ProvisioningTemplate found,
      co_await registry::get<registry::ProvisioningTemplate>(store, registry::template_key(name)));
  if (!found.enabled) {
    co_return tl::unexpected(
        Error{Fault::forbidden,
              fmt::format("template {} is disabled; an operator enables it with aws iot "
                          "update-provisioning-template --enabled",
                          quote(name.str())),
              {},
              code::kTemplateDisabled});
  }
  CO_TRY_ASSIGN(const registry::ProvisioningTemplateVersion version,
                co_await registry::get<registry::ProvisioningTemplateVersion>(
                    store, registry::template_version_key(name, found.default_version)));
  CO_TRY_ASSIGN(templates::Template parsed, templates.get(version, templates::Use::jitp));
  co_return Source{name.str(), version.number, std::move(parsed), {as_read(found)}};
}

registry::Task<Result<Source>> template_of(registry::Store& store, TemplateCache& templates,
                                           registry::CaCertificate ca) {
  if (ca.registration->template_name)
    co_return co_await stored_template(store, templates, *ca.registration->template_name);
  CO_TRY_ASSIGN(templates::Template parsed,
                templates::Template::parse(ca.registration->template_body, templates::Use::jitp));
  co_return Source{name_of_body(ca), ca.version, std::move(parsed)};
}

Result<void> check_introducer(const registry::CaCertificate& ca, Timestamp now) {
  if (ca.is_active && ca.auto_registration && now <= ca.not_after) return {};
  const std::string_view why = !ca.is_active        ? "is INACTIVE"
                               : now > ca.not_after ? "has expired"
                                                    : "has auto-registration disabled";
  return fail(Fault::forbidden,
              "CA certificate {}, which signed this certificate, {}, so that it introduces no "
              "devices",
              ca.id.hex(), why);
}

/// Trouble of the server's own, which says nothing of the device or its template.
bool is_passing(const Error& error) {
  return error.fault == Fault::unavailable || error.fault == Fault::internal;
}

/// What is printed on the device's label, as far as its certificate tells.
std::string serial_number_of(const x509::Certificate& certificate) {
  const auto values = certificate.subject().values(x509::NameType::serial_number);
  return audited_serial_number(values.empty() ? certificate.subject().common_name()
                                              : values.front());
}

registry::AuditEvent event_of(const FirstConnection& connection, std::string_view step) {
  return {.step = std::string(step),
          .outcome = "ok",
          .actor = connection.certificate.id().hex(),
          .correlation = connection.correlation,
          .certificate = connection.certificate.id().hex(),
          .client = connection.client_id,
          .serial_number = serial_number_of(connection.certificate)};
}

}  // namespace

registry::Task<Result<Introduced>> JustInTime::run(FirstConnection connection) {
  // A device may come twice at once; the store lets one through and the other looks again.
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    auto introduced = co_await introduce(connection);
    if (introduced || introduced.error().fault != Fault::conflict) co_return introduced;
    if (attempt < kAttempts) continue;
    co_return fail(Fault::unavailable, "others are changing the same records at this moment: {}",
                   introduced.error().message);
  }
}

registry::Task<Result<Introduced>> JustInTime::introduce(FirstConnection connection) {
  CO_TRY_ASSIGN(const Arrival arrival, co_await look_up(connection));
  Introduced out{.status = arrival.record.status,
                 .registered = arrival.record.created,
                 .was_pending = arrival.record.status == CertificateStatus::pending_activation,
                 .template_name = template_name_of(arrival.ca),
                 .mode = settings_.get()->jitp};
  if (!out.was_pending) co_return out;
  if (arrival.ca.registration) {
    auto decided = co_await decide(connection, arrival);
    if (decided) {
      const auto committed = co_await store_.commit(std::move(decided->plan.changes));
      if (committed) {
        out.status = decided->status;
        out.thing = decided->thing;
        co_return out;
      }
      if (committed.error().fault != Fault::exhausted) co_return tl::unexpected(committed.error());
      out.failure = Error{
          Fault::forbidden,
          fmt::format("this template may register no more devices: {}", committed.error().message),
          {},
          code::kAccessDenied};
    } else if (is_passing(decided.error())) {
      co_return tl::unexpected(std::move(decided).error());
    } else {
      out.failure = std::move(decided).error();
    }
  }
  if (arrival.is_new) CO_TRY(co_await record_pending(std::move(connection), arrival));
  co_return out;
}

registry::Task<Result<JustInTime::Arrival>> JustInTime::look_up(FirstConnection connection) {
  const Timestamp now = clock_.now();
  CO_TRY_ASSIGN(const registry::CaCertificate ca,
                co_await registry::get<registry::CaCertificate>(
                    store_, registry::ca_certificate_key(connection.ca)));
  CO_TRY(check_introducer(ca, now));
  std::vector<registry::Key> keys = {registry::certificate_key(connection.certificate.id())};
  CO_TRY_ASSIGN(const std::vector<std::optional<registry::Record>> found,
                co_await store_.find(std::move(keys)));
  if (found.front())
    co_return Arrival{.ca = ca, .record = std::get<registry::Certificate>(*found.front())};
  CO_TRY(check_outside_certificate(connection.certificate, now));
  const std::size_t most = settings_.get()->pending_certificates;
  auto place = pending_.reserve(ca.id, most);
  if (!place) {
    co_return fail(Fault::exhausted,
                   "{} certificates that CA certificate {} signed wait for their activation, the "
                   "most there may be; activate or delete some",
                   most, ca.id.hex());
  }
  registry::Certificate record = certificate_record(connection.certificate, random_, now);
  record.status = CertificateStatus::pending_activation;
  record.ca_certificate = ca.id;
  record.mode = ca.mode;
  co_return Arrival{.ca = ca,
                    .record = std::move(record),
                    .is_new = true,
                    .place = std::make_shared<PendingCertificates::Place>(std::move(*place))};
}

registry::Task<Result<JustInTime::Decision>> JustInTime::decide(FirstConnection connection,
                                                                Arrival arrival) {
  CO_TRY_ASSIGN(const Source source, co_await template_of(store_, templates_, arrival.ca));
  CO_TRY_ASSIGN(templates::Resources resources,
                source.parsed.evaluate({}, certificate_parameters(connection.certificate)));
  DeviceRequest device{.holds = source.holds,
                       .template_name = source.name,
                       .template_version = source.version,
                       .settings = *settings_.get()};
  device.holds.push_back(as_read(arrival.ca));
  CO_TRY_ASSIGN(
      const Known known,
      co_await gather(store_,
                      Known{.resources = std::move(resources),
                            .device = std::move(device),
                            .event = event_of(connection, "just_in_time_provisioning"),
                            .certificate = arrival.record,
                            .origin = arrival.is_new ? Origin::first_contact : Origin::registry}));
  auto decided = plan(known, clock_.now(), make_uuid(random_), make_uuid(random_));
  if (!decided) {
    raise_if_duplicate(alarms_, known, decided.error());
    co_return tl::unexpected(std::move(decided).error());
  }
  co_return Decision{
      .plan = std::move(*decided),
      .status = known.resources.certificate->active ? CertificateStatus::active
                                                    : CertificateStatus::inactive,
      .thing = known.resources.thing ? std::optional(known.resources.thing->name) : std::nullopt};
}

registry::Task<Result<void>> JustInTime::record_pending(FirstConnection connection,
                                                        Arrival arrival) {
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{arrival.record, Expect::absent()});
  changes.changes.emplace_back(as_read(arrival.ca));
  registry::AuditEvent event = event_of(connection, "just_in_time_registration");
  event.time = arrival.record.created;
  event.detail = encoding::to_json(encoding::json::object{
      {"ca", arrival.ca.id.hex()}, {"subject", connection.certificate.subject().text()}});
  changes.events.push_back(std::move(event));
  CO_TRY(co_await make_room(arrival.record, changes));
  co_return co_await store_.commit(std::move(changes));
}

/// The one that is removed comes back when its device does.
registry::Task<Result<void>> JustInTime::make_room(const registry::Certificate& newcomer,
                                                   registry::ChangeSet& changes) {
  const auto oldest = pending_.longest_waiting(*newcomer.ca_certificate, newcomer.common_name,
                                               kMaxWaitingOfOneName);
  if (!oldest) co_return Result<void>();
  CO_TRY_ASSIGN(const registry::Page attached,
                co_await store_.list(registry::query::AccessOf{*oldest}, {}));
  if (!attached.records.empty()) co_return Result<void>();  // an operator has begun with it
  std::vector<registry::Key> keys = {registry::certificate_key(*oldest)};
  CO_TRY_ASSIGN(const std::vector<std::optional<registry::Record>> found,
                co_await store_.find(std::move(keys)));
  if (!found.front()) co_return Result<void>();
  const auto& record = std::get<registry::Certificate>(*found.front());
  if (record.status != CertificateStatus::pending_activation) co_return Result<void>();
  changes.changes.emplace_back(
      registry::Erase{registry::key_of(record), Expect::at(record.version)});
  changes.events.push_back(
      {.time = newcomer.created,
       .step = "remove_waiting_certificate",
       .outcome = "ok",
       .certificate = oldest->hex(),
       .detail = encoding::to_json(encoding::json::object{
           {"ca", newcomer.ca_certificate->hex()},
           {"because", fmt::format("{} certificates of this CA and common name wait; a newer one "
                                   "took its place",
                                   kMaxWaitingOfOneName)}})});
  co_return Result<void>();
}

}  // namespace imprint::provisioning
