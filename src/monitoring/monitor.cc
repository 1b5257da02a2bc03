// SPDX-License-Identifier: Apache-2.0
#include "monitoring/monitor.h"

#include <algorithm>

#include "alarms/point_alarms.h"
#include "base/thread.h"
#include "encoding/json.h"
#include "trail/event.h"

namespace imprint::monitoring {

namespace {

using alarms::Finding;
using alarms::Kind;
using telemetry::HookOutcome;

/// The most event alarms that wait for the thread. More are dropped, since the board keeps only a
/// limited number of alarms anyway.
constexpr std::size_t kMostPoints = 1'000;
constexpr Milliseconds kShortestPause{10};
constexpr auto kHistoryPeriod = std::chrono::minutes(1);
constexpr auto kExpiryPeriod = std::chrono::minutes(1);
constexpr auto kLongestClaimsPeriod = Seconds(15);
/// The pause after the store failed to write.
constexpr auto kSavePause = Seconds(5);

constexpr Kind kCounted[] = {Kind::failure_ratio, Kind::hook_failures, Kind::hook_rejections,
                             Kind::store_trouble};
constexpr Kind kExpiry[] = {Kind::certificates_expiring, Kind::ca_expiring};
/// These are resolved after a quiet time; claim-frozen is resolved when the claim is thawed.
constexpr Kind kPassing[] = {Kind::duplicate_device, Kind::key_in_two_places,
                             Kind::claim_new_place};

bool is_point(Kind kind) {
  return kind == Kind::claim_frozen || std::ranges::find(kPassing, kind) != std::end(kPassing);
}

Finding finding_of(Kind kind, const registry::AuditEvent& event) {
  const bool is_of_claim = kind == Kind::claim_frozen || kind == Kind::claim_new_place;
  const bool names_thing = !is_of_claim && !event.thing.empty();
  return alarms::point_finding(kind,
                               is_of_claim   ? "claim"
                               : names_thing ? "thing"
                                             : "certificate",
                               names_thing ? event.thing : event.certificate,
                               trail::read(event).told.because);
}

std::int64_t whole(std::uint64_t count) { return static_cast<std::int64_t>(count); }

}  // namespace

Monitor::Monitor(MonitorParts parts)
    : parts_(std::move(parts)),
      activity_(parts_.node),
      board_(parts_.random),
      notifier_(board_, parts_.clock, parts_.metrics, parts_.log,
                [this](std::function<void()> task) { post(std::move(task)); }),
      registry_check_(parts_.store) {}

Monitor::~Monitor() {
  stop();
  // Channels may call back from their own threads until they are destroyed.
  notifier_.use({});
}

Result<void> Monitor::load() {
  TRY_ASSIGN(std::vector<registry::Alarm> alarms, own_.run(registry::list_all<registry::Alarm>(
                                                      parts_.store, registry::query::Alarms{})));
  board_.load(std::move(alarms));
  TRY_ASSIGN(const auto found, own_.run(registry::find_all(parts_.store, activity_.keys())));
  activity_.load(parts_.clock.now(), found);
  return {};
}

void Monitor::start() {
  const std::scoped_lock lock(mutex_);
  is_running_ = true;
  thread_ = start_thread("monitor", [this] { run(); });
}

void Monitor::stop() {
  {
    const std::scoped_lock lock(mutex_);
    if (!is_running_) return;
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  const std::scoped_lock lock(mutex_);
  is_running_ = false;
}

void Monitor::post(std::function<void()> task) {
  {
    const std::scoped_lock lock(mutex_);
    inbox_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void Monitor::use(alarms::Options options, Channels channels) {
  auto next = std::make_shared<Channels>(std::move(channels));
  post([this, options = std::move(options), next] {
    const auto resize = [](Window& window, Seconds length) {
      if (window.length() != length) window = Window(length);
    };
    resize(failures_, options.failure_ratio.window);
    resize(hook_failures_, options.hook_failures.window);
    resize(hook_rejections_, options.hook_rejections.window);
    resize(store_, options.store_trouble.window);
    options_ = options;
    notifier_.use(std::move(*next));
    next_claims_ = next_expiry_ = Monotonic::min();
  });
}

void Monitor::changed(const registry::ChangeSet& changes) {
  bool has_points = false;
  for (const registry::AuditEvent& event : changes.events) {
    remember_refused(event);
    const auto kind = alarms::raised_by(event);
    if (!kind || !is_point(*kind)) continue;
    const std::scoped_lock lock(mutex_);
    if (points_.size() < kMostPoints) points_.push_back(finding_of(*kind, event));
    has_points = true;
  }
  if (has_points) changed_.notify_one();
}

void Monitor::remember_refused(const registry::AuditEvent& event) {
  if (event.serial_number.empty() && event.client.empty()) return;
  if (!event.refused_for) return;
  const std::scoped_lock lock(mutex_);
  last_refused_[static_cast<std::size_t>(*event.refused_for)] = {event.serial_number, event.client};
}

runtime::Task<Trials> Monitor::try_channels() {
  runtime::Completion<Trials> done;
  bool is_running = false;
  {
    const std::scoped_lock lock(mutex_);
    is_running = is_running_ && !is_stopping_;
    if (is_running) inbox_.push_back([this, done] { notifier_.try_all(done); });
  }
  if (!is_running) co_return Trials{};
  changed_.notify_one();
  co_return co_await done.wait();
}

void Monitor::run() {
  const runtime::Executor::Scope scope(own_);
  while (true) {
    work();
    std::unique_lock lock(mutex_);
    if (is_stopping_) break;
    const Monotonic due = std::min(next_tick_, notifier_.due());
    const Monotonic now = parts_.clock.monotonic();
    const Monotonic::duration pause =
        due <= now ? kShortestPause
                   : std::clamp<Monotonic::duration>(due - now, kShortestPause, kTick);
    changed_.wait_for(lock, pause,
                      [this] { return is_stopping_ || !inbox_.empty() || !points_.empty(); });
  }
  take_inbox();  // settles finished deliveries; new test runs are cancelled below
  notifier_.stop();
  save(parts_.clock.now(), parts_.clock.monotonic(), true);
}

void Monitor::take_inbox() {
  std::vector<std::function<void()>> tasks;
  {
    const std::scoped_lock lock(mutex_);
    tasks.swap(inbox_);
  }
  for (const auto& task : tasks) task();
}

void Monitor::work() {
  take_inbox();
  const Timestamp now = parts_.clock.now();
  const Monotonic monotonic = parts_.clock.monotonic();
  take_points(now);
  if (monotonic >= next_tick_) {
    next_tick_ = monotonic + kTick;
    tick(now, monotonic);
  }
  for (const Kind kind : board_.take_raised()) parts_.metrics.alarm_raised(to_string(kind));
  for (const Kind kind : board_.take_full()) {
    parts_.log.error(
        "this alarm has too many subjects; no further ones are reported until some are resolved",
        {{"alarm", to_string(kind)}, {"raised", Board::kMostRaised}});
  }
  save(now, monotonic);
  notifier_.work();
  take_inbox();  // settles deliveries that finished immediately
  save(now, monotonic);
}

void Monitor::take_points(Timestamp now) {
  std::vector<Finding> points;
  {
    const std::scoped_lock lock(mutex_);
    points.swap(points_);
  }
  if (!options_.enabled) return;
  for (Finding& point : points) board_.raise(std::move(point), now);
}

void Monitor::tick(Timestamp now, Monotonic monotonic) {
  const telemetry::Totals totals = parts_.sources.totals();
  activity_.sample(now, totals);
  const Counts counts = counts_of(totals);
  for (Window* window : {&failures_, &hook_failures_, &hook_rejections_, &store_, &speed_})
    window->add(monotonic, counts);
  if (options_.enabled) {
    judge_counts(now, monotonic);
    judge_disk(now, monotonic);
    check_registry(now, monotonic);
    board_.resolve_quiet(kPassing, options_.points.quiet, now);
  } else {
    board_.apply({}, alarms::all_kinds(), now, monotonic);
  }
  publish_snapshot(now, counts);
}

alarms::TopFailure Monitor::top_failure(const Counts& counts) {
  auto failed = counts.failed;
  failed[static_cast<std::size_t>(outcome::FailureCategory::handshake_refused)] = 0;
  const auto most = std::ranges::max_element(failed);
  if (*most == 0) return {};
  const auto index = static_cast<std::size_t>(std::distance(failed.begin(), most));
  const auto& info = outcome::failure_categories()[index];
  const std::scoped_lock lock(mutex_);
  return {.category = std::string(info.name),
          .title = std::string(info.title),
          .remedy = std::string(info.remedy) + ".",
          .count = whole(*most),
          .example = last_refused_[index]};
}

void Monitor::judge_counts(Timestamp now, Monotonic monotonic) {
  std::vector<Finding> findings;
  if (options_.failure_ratio.enabled) {
    const Counts counts = failures_.difference();
    findings.push_back(alarms::judge_failures(
        options_.failure_ratio,
        {.good = whole(counts.onboarded), .bad = whole(counts.device_failures())},
        top_failure(counts)));
  }
  const auto hooks_of = [](const Counts& counts) {
    return alarms::HookTally{
        .answered = whole(counts.hook(HookOutcome::allowed) + counts.hook(HookOutcome::denied)),
        .denied = whole(counts.hook(HookOutcome::denied)),
        .failed = whole(counts.hook(HookOutcome::failed)),
        .timed_out = whole(counts.hook(HookOutcome::timed_out))};
  };
  if (options_.hook_failures.enabled) {
    findings.push_back(
        alarms::judge_hook_failures(options_.hook_failures, hooks_of(hook_failures_.difference())));
  }
  if (options_.hook_rejections.enabled) {
    findings.push_back(alarms::judge_hook_rejections(options_.hook_rejections,
                                                     hooks_of(hook_rejections_.difference())));
  }
  if (options_.store_trouble.enabled) {
    findings.push_back(
        alarms::judge_store(options_.store_trouble, whole(store_.difference().store_failures)));
  }
  board_.apply(findings, kCounted, now, monotonic);
}

/// The value, or nullopt for an error, which is logged once until the next success.
template <class T>
std::optional<T> Monitor::value_or_log(Result<T> result, std::string_view what) {
  if (result) {
    failing_.erase(what);
    return std::move(*result);
  }
  if (failing_.insert(what).second) {
    parts_.log.error("alarms cannot check all conditions; this is retried",
                     {{"what", what}, {"cause", result.error().message}});
  }
  return std::nullopt;
}

void Monitor::judge_disk(Timestamp now, Monotonic monotonic) {
  constexpr Kind kDisk[] = {Kind::disk_low};
  if (!options_.disk_low.enabled) return board_.apply({}, kDisk, now, monotonic);
  const auto space = value_or_log(parts_.sources.disk(), "free space");
  if (!space) return;
  const Finding finding = alarms::judge_disk(options_.disk_low, *space, parts_.directory);
  board_.apply({&finding, 1}, kDisk, now, monotonic);
}

void Monitor::check_registry(Timestamp now, Monotonic monotonic) {
  if (std::vector<std::string> frozen = board_.raised_subjects(Kind::claim_frozen);
      !frozen.empty()) {
    const auto thawed =
        value_or_log(own_.run(registry_check_.thawed(std::move(frozen))), "frozen claims");
    for (const std::string& claim : thawed.value_or(std::vector<std::string>()))
      board_.resolve(Kind::claim_frozen, claim,
                     "the claim is no longer frozen, or no longer exists", now);
  }
  if (monotonic >= next_claims_) {
    next_claims_ =
        monotonic + std::clamp(options_.no_success.after / 4, Seconds(1), kLongestClaimsPeriod);
    auto claims =
        value_or_log(own_.run(registry_check_.check_claims(options_, now, monotonic)), "claims");
    if (claims) {
      constexpr Kind kBatches[] = {Kind::no_success};
      board_.apply(claims->batches, kBatches, now, monotonic);
      // Includes claims whose event was lost in a crash.
      for (Finding& frozen : claims->frozen) {
        if (!board_.is_raised(Kind::claim_frozen, frozen.subject))
          board_.raise(std::move(frozen), now);
      }
      open_claims_ = std::move(claims->open);
    }
  }
  if (!options_.expiry.enabled) return board_.apply({}, kExpiry, now, monotonic);
  if (monotonic < next_expiry_) return;
  next_expiry_ = monotonic + kExpiryPeriod;
  std::vector<alarms::WatchedCertificate> own = parts_.sources.own_certificates();
  own.insert(own.end(), open_claims_.begin(), open_claims_.end());
  alarms::ExpiryOptions expiry = options_.expiry;
  // As for single certificates: a new certificate for a week is not about to expire.
  expiry.certificates = std::min(expiry.certificates, parts_.sources.device_validity() / 4);
  const auto found = value_or_log(
      own_.run(registry_check_.check_expiry(expiry, std::move(own), now)), "expiring certificates");
  if (found) board_.apply(*found, kExpiry, now, monotonic);
}

void Monitor::save(Timestamp now, Monotonic monotonic, bool is_last) {
  if (!is_last && monotonic < next_save_) return;
  registry::ChangeSet changes = board_.changes(now);
  if (is_last || monotonic >= next_history_) {
    next_history_ = monotonic + kHistoryPeriod;
    for (registry::Setting& piece : activity_.changed(now))
      changes.changes.emplace_back(registry::Put{std::move(piece)});
  }
  if (changes.changes.empty() && changes.events.empty()) return board_.committed(true);
  const auto stored = own_.run(parts_.store.commit(std::move(changes)));
  board_.committed(stored.has_value());
  activity_.committed(stored.has_value());
  if (stored) return;
  next_history_ = Monotonic::min();
  next_save_ = monotonic + kSavePause;
  parts_.log.error("the state of alarms could not be stored; this is retried",
                   {{"cause", stored.error().message}});
}

void Monitor::publish_snapshot(Timestamp now, const Counts& counts) {
  const bool has_changed = shown_version_ != board_.version();
  if (has_changed) {
    for (const Kind kind : alarms::all_kinds())
      parts_.metrics.alarms_active(to_string(kind), board_.count_raised(kind));
  }
  const Counts window = failures_.difference();
  const alarms::Tally tally{.good = whole(window.onboarded),
                            .bad = whole(window.device_failures())};
  Snapshot next{.now = {.time = now,
                        .onboarded = counts.onboarded,
                        .failed = counts.failures(),
                        .per_second = static_cast<double>(speed_.difference().onboarded) /
                                      static_cast<double>(speed_.length().count()),
                        .connections = parts_.sources.connections(),
                        .certificates = parts_.sources.certificates(),
                        .ratio_limit = options_.failure_ratio.above},
                .alarms_version = board_.version()};
  if (tally.attempts() >= options_.failure_ratio.least) next.now.ratio = tally.ratio();
  const auto before = snapshot_.get();
  Now same = before->now;
  same.time = next.now.time;
  next.now_version = before->now_version + (same == next.now ? 0 : 1);
  next.alarms = has_changed ? board_.all() : before->alarms;
  shown_version_ = board_.version();
  snapshot_.set(std::move(next));
}

}  // namespace imprint::monitoring
