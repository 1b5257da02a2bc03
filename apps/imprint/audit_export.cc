// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <thread>

#include "apps/imprint/access.h"
#include "apps/imprint/audit_sink.h"
#include "apps/imprint/verbs.h"
#include "audit/trail_reader.h"
#include "deployment/layout.h"
#include "policy/condition.h"
#include "registry/sqlite/audit_reader.h"

namespace imprint::tool {

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  imprint audit export /var/lib/imprint --from 2026-03-01T00:00:00Z --out march.jsonl\n"
    "  imprint audit export /var/lib/imprint --format syslog --follow --to tcp://siem.example:601\n"
    "\n"
    "Writes the audit trail as JSON lines or syslog messages (RFC 5424): to stdout, a new\n"
    "file, or a receiver. Reads the deployment's files, with or without a running server;\n"
    "events that the store no longer has come from the archive. At the end it prints the\n"
    "number of the last event, for --after of the next run.";

/// How often --follow checks for new events and retries a failed connection.
constexpr auto kPeriod = std::chrono::milliseconds(500);

struct Arguments {
  std::string directory;
  AuditFormat format = AuditFormat::jsonl;
  std::string from;
  std::string until;
  std::int64_t after = 0;
  bool follow = false;
  std::string out;
  std::string to;
};

Result<std::unique_ptr<AuditSink>> make_sink(const Arguments& arguments) {
  if (arguments.to.empty()) return make_line_sink(arguments.format, arguments.out);
  return make_syslog_sender(arguments.to);
}

Result<std::optional<Timestamp>> time_of(const std::string& text) {
  if (text.empty()) return std::optional<Timestamp>();
  TRY_ASSIGN(const Timestamp time, policy::parse_time(text));
  return std::optional(time);
}

/// Refuses an `after` greater than the number of the trail's last event. The number comes from
/// another trail; with it, all events of this trail up to that number would be skipped.
Result<void> check_after(const deployment::Layout& layout, std::int64_t after) {
  if (after == 0) return {};
  TRY_ASSIGN(const registry::AuditReader reader, registry::AuditReader::open(layout.store()));
  const std::int64_t end = reader.trail().head.sequence;
  if (after <= end) return {};
  return fail(
      Fault::conflict,
      "--after {}: the audit trail of {} ends with event {}. Was it restored from an older "
      "backup, or started with --begin-anew? Then check what the receiver has, and continue "
      "with --after {}, or send all events without --after",
      after, layout.directory().string(), end, end);
}

struct Period {
  std::optional<Timestamp> from;
  std::optional<Timestamp> until;

  [[nodiscard]] bool holds(const registry::AuditEvent& event) const {
    return (!from || event.time >= *from) && (!until || event.time < *until);
  }
};

Result<void> check_period(const Period& period) {
  if (!period.from || !period.until || *period.from < *period.until) return {};
  return fail(Fault::invalid, "--until must be later than --from; the period is empty");
}

/// Exports every event after `last`, and advances `last` past what was written.
Result<std::int64_t> export_some(const audit::TrailFiles& files, const Period& period,
                                 AuditSink& sink, std::int64_t& last) {
  std::int64_t written = 0;
  TRY(audit::for_each_event(files, last, [&](const registry::AuditEvent& event) -> Result<bool> {
    if (period.holds(event)) {
      TRY(sink.write(event));
      ++written;
    }
    last = event.sequence;
    return true;
  }));
  TRY(sink.flush());
  return written;
}

Result<void> run_export(const Arguments& arguments) {
  Period period;
  TRY_ASSIGN(period.from, time_of(arguments.from));
  TRY_ASSIGN(period.until, time_of(arguments.until));
  const deployment::Layout layout(arguments.directory);
  TRY(check_period(period));
  TRY(expect_deployment(layout));
  TRY(check_after(layout, arguments.after));
  const audit::TrailFiles files{layout.store(), layout.audit()};
  TRY_ASSIGN(const std::unique_ptr<AuditSink> sink, make_sink(arguments));
  std::int64_t last = arguments.after;
  std::string problem;
  while (true) {
    const auto written = export_some(files, period, *sink, last);
    if (!arguments.follow) {
      if (!written) return tl::unexpected(written.error());
      fmt::print(stderr, "{} events, up to event {}\n", *written, last);
      return {};
    }
    // Wait for an unavailable receiver, and then send what it missed.
    if (!written && written.error().fault != Fault::unavailable)
      return tl::unexpected(written.error());
    // An older store may have been restored since the last round.
    if (auto checked = check_after(layout, last);
        !checked && checked.error().fault == Fault::conflict)
      return checked;
    const std::string current = written ? "" : describe(written.error());
    if (!current.empty() && current != problem)
      fmt::print(stderr, "imprint: {}; waiting\n", current);
    problem = current;
    std::this_thread::sleep_for(kPeriod);
  }
}

}  // namespace

void add_audit_export(CLI::App& noun, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  const std::map<std::string, AuditFormat> formats = {{"jsonl", AuditFormat::jsonl},
                                                      {"syslog", AuditFormat::syslog}};
  CLI::App* verb = noun.add_subcommand("export", kHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  verb->add_option("--format", arguments->format, "jsonl or syslog (default jsonl)")
      ->transform(CLI::Transformer(formats))
      ->option_text("jsonl|syslog");
  verb->add_option("--from", arguments->from,
                   "Only events from this time on, such as 2026-03-01T06:00:00Z")
      ->option_text("TIME");
  verb->add_option("--until", arguments->until, "Only events before this time")
      ->option_text("TIME");
  verb->add_option("--after", arguments->after, "Only events after this sequence number")
      ->check(whole_number_from(0))
      ->option_text("SEQUENCE");
  verb->add_flag("--follow", arguments->follow, "Keep exporting new events until interrupted");
  CLI::Option* out = verb->add_option("--out", arguments->out, "A new file, created with mode 0600")
                         ->option_text("FILE");
  verb->add_option("--to", arguments->to,
                   "A syslog receiver: udp://HOST:PORT, or tcp://HOST:PORT with octet counting")
      ->excludes(out)
      ->option_text("URL");
  verb->callback([arguments, &run] {
    run = [arguments] {
      const auto done = run_export(*arguments);
      return done ? kDone : report(done.error());
    };
  });
}

}  // namespace imprint::tool
