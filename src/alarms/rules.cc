// SPDX-License-Identifier: Apache-2.0
#include "alarms/rules.h"

#include <algorithm>
#include <fmt/chrono.h>
#include <iterator>
#include <optional>

#include "base/name.h"

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

/// The text quoted as one word of a shell command line; nullopt if it is not printable ASCII, as
/// devices may send anything.
std::optional<std::string> shell_word(std::string_view text) {
  const auto is_plain = [](char c) {
    return name_rules::is_alnum(c) || std::string_view("._:/-").find(c) != std::string_view::npos;
  };
  const auto is_printable = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (text.empty() || !std::ranges::all_of(text, is_printable)) return std::nullopt;
  if (text.front() != '-' && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The line with the text as its last word; empty if shell_word() rejects the text.
std::vector<std::string> command(std::string_view line, std::string_view text) {
  const auto word = shell_word(text);
  if (!word) return {};
  // An option's value that begins with a dash must still be read as its value.
  const bool is_option = line.find(" --") != std::string_view::npos;
  return {fmt::format("{}{}{}", line, is_option ? "=" : " ", *word)};
}

std::vector<std::string> explain(const Device& device) {
  if (!device.serial_number.empty())
    return command("imprint explain DIR --serial", device.serial_number);
  return command("imprint explain DIR --client", device.client);
}

struct Texts {
  Kind kind;
  std::string_view subject_kind;
  std::string_view what;
  std::string_view next;
};

Texts texts_of(WatchedCertificate::What what) {
  switch (what) {
    case WatchedCertificate::What::server:
      return {Kind::certificates_expiring, "certificate", "the server's certificate",
              "put a new one into server/ and send SIGHUP to imprintd (imprint doctor says what it "
              "must contain); devices cannot connect after it expires"};
    case WatchedCertificate::What::claim:
      return {Kind::certificates_expiring, "claim", "a claim with devices left",
              "create another claim for the remaining devices, and switch the line to it before "
              "this one expires"};
    case WatchedCertificate::What::root:
      return {Kind::ca_expiring, "ca", "the root CA",
              "plan its successor: every device trusts this CA and must get the new one before it "
              "expires"};
    case WatchedCertificate::What::issuing:
      return {Kind::ca_expiring, "ca", "the issuing CA",
              "renew it under the root CA: the certificates that it signs expire with it at the "
              "latest"};
    case WatchedCertificate::What::registered:
      return {Kind::ca_expiring, "ca", "a registered CA",
              "register its successor before devices with certificates from the new CA connect"};
  }
  return {Kind::ca_expiring, "", "", ""};
}

}  // namespace

Finding judge_failures(const RatioOptions& options, const Tally& tally,
                       const TopFailure& top_failure) {
  std::string because = fmt::format(
      "{} of {} provisioning steps failed within {}: {:.1f} % of the devices onboarded; the limit "
      "is {:.1f} %",
      tally.bad, tally.attempts(), to_duration(options.window), tally.ratio() * 100,
      options.above * 100);
  if (tally.good == 0) {
    because = fmt::format(
        "{} provisioning steps failed within {}, and no device was onboarded; the limit is {:.1f} "
        "% of the devices onboarded",
        tally.bad, to_duration(options.window), options.above * 100);
  }
  std::string next = "see which steps fail: Pipeline in the dashboard lists them by category";
  if (!top_failure.category.empty()) {
    because += fmt::format("; the most frequent failure ({} times): {} ({})", top_failure.count,
                           top_failure.title, top_failure.category);
    next = top_failure.remedy;
  }
  Finding out =
      ratio_finding(Kind::failure_ratio, options, tally, std::move(because), std::move(next));
  out.device = top_failure.example;
  out.commands = explain(top_failure.example);
  return out;
}

Finding judge_hook_failures(const RatioOptions& options, const HookTally& tally) {
  const Tally counted{.good = tally.answered, .bad = tally.failed + tally.timed_out};
  return ratio_finding(
      Kind::hook_failures, options, counted,
      fmt::format("of {} requests to hooks within {}, {} failed and {} were not answered in time; "
                  "their devices are refused and may try again",
                  counted.attempts(), to_duration(options.window), tally.failed, tally.timed_out),
      "check whether the handler is running, reachable and fast enough; the server's log and Hooks "
      "in the dashboard show the last failure");
}

Finding judge_hook_rejections(const RatioOptions& options, const HookTally& tally) {
  const Tally counted{.good = tally.answered - tally.denied, .bad = tally.denied};
  return ratio_finding(
      Kind::hook_rejections, options, counted,
      fmt::format("hooks denied {} of the {} devices that they decided about within {}",
                  tally.denied, tally.answered, to_duration(options.window)),
      "the handler works but denies devices: compare what one of them sent with what the handler "
      "expects");
}

Finding judge_batch(const NoSuccessOptions& options, const OpenBatch& batch) {
  Finding out{.kind = Kind::no_success,
              .state = batch.since_last >= options.after ? State::bad
                       : batch.has_grown                 ? State::calm
                                                         : State::between,
              .subject = batch.claim,
              .subject_kind = "batch"};
  out.because = fmt::format(
      "{} of {} devices of this batch are registered, but no further one for {}", batch.devices,
      batch.most, to_duration(std::chrono::floor<std::chrono::minutes>(batch.since_last)));
  if (batch.since_last < std::chrono::minutes(1))
    out.because =
        fmt::format("{} of {} devices of this batch are registered, the last one just now",
                    batch.devices, batch.most);
  out.next = fmt::format(
      "check whether devices reach the server; the claim's timeline shows what they did last. If "
      "the batch is complete, set the claim's number of devices to {}",
      batch.devices);
  out.commands = {
      fmt::format("imprint explain DIR --certificate {}", batch.claim),
      fmt::format("imprint claim set DIR {} --max-devices {}", batch.claim, batch.devices)};
  return out;
}

Finding judge_certificate(const ExpiryOptions& options, const WatchedCertificate& one,
                          Timestamp now) {
  const Texts texts = texts_of(one.what);
  const Seconds bound = one.what == WatchedCertificate::What::claim ? options.claims
                        : texts.kind == Kind::ca_expiring           ? options.authorities
                                                                    : options.certificates;
  const auto life = std::chrono::floor<Seconds>(one.not_after - one.not_before);
  const Seconds near = std::min(bound, life / 4);
  const auto left = std::chrono::floor<Seconds>(one.not_after - now);
  Finding out{.kind = texts.kind,
              .state = left < near ? State::bad : State::calm,
              .subject = one.id,
              .subject_kind = std::string(texts.subject_kind)};
  using std::chrono::hours;
  out.level = left.count() < 0 ? 3 : left < hours(24) ? 2 : left < hours(24 * 7) ? 1 : 0;
  const std::string name = one.name.empty() ? "" : fmt::format(" {}", one.name);
  out.because =
      left.count() < 0
          ? fmt::format("{}{} expired on {}", texts.what, name, date_of(one.not_after))
          : fmt::format("{}{} expires on {}, in {}", texts.what, name, date_of(one.not_after),
                        left < hours(48) ? fmt::format("{} hours", left / hours(1))
                                         : fmt::format("{} days", left / hours(24)));
  out.next = texts.next;
  return out;
}

Finding judge_fleet(const ExpiryOptions& options, std::int64_t certificates, bool has_more) {
  Finding out{.kind = Kind::certificates_expiring,
              .state = certificates > 0 ? State::bad : State::calm};
  for (std::int64_t i = certificates; i >= 10; i /= 10) ++out.level;
  out.because = fmt::format("{}{} ACTIVE device certificate{} expire{} within {}",
                            has_more ? "at least " : "", certificates, certificates == 1 ? "" : "s",
                            certificates == 1 ? "s" : "", to_duration(options.certificates));
  out.next =
      "Rotation in the dashboard lists them, the next to expire first; let the devices register "
      "again with a new certificate before theirs expires";
  return out;
}

Finding judge_store(const StoreOptions& options, std::int64_t failures) {
  return {.kind = Kind::store_trouble,
          .state = failures > 0 ? State::bad : State::calm,
          .hold = options.window,
          .because = fmt::format("{} transaction{} could not be written within {}", failures,
                                 failures == 1 ? "" : "s", to_duration(options.window)),
          .next =
              "no device can be registered meanwhile: check the server's log, the free space and "
              "the permissions of the deployment directory, and the disk itself"};
}

Finding judge_disk(const DiskOptions& options, const DiskSpace& space, std::string_view directory) {
  Finding out{.kind = Kind::disk_low};
  if (space.free_mib < options.least_mib) {
    out.state = State::bad;
  } else if (space.free_mib < options.least_mib + options.least_mib / 5) {
    out.state = State::between;
  }
  out.because =
      fmt::format("{} MiB of {} MiB are free on the file system of {}; the limit is {} MiB",
                  space.free_mib, space.total_mib, directory, options.least_mib);
  out.next =
      "free space before the store can no longer grow: remove old backups, files in uploads/ and "
      "registrations/ and logs of other programs, or move the deployment to a larger disk";
  return out;
}

Finding point_finding(Kind kind, std::string subject_kind, std::string subject,
                      std::string because) {
  Finding out{.kind = kind,
              .state = State::bad,
              .subject = std::move(subject),
              .subject_kind = std::move(subject_kind),
              .because = std::move(because)};
  const auto add = [&out](std::string_view line) {
    std::ranges::move(command(line, out.subject), std::back_inserter(out.commands));
  };
  switch (kind) {
    case Kind::claim_frozen:
      out.next =
          "check its budget. If the claim leaked, leave it frozen and create another one. If the "
          "budget was too small, raise it before you thaw the claim, or the next device freezes it "
          "again";
      add("imprint claim show DIR");
      add("imprint claim set DIR");
      add("imprint claim thaw DIR");
      break;
    case Kind::claim_new_place:
      out.next =
          "if you do not know that network, freeze the claim; its timeline shows what was done "
          "from there";
      add("imprint explain DIR --certificate");
      add("imprint claim freeze DIR");
      break;
    case Kind::duplicate_device:
      out.next =
          "find the two units: one has the other's serial number or is a copy. Allow the right one "
          "to register once with another key";
      add("imprint explain DIR --thing");
      add("imprint reprovision allow DIR");
      break;
    case Kind::key_in_two_places:
      out.next =
          "deactivate the certificate and provision the right device again: somebody else has its "
          "key";
      add(out.subject_kind == "thing" ? "imprint explain DIR --thing"
                                      : "imprint explain DIR --certificate");
      break;
    default:
      break;
  }
  return out;
}

}  // namespace imprint::alarms
