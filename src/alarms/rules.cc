// SPDX-License-Identifier: Apache-2.0
#include "alarms/rules.h"

#include <algorithm>
#include <fmt/chrono.h>

namespace imprint::alarms {

namespace {

using State = Finding::State;

State state_of(const RatioOptions& options, const Tally& tally) {
  if (tally.bad > 0 && tally.attempts() >= options.least && tally.ratio() > options.above)
    return State::bad;
  return tally.bad == 0 || tally.ratio() <= options.below ? State::calm : State::between;
}

Finding ratio_finding(Kind kind, const RatioOptions& options, const Tally& tally,
                      std::string because, std::string next) {
  return {.kind = kind,
          .state = state_of(options, tally),
          .hold = options.window,
          .because = std::move(because),
          .next = std::move(next)};
}

std::string date_of(Timestamp time) {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

struct Words {
  Kind kind;
  std::string_view subject_kind;
  std::string_view what;
  std::string_view next;
};

Words words_of(Ending::What what) {
  switch (what) {
    case Ending::What::server:
      return {Kind::certificates_expiring, "certificate", "the server's certificate",
              "put a new one into server/ (imprint doctor DIR says what it must hold) and send "
              "imprintd a SIGHUP; devices stop connecting when it ends"};
    case Ending::What::claim:
      return {Kind::certificates_expiring, "claim", "a claim with devices left",
              "make another claim for the devices that are left (imprint claim create DIR), and "
              "have the line use it before this one ends"};
    case Ending::What::root:
      return {Kind::ca_expiring, "ca", "the root CA",
              "plan its successor: every device trusts this one, and has to learn the next before "
              "it ends"};
    case Ending::What::issuing:
      return {Kind::ca_expiring, "ca", "the issuing CA",
              "renew it under the root CA: no certificate it signs lives longer than it does"};
    case Ending::What::registered:
      return {Kind::ca_expiring, "ca", "a registered CA",
              "register its successor (imprint ca register DIR) before devices come with "
              "certificates of the next one"};
  }
  return {Kind::ca_expiring, "", "", ""};
}

}  // namespace

Finding judge_failures(const RatioOptions& options, const Tally& tally, const Leading& leading) {
  std::string because = fmt::format(
      "{} of {} provisioning steps failed within {}: {:.1f} % of the devices "
      "onboarded, above {:.1f} % is an alarm",
      tally.bad, tally.attempts(), to_duration(options.window), tally.ratio() * 100,
      options.above * 100);
  std::string next = "see which steps fail: Pipeline in the dashboard, or imprint explain DIR";
  if (!leading.category.empty()) {
    because +=
        fmt::format("; most of them, {}: {} ({})", leading.count, leading.title, leading.category);
    next = leading.remedy;
    if (!leading.example.empty())
      next += fmt::format(" One such device: imprint explain DIR {}", leading.example);
  }
  return ratio_finding(Kind::failure_ratio, options, tally, std::move(because), std::move(next));
}

Finding judge_hook_failures(const RatioOptions& options, const HookTally& tally) {
  const Tally counted{.good = tally.answered, .bad = tally.failed + tally.timed_out};
  return ratio_finding(
      Kind::hook_failures, options, counted,
      fmt::format("of {} requests to hooks within {}, {} failed and {} were not answered in time; "
                  "their devices are refused and may try again",
                  counted.attempts(), to_duration(options.window), tally.failed, tally.timed_out),
      "look at the handler: is it running, reachable, slow? The server's log and Hooks in the "
      "dashboard say what the last failure was");
}

Finding judge_hook_rejections(const RatioOptions& options, const HookTally& tally) {
  const Tally counted{.good = tally.answered - tally.denied, .bad = tally.denied};
  return ratio_finding(
      Kind::hook_rejections, options, counted,
      fmt::format("hooks denied {} of {} devices that they answered for within {}", tally.denied,
                  tally.answered, to_duration(options.window)),
      "the handler works and says no: ask imprint explain DIR --serial for one of the devices, and "
      "compare what it sent with what the handler expects");
}

Finding judge_batch(const NoSuccessOptions& options, const OpenBatch& batch) {
  Finding out{.kind = Kind::no_success,
              .state = batch.since_last >= options.after ? State::bad : State::calm,
              .subject = batch.claim,
              .subject_kind = "batch"};
  out.because = fmt::format(
      "{} of {} devices of this batch are registered, and none for {}", batch.devices, batch.most,
      to_duration(std::chrono::floor<std::chrono::minutes>(batch.since_last)));
  if (batch.since_last < std::chrono::minutes(1))
    out.because = fmt::format("{} of {} devices of this batch are registered, the last one now",
                              batch.devices, batch.most);
  out.next = fmt::format(
      "do devices reach the server at all? imprint explain DIR --certificate {} tells what they "
      "did last. If the batch is over: imprint claim set DIR {} --max-devices {}",
      batch.claim, batch.claim, batch.devices);
  return out;
}

Finding judge_ending(const ExpiryOptions& options, const Ending& one, Timestamp now) {
  const Words words = words_of(one.what);
  const Seconds bound = one.what == Ending::What::claim   ? options.claims
                        : words.kind == Kind::ca_expiring ? options.authorities
                                                          : options.certificates;
  const auto life = std::chrono::floor<Seconds>(one.not_after - one.not_before);
  const Seconds near = std::min(bound, life / 4);
  const auto left = std::chrono::floor<Seconds>(one.not_after - now);
  Finding out{.kind = words.kind,
              .state = left < near ? State::bad : State::calm,
              .subject = one.id,
              .subject_kind = std::string(words.subject_kind)};
  const std::string name = one.name.empty() ? "" : fmt::format(" {}", one.name);
  out.because =
      left.count() < 0
          ? fmt::format("{}{} ended on {}", words.what, name, date_of(one.not_after))
          : fmt::format("{}{} ends on {}, in {}", words.what, name, date_of(one.not_after),
                        left < std::chrono::hours(48)
                            ? fmt::format("{} hours", left / std::chrono::hours(1))
                            : fmt::format("{} days", left / std::chrono::hours(24)));
  out.next = words.next;
  return out;
}

Finding judge_fleet(const ExpiryOptions& options, std::int64_t certificates, bool is_least) {
  Finding out{.kind = Kind::certificates_expiring,
              .state = certificates > 0 ? State::bad : State::calm};
  out.because = fmt::format("{}{} ACTIVE device certificate{} end{} within {}",
                            is_least ? "at least " : "", certificates, certificates == 1 ? "" : "s",
                            certificates == 1 ? "s" : "", to_duration(options.certificates));
  out.next =
      "Rotation in the dashboard lists them, soonest first; let the devices register again with a "
      "new certificate before theirs ends";
  return out;
}

Finding judge_store(const StoreOptions& options, std::int64_t failures) {
  return {.kind = Kind::store_trouble,
          .state = failures > 0 ? State::bad : State::calm,
          .hold = options.window,
          .because = fmt::format("{} transaction{} could not be written within {}", failures,
                                 failures == 1 ? "" : "s", to_duration(options.window)),
          .next =
              "nothing can be registered meanwhile: look at the server's log, at the free "
              "space and the permissions of the deployment directory, and at the disk itself"};
}

Finding judge_disk(const DiskOptions& options, const DiskSpace& space, std::string_view directory) {
  Finding out{.kind = Kind::disk_low};
  if (space.free_mib < options.least_mib) {
    out.state = State::bad;
  } else if (space.free_mib < options.least_mib + options.least_mib / 5) {
    out.state = State::between;
  }
  out.because = fmt::format("{} MiB of {} MiB are free where {} lies; below {} MiB is an alarm",
                            space.free_mib, space.total_mib, directory, options.least_mib);
  out.next =
      "make room before the store cannot grow: old backups, uploads/ and registrations/, logs of "
      "other programs; or move the deployment to a larger disk";
  return out;
}

std::string_view next_of_point(Kind kind) {
  switch (kind) {
    case Kind::claim_frozen:
      return "imprint claim show DIR ID says what its budget is. If it leaked, leave it frozen and "
             "make another; if the budget was too narrow, widen it and imprint claim thaw DIR ID";
    case Kind::claim_new_place:
      return "is that yours? imprint explain DIR --certificate ID tells what was done from there; "
             "if not, imprint claim freeze DIR ID";
    case Kind::duplicate_device:
      return "find the two units: one has the other's serial number, or is a copy. imprint "
             "reprovision allow DIR THING lets the right one in, once";
    case Kind::key_in_two_places:
      return "deactivate the certificate and provision the right device anew: its key is known to "
             "somebody else";
    default:
      return "";
  }
}

}  // namespace imprint::alarms
