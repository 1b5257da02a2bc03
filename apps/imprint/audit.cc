// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/deployment_verb.h"
#include "apps/imprint/verbs.h"
#include "audit/verify.h"
#include "encoding/text.h"
#include "policy/condition.h"
#include "registry/sqlite/audit_reader.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint audit verify /var/lib/imprint\n"
    "  imprint audit export /var/lib/imprint --out trail.jsonl\n"
    "  imprint audit list /var/lib/imprint --outcome denied\n"
    "\n"
    "Verifies, exports and lists the audit trail: one event for each decision, issuance and\n"
    "change, chained by hashes.";

constexpr const char* kVerifyHelp =
    "Example:\n"
    "  imprint audit verify /var/lib/imprint\n"
    "  imprint audit verify /var/lib/imprint --head 81234:5f0c...\n"
    "\n"
    "Checks the whole audit trail against its hash chain: every file of the archive, the\n"
    "store, the two against each other, and against a head that was noted earlier (imprint\n"
    "audit head). Only reads files, with or without a running server. Exit code 1 when an\n"
    "event was altered, removed, inserted or reordered; it names the first such place and\n"
    "what to do.";

constexpr const char* kHeadHelp =
    "Example:\n"
    "  imprint audit head /var/lib/imprint >> /mnt/elsewhere/imprint-heads\n"
    "\n"
    "Prints where the audit trail ends, as SEQUENCE:HASH. Keep it in a place that nobody who\n"
    "can write to the deployment can write to: imprint audit verify --head then proves that\n"
    "no earlier event was changed.";

constexpr const char* kListHelp =
    "Example:\n"
    "  imprint audit list /var/lib/imprint\n"
    "  imprint audit list /var/lib/imprint --step register_thing --outcome rejected --count 100\n"
    "\n"
    "Lists events, newest first, in words. Asks the running server.";

struct Arguments {
  std::string directory;
  std::string head;
  std::string step;
  std::string outcome;
  std::string from;
  std::string until;
  std::size_t count = 25;
  Output output = Output::text;
};

// ---- verify ----

json::object write_stretch(const audit::EventRange& stretch) {
  return {{"events", stretch.events}, {"first", stretch.first}, {"last", stretch.last}};
}

void print_json(const audit::Report& report) {
  json::object out{{"intact", !report.finding},
                   {"store", write_stretch(report.store)},
                   {"archive", write_stretch(report.archive)},
                   {"files", report.files},
                   {"unchained", report.unchained},
                   {"head", audit::to_string(report.head)}};
  json::array notes;
  for (const std::string& note : report.notes) notes.emplace_back(note);
  out["notes"] = std::move(notes);
  if (report.finding) {
    json::object problem{{"what", audit::to_string(report.finding->problem.what)},
                         {"sequence", report.finding->problem.sequence},
                         {"because", report.finding->problem.because},
                         {"where", report.finding->where}};
    if (report.finding->line > 0) problem["line"] = report.finding->line;
    out["problem"] = std::move(problem);
  }
  fmt::print("{}\n", encoding::to_json(out));
}

void print_stretch(std::string_view name, const audit::EventRange& stretch) {
  if (stretch.events > 0) fmt::print("{}: events {} to {}\n", name, stretch.first, stretch.last);
}

void print_text(const audit::Report& report) {
  print_stretch(fmt::format("Archive, {} file{}", report.files, report.files == 1 ? "" : "s"),
                report.archive);
  print_stretch("Store", report.store);
  for (const std::string& note : report.notes) fmt::print("Note: {}\n", note);
  if (report.unchained > 0) {
    fmt::print("Note: {} events are older than the hash chain and cannot be verified\n",
               report.unchained);
  }
  if (!report.finding) {
    fmt::print("The audit trail is intact. Head: {}\n", audit::to_string(report.head));
    return;
  }
  const audit::Finding& finding = *report.finding;
  fmt::print("{} in {}{}: {}\n", audit::to_string(finding.problem.what), finding.where,
             finding.line > 0 ? fmt::format(":{}", finding.line) : "", finding.problem.because);
  fmt::print(
      "Next: copy the deployment as it is before anything else writes to it; compare event {} with "
      "a backup, with the archive or the store, and with what your syslog receiver has; find out "
      "who could write there.\n",
      finding.problem.sequence);
}

Result<int> verify(const Arguments& arguments) {
  TRY(expect_deployment(deployment::Layout(arguments.directory)));
  std::optional<registry::ChainPlace> noted;
  if (!arguments.head.empty()) {
    TRY_ASSIGN(noted, audit::parse_place(arguments.head));
  }
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const audit::Report report, audit::verify({layout.store(), layout.audit()}, noted));
  if (arguments.output == Output::json) {
    print_json(report);
  } else {
    print_text(report);
  }
  return report.finding ? kFailed : kDone;
}

Result<int> head(const Arguments& arguments) {
  TRY(expect_deployment(deployment::Layout(arguments.directory)));
  TRY_ASSIGN(const registry::AuditReader reader,
             registry::AuditReader::open(deployment::Layout(arguments.directory).store()));
  const registry::ChainPlace place = reader.trail().head;
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"sequence", place.sequence},
                                                      {"hash", encoding::to_hex(place.hash)}}));
  } else {
    fmt::print("{}\n", audit::to_string(place));
  }
  return kDone;
}

// ---- list ----

Result<std::string> filter_of(const Arguments& arguments) {
  std::string out;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("&{}={}", name, encoding::percent_encode(value));
  };
  const auto add_time = [&](std::string_view name, const std::string& text) -> Result<void> {
    if (text.empty()) return {};
    TRY_ASSIGN(const Timestamp time, policy::parse_time(text));
    add(name, fmt::format("{:.3f}", static_cast<double>(to_milliseconds(time)) / 1000));
    return {};
  };
  add("step", arguments.step);
  add("outcome", arguments.outcome);
  TRY(add_time("from", arguments.from));
  TRY(add_time("until", arguments.until));
  return out;
}

void print_event(const json::object& event, Output output) {
  if (output == Output::json) {
    fmt::print("{}\n", encoding::to_json(event));
    return;
  }
  const bool is_good = text_of(event, "outcome") == "ok";
  fmt::print("{:>10}  {}  {} {}\n", event.at("sequence").to_number<std::int64_t>(),
             shown_time(event.at("time").to_number<double>()), is_good ? "-" : "!",
             text_of(event, "sentence"));
}

Result<int> list(const Arguments& arguments) {
  TRY_ASSIGN(const std::string filter, filter_of(arguments));
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  std::string next;
  std::size_t left = arguments.count;
  while (left > 0) {
    const std::string page = next.empty() ? "" : "&nextToken=" + encoding::percent_encode(next);
    TRY_ASSIGN(const json::value answer,
               call(layout, server, "GET",
                    fmt::format("/imprint/v1/audit-events?maxResults={}{}{}",
                                std::min<std::size_t>(left, 250), filter, page)));
    const json::object* object = answer.if_object();
    const json::value* events = object != nullptr ? object->if_contains("events") : nullptr;
    if (events == nullptr || !events->is_array())
      return fail(Fault::internal, "the server's answer has no events");
    for (const json::value& event : events->get_array()) {
      print_event(event.as_object(), arguments.output);
      --left;
    }
    next = text_of(*object, "nextToken");
    if (next.empty()) break;
  }
  return kDone;
}

}  // namespace

void add_audit(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("audit", kHelp);
  noun->require_subcommand(1);
  add_deployment_verb(*noun, "verify", kVerifyHelp, arguments, run, &verify)
      ->add_option("--head", arguments->head, "A head noted earlier, to check against")
      ->option_text("SEQUENCE:HASH");
  add_deployment_verb(*noun, "head", kHeadHelp, arguments, run, &head);
  add_audit_export(*noun, run);
  CLI::App* listing = add_deployment_verb(*noun, "list", kListHelp, arguments, run, &list);
  listing->add_option("--step", arguments->step, "Only this step, such as register_thing")
      ->option_text("STEP");
  listing
      ->add_option("--outcome", arguments->outcome,
                   "Only this outcome: ok, rejected, denied, failed, ...")
      ->option_text("OUTCOME");
  listing->add_option("--from", arguments->from, "From this time on, such as 2026-03-01T06:00:00Z")
      ->option_text("TIME");
  listing->add_option("--until", arguments->until, "Before this time")->option_text("TIME");
  listing->add_option("--count", arguments->count, "Show at most this many (default 25)")
      ->check(whole_number_from(1))
      ->option_text("N");
}

}  // namespace imprint::tool
