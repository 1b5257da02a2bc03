// SPDX-License-Identifier: Apache-2.0
// Constructs every part of the server, in order, in one place.
#include <algorithm>
#include <thread>

#include "access/access_key.h"
#include "access/operators.h"
#include "alarms/point_alarms.h"
#include "audit/archive.h"
#include "base/thread.h"
#include "bulk/registration_tasks.h"
#include "control_api/operations.h"
#include "deployment/key_file.h"
#include "deployment/secret_files.h"
#include "deployment/start_checks.h"
#include "hooks/hooks.h"
#include "issuance/issuer.h"
#include "issuance/key_pool.h"
#include "operator_api/live_feed.h"
#include "operator_api/monitoring_json.h"
#include "operator_api/operations.h"
#include "operator_api/report_link.h"
#include "provisioning/cleanup.h"
#include "registry/sqlite/sqlite_store.h"
#include "rest/api.h"
#include "rest/web_session.h"
#include "server/config_mapping.h"
#include "server/credentials.h"
#include "server/dashboard.h"
#include "server/descriptors.h"
#include "server/http_server.h"
#include "server/monitor_parts.h"
#include "server/server.h"
#include "server/service_routes.h"
#include "server/shard.h"
#include "server/store_guard.h"
#include "server/time_limits.h"
#include "x509/digest.h"

namespace imprint::server {

namespace {

constexpr auto kCleanUpPeriod = std::chrono::seconds(30);
constexpr auto kKeyPatiencePeriod = std::chrono::seconds(1);

/// A missing file that imprint.toml names is a bad configuration.
Error of_configuration(Error error) {
  if (error.fault == Fault::not_found) error.fault = Fault::invalid;
  return error;
}

double seconds_since_1970(Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

/// In the order of construction; each part may use those above it. Destroyed in reverse order.
struct Server::Parts {
  Parts(const deployment::Layout& where, const deployment::Config& settings_of,
        telemetry::Log& log_to)
      : layout(where),
        config(settings_of),
        log(log_to),
        settings(to_settings(settings_of)),
        audit_events(static_cast<std::int64_t>(settings_of.limits.audit_events)) {}

  deployment::Layout layout;
  deployment::Config config;
  telemetry::Log& log;
  SystemClock clock;
  SystemRandom random;
  telemetry::Metrics metrics;
  Current<provisioning::Settings> settings;
  std::atomic<std::int64_t> audit_events;
  Descriptors descriptors;

  std::unique_ptr<registry::SqliteStore> store;
  std::optional<audit::Archive> archive;
  std::optional<monitoring::Monitor> monitor;
  identity::CertificateDirectory directory;
  identity::CaDirectory introducers;
  const ClientTrust trust{directory, introducers, clock};
  std::optional<identity::AccessControl> access;
  std::unique_ptr<access::Operators> operators;

  std::unique_ptr<hooks::Hooks> hooks;
  std::optional<issuance::Issuer> issuer;
  std::optional<Current<issuance::Profile>> profile;
  std::optional<x509::Certificate> root_certificate;
  Current<std::vector<alarms::WatchedCertificate>> own_certificates{{}};
  std::optional<issuance::KeyPool> keys;
  std::optional<provisioning::OwnershipTokens> tokens;
  provisioning::TemplateCache templates;
  provisioning::PendingCertificates pending;
  std::optional<provisioning::IssueCertificate> issue;
  std::optional<provisioning::ApplyTemplate> apply;
  std::optional<bulk::RegistrationTasks> registrations;
  std::optional<provisioning::ClaimGuard> claims;
  std::optional<provisioning::CreateCertificate> create;
  std::optional<alarms::PointAlarms> alarms;
  std::optional<provisioning::RegisterThing> register_thing;
  std::optional<provisioning::JustInTime> just_in_time;
  std::optional<device_api::ProvisioningApi> provisioning;

  std::optional<Journal> journal;
  PresenceWatch presence{clock};
  ClientDirectory clients;
  std::optional<RetainedStore> retained;
  std::optional<SessionAccounts> accounts;
  std::optional<Services> services;
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<Shard*> peers;

  std::optional<ServiceRoutes> routes;
  const Dashboard dashboard{dashboard_files()};
  std::optional<access::Sessions> sessions;
  operator_api::LiveFeed live{
      clock, operator_api::monitoring_topics([this] { return monitor->snapshot(); })};
  std::optional<rest::Api> control;
  std::unique_ptr<HttpServer> http;
  std::vector<std::thread> threads;

  /// imprintd refuses to load a secret of its own that others can read; this warns of all other
  /// exposed files.
  void warn_of_exposed_files() {
    for (const deployment::ExposedFile& file : deployment::exposed_files(layout)) {
      log.warning("a file that holds secrets can be read or written by users other than its owner",
                  {{"file", file.path.string()},
                   {"mode", fmt::format("{:04o}", file.mode)},
                   {"remedy", "chmod 600 " + file.path.string()}});
    }
  }

  Result<void> open_registry(Beginning beginning) {
    StoreGuard guard(layout, beginning);
    TRY(guard.before_opening());
    registry::SqliteOptions options;
    options.on_batch = [this](const registry::CommitBatch& batch) {
      metrics.store_committed(batch.change_sets, batch.failed, batch.seconds);
    };
    TRY_ASSIGN(store, registry::SqliteStore::open(layout.store(), std::move(options)));
    TRY(guard.after_opening(*store, clock, log));
    access.emplace(*store);
    TRY(make_operators());
    if (config.audit.archive) {
      archive.emplace(*store,
                      audit::ArchiveOptions{.folder = layout.audit(),
                                            .file_size = config.audit.file_size,
                                            .keep = config.audit.keep},
                      clock, log);
    }
    monitor.emplace(monitoring::MonitorParts{.store = *store,
                                             .metrics = metrics,
                                             .clock = clock,
                                             .random = random,
                                             .log = log,
                                             .sources = sources(),
                                             .directory = layout.directory().string()});
    store->watch([this](const registry::ChangeSet& changes) {
      if (archive && !changes.events.empty()) archive->wake();
      monitor->changed(changes);
      operators->apply(changes);
      live.apply(changes);
      directory.apply(changes);
      introducers.apply(changes);
      pending.apply(changes);
      const identity::AccessChange change = identity::access_change_of(changes);
      access->apply(change);
      for (Shard* shard : peers) shard->access_changed(change);
    });
    TRY(runtime::run_blocking(directory.load(*store)));
    TRY(runtime::run_blocking(introducers.load(*store)));
    TRY(runtime::run_blocking(pending.load(*store)));
    TRY(runtime::run_blocking(operators->load(*store)));
    TRY(monitor->load());
    metrics.watch_certificates([this] { return directory.count_by_status(); });
    return {};
  }

  monitoring::Sources sources() {
    return {.totals = [this] { return metrics.totals(); },
            .connections = [this] { return metrics.connections_by_shard(); },
            .certificates = [this] { return directory.count_by_status(); },
            .disk = [this] { return space_at(layout.directory()); },
            .own_certificates = [this] { return *own_certificates.get(); },
            .device_validity = [this] { return profile->get()->options().validity; }};
  }

  /// Passes the expiry dates of the deployment's own certificates to the metrics and the monitor;
  /// `credentials` are the listeners'.
  Result<void> report_own_expiries(const ServerCredentials& credentials) {
    TRY_ASSIGN(x509::Certificate server,
               x509::Certificate::from_pem(credentials.identities.front().certificate));
    for (const ServerIdentity& identity : credentials.identities) {
      TRY_ASSIGN(x509::Certificate one, x509::Certificate::from_pem(identity.certificate));
      if (one.not_after() < server.not_after()) server = std::move(one);
    }
    const x509::Certificate& issuing = issuer->certificate();
    metrics.set_certificate_expiry("server", seconds_since_1970(server.not_after()));
    metrics.set_certificate_expiry("issuing", seconds_since_1970(issuing.not_after()));
    metrics.set_certificate_expiry("root", seconds_since_1970(root_certificate->not_after()));
    own_certificates.set(own_expiries(server, issuing, *root_certificate));
    return {};
  }

  [[nodiscard]] Result<monitoring::Channels> make_alarm_channels(const deployment::Config& from) {
    return monitoring::make_channels(
               from.alarms,
               {.directory = layout.directory(),
                .sender = {.account = from.account_id, .endpoint = endpoints_of(from).front()},
                .clock = clock,
                .log = log,
                .publish = publisher(peers, clock)})
        .map_error(&of_configuration);
  }

  [[nodiscard]] Result<issuance::Profile> make_profile(const deployment::Config& from) const {
    TRY_ASSIGN(const x509::Certificate issuing, load_certificate(layout.issuing_certificate()));
    return issuance::Profile::make(from.profile_options(), issuing);
  }

  Result<void> make_operators() {
    TRY_ASSIGN(access::AccessKey root,
               access::AccessKey::load(layout.admin_credentials()).map_error(&of_deployment));
    // A new key could not open the secrets that were sealed with the lost one.
    TRY_ASSIGN(const registry::Page sealed,
               runtime::run_blocking(store->list(registry::query::Credentials{}, {.limit = 1})));
    if (!sealed.records.empty() && !std::filesystem::exists(layout.credentials_key())) {
      return tl::unexpected(deployment::lost_credentials_key(layout));
    }
    TRY_ASSIGN(const Secret key, deployment::load_or_make_key_file(layout.credentials_key(), random)
                                     .map_error(&of_deployment));
    TRY_ASSIGN(access::Vault vault, access::Vault::make(key));
    operators = std::make_unique<access::Operators>(std::move(root), std::move(vault));
    return {};
  }

  Result<void> make_use_cases() {
    TRY_ASSIGN(const x509::Certificate issuing, load_certificate(layout.issuing_certificate()));
    TRY_ASSIGN(issuer, load_issuer(layout, issuing));
    TRY_ASSIGN(issuance::Profile device, make_profile(config));
    profile.emplace(std::move(device));
    TRY_ASSIGN(Secret token_key,
               deployment::load_or_make_key_file(layout.ownership_token_key(), random)
                   .map_error(&of_deployment));
    // Links to reports have a key of their own, derived from the key of the tokens.
    Secret link_key(encoding::to_hex(
        x509::hmac_sha256(as_bytes(token_key.reveal()), as_bytes("imprint report links"))));
    tokens.emplace(std::move(token_key));
    // P-256 keys are generated fast enough on demand. A pool of RSA keys is kept only if RSA is the
    // default of the deployment; if only a template asks for RSA, its keys are generated on demand.
    const x509::KeyAlgorithm algorithm = settings.get()->key_algorithm;
    const bool needs_pool = algorithm != x509::KeyAlgorithm::ec_p256;
    keys.emplace(
        issuance::KeyPoolOptions{.algorithm = x509::KeyAlgorithm::rsa_2048,
                                 .size = needs_pool ? config.certificates.key_pool_size : 0,
                                 .threads = shard_count(0)});
    issue.emplace(*store, *issuer, *profile, metrics, clock, random);
    apply.emplace(*store, *issue, clock, random);
    registrations.emplace(*store, *apply, clock, log, std::move(link_key),
                          bulk::RegistrationOptions{.uploads = layout.uploads(),
                                                    .folder = layout.registrations(),
                                                    .account = config.account_id});
    claims.emplace(*store, settings, clock);
    create.emplace(*store, *issue, *keys, *tokens, pending, *claims, settings, clock);
    alarms.emplace(*store, clock);
    TRY_ASSIGN(hooks, hooks::Hooks::make(config.hooks, layout.directory(), clock, random, log)
                          .map_error(&of_configuration));
    const std::string arn_prefix =
        fmt::format("arn:aws:iot:{}:{}:", config.region, config.account_id);
    register_thing.emplace(*store, templates, *tokens, *claims, *hooks, *alarms, settings,
                           arn_prefix, clock, random);
    just_in_time.emplace(*store, templates, pending, *hooks, *alarms, settings, config.account_id,
                         arn_prefix, clock, random);
    provisioning.emplace(*create, *register_thing);
    journal.emplace(*store, clock, log);
    return {};
  }

  /// Must be called before any file or socket is opened.
  void share_out_descriptors() {
    const std::size_t all = raise_descriptor_limit();
    descriptors =
        share_descriptors(all, config.limits.connections, config.limits.connections_per_address);
    if (descriptors.devices >= config.limits.connections) return;
    log.warning(
        "the limit on open files of this process is too low for limits.connections; raise "
        "LimitNOFILE of the unit, or ulimit -Hn",
        {{"files", all},
         {"limits.connections", config.limits.connections},
         {"connections", descriptors.devices}});
  }

  Result<void> make_shards() {
    retained.emplace(mqtt::RetainedMessages::Bounds{.bytes = config.limits.retained_bytes});
    accounts.emplace(to_account_bounds(config.limits));
    services.emplace(Services{.clock = clock,
                              .random = random,
                              .log = log,
                              .metrics = metrics,
                              .store = *store,
                              .directory = directory,
                              .access = *access,
                              .provisioning = *provisioning,
                              .just_in_time = *just_in_time,
                              .journal = *journal,
                              .alarms = *alarms,
                              .presence = presence,
                              .clients = clients,
                              .retained = *retained,
                              .accounts = *accounts,
                              .account = config.account_id,
                              .endpoints = endpoints_of(config),
                              .mqtt = to_mqtt_limits(config.limits),
                              .limits = to_connection_limits(config.limits, descriptors)});
    TRY_ASSIGN(const ServerCredentials credentials, load_credentials(layout));
    TRY_ASSIGN(Shard::Address address, to_address(config.listen.mqtt));
    const std::uint16_t count = shard_count(config.listen.threads);
    for (std::uint16_t i = 0; i < count; ++i) {
      TRY_ASSIGN(MqttTls tls, MqttTls::make(credentials, trust, to_stacks(config)));
      TRY_ASSIGN(std::unique_ptr<Shard> shard,
                 Shard::make(i, count, *services, std::move(tls), address));
      address.port(shard->address().port());  // if it was 0: all shards share one port
      peers.push_back(shard.get());
      shards.push_back(std::move(shard));
    }
    for (const auto& shard : shards) shard->switchboard().connect(peers);
    return {};
  }

  Result<void> make_http() {
    TRY_ASSIGN(std::string root, read_own_file(layout.trusted_root()));
    TRY_ASSIGN(std::string issuing, read_own_file(layout.issuing_certificate()));
    TRY_ASSIGN(root_certificate, load_certificate(layout.trusted_root()));
    routes.emplace(
        *store, *issuer, clock, log, metrics, [this] { return longest_silence(); }, std::move(root),
        std::move(issuing));
    sessions.emplace(*operators, clock, random);
    control.emplace(rest::Dependencies{.store = *store,
                                       .clock = clock,
                                       .random = random,
                                       .log = log,
                                       .operators = *operators,
                                       .sessions = *sessions,
                                       .account = config.account_id,
                                       .region = config.region},
                    make_table());
    TRY_ASSIGN(const ServerCredentials credentials, load_credentials(layout));
    TRY(report_own_expiries(credentials));
    TRY_ASSIGN(const Shard::Address address, to_address(config.listen.http));
    TRY_ASSIGN(
        http,
        HttpServer::make(
            credentials, address,
            {.answer = [this](rest::HttpRequest request) { return answer(std::move(request)); },
             .named_key =
                 [this](const rest::HttpRequest& head) { return control->named_key(head); },
             .speaks_mqtt =
                 [this](const std::string& from) { note_mqtt_at_rest_port(*journal, log, from); }},
            descriptors.http, log));
    http->every(kCleanUpPeriod, [this] { runtime::start(clean_up()); });
    http->every(kKeyPatiencePeriod, [this] { keys->refuse_late(clock.monotonic(), kKeyPatience); });
    TRY_ASSIGN(monitoring::Channels channels, make_alarm_channels(config));
    monitor->use(config.alarms, std::move(channels));
    return {};
  }

  /// All operations: AWS's and Imprint's own.
  rest::Table make_table() {
    return {.operations = rest::join({aws_operations(), own_operations()}),
            .missing = control_api::missing_operations(),
            .links = {operator_api::report_link(*registrations, *store, clock)}};
  }

  rest::Operations aws_operations() {
    return control_api::operations({.store = *store,
                                    .device_access = *access,
                                    .issue = *issue,
                                    .apply = *apply,
                                    .registrations = *registrations,
                                    .keys = *keys,
                                    .settings = settings,
                                    .random = random,
                                    .log = log,
                                    .endpoint_address = endpoints_of(config).front()});
  }

  rest::Operations own_operations() {
    return operator_api::operations({.store = *store,
                                     .issue = *issue,
                                     .registrations = *registrations,
                                     .hooks = *hooks,
                                     .keys = *keys,
                                     .settings = settings,
                                     .monitor = *monitor,
                                     .random = random,
                                     .operators = *operators,
                                     .connections = presence,
                                     .authorities = {*root_certificate, issuer->certificate()},
                                     .live = live,
                                     .archive = archive ? &*archive : nullptr});
  }

  [[nodiscard]] Milliseconds longest_silence() const {
    Milliseconds longest{};
    for (const Shard* shard : peers) longest = std::max(longest, shard->silence());
    return longest;
  }

  runtime::Task<rest::HttpResponse> answer(rest::HttpRequest request) {
    if (ServiceRoutes::serves(request.target))
      co_return co_await routes->answer(std::move(request));
    if (request.target == rest::kSessionTarget)
      co_return co_await control->handle_session(std::move(request));
    if (Dashboard::serves(request)) co_return dashboard.answer(request);
    co_return co_await control->handle(std::move(request));
  }

  runtime::Task<void> clean_up() {
    const auto cleaned = co_await provisioning::clean_up(
        *store, clock, audit_events, archive ? archive->through() : provisioning::kEverything);
    if (!cleaned) {
      log.error("removing what has expired failed; it is tried again",
                {{"cause", cleaned.error().message}});
    } else if (cleaned->certificates + cleaned->intents > 0) {
      log.info("removed certificates that were never registered",
               {{"certificates", cleaned->certificates}, {"intents", cleaned->intents}});
    }
  }

  void run() {
    for (const auto& shard : shards)
      threads.push_back(start_thread("shard", [s = shard.get()] { s->run(); }));
    threads.push_back(start_thread("http", [this] { http->run(); }));
    registrations->start();
    if (archive) archive->start();
    monitor->start();
  }

  /// Called after the shard threads have ended. Completes what still waits for a key, a hook or the
  /// store, so that no other thread refers to a shard when the shards are destroyed.
  void finish_waiting() {
    keys->stop();
    hooks->stop();
    std::size_t ran = 0;
    do {
      // The store answers in order: when this commit and this list return, it has answered all
      // earlier ones.
      registry::ChangeSet last;
      last.changes.emplace_back(registry::Count{"stops", 0});
      std::ignore = runtime::run_blocking(store->commit(std::move(last)));
      std::ignore = runtime::run_blocking(store->list(registry::query::Templates{}, {}));
      ran = http->run_leftovers();
      for (const auto& shard : shards) ran += shard->run_leftovers();
    } while (ran > 0);
  }
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::start(const deployment::Layout& layout,
                                              const deployment::Config& config, telemetry::Log& log,
                                              Beginning beginning) {
  TRY(deployment::check_configuration(config));
  auto parts = std::make_unique<Parts>(layout, config, log);
  parts->warn_of_exposed_files();
  parts->share_out_descriptors();
  TRY(parts->open_registry(beginning));
  TRY(parts->make_use_cases());
  TRY(parts->make_shards());
  TRY(parts->make_http());
  parts->run();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() { stop(); }

std::string Server::mqtt_address() const { return to_text(parts_->shards.front()->address()); }
std::string Server::http_address() const { return to_text(parts_->http->address()); }

Result<void> Server::reload(const deployment::Config& config) {
  TRY(deployment::check_configuration(config));
  TRY_ASSIGN(const ServerCredentials credentials, load_credentials(parts_->layout));
  TRY_ASSIGN(issuance::Profile profile, parts_->make_profile(config));
  TRY_ASSIGN(monitoring::Channels channels, parts_->make_alarm_channels(config));
  std::vector<MqttTls> tls;
  for (std::size_t i = 0; i < parts_->shards.size(); ++i) {
    TRY_ASSIGN(MqttTls one, MqttTls::make(credentials, parts_->trust, to_stacks(parts_->config)));
    tls.push_back(std::move(one));
  }
  TRY(parts_->report_own_expiries(credentials));
  TRY(parts_->http->use_credentials_of(credentials));
  for (std::size_t i = 0; i < tls.size(); ++i) parts_->shards[i]->use_tls(std::move(tls[i]));
  parts_->profile->set(std::move(profile));
  provisioning::Settings settings = to_settings(config);
  settings.key_algorithm = parts_->settings.get()->key_algorithm;  // the pool was made for it
  parts_->settings.set(settings);
  parts_->monitor->use(config.alarms, std::move(channels));
  parts_->audit_events = static_cast<std::int64_t>(config.limits.audit_events);
  const std::string waiting = keys_needing_restart(parts_->config, config);
  if (!waiting.empty()) {
    parts_->log.warning("these settings have changed and take effect at the next start",
                        {{"keys", waiting}});
  }
  return {};
}

void Server::stop() {
  if (parts_->threads.empty()) return;
  // Before the shards, so that the monitor can still publish by MQTT.
  parts_->monitor->stop();
  for (const auto& shard : parts_->shards) shard->stop(kGoodbyeTime);
  const std::size_t shard_threads = parts_->shards.size();
  for (std::size_t i = 0; i < shard_threads; ++i) parts_->threads[i].join();
  parts_->registrations->stop();
  parts_->http->stop();
  parts_->threads.back().join();
  parts_->threads.clear();
  parts_->finish_waiting();
  if (parts_->archive) parts_->archive->stop();
}

}  // namespace imprint::server
