// SPDX-License-Identifier: Apache-2.0
#include "fleet/report.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace imprint::fleet {

namespace {

double milliseconds(Duration value) {
  return std::chrono::duration<double, std::milli>(value).count();
}

double seconds(Duration value) { return std::chrono::duration<double>(value).count(); }

/// Rounds to microseconds; further digits are not significant.
double rounded(double value) { return static_cast<double>(std::llround(value * 1000)) / 1000; }

encoding::json::object latency_object(const Latency& latency) {
  return {{"count", latency.count},
          {"p50", rounded(milliseconds(latency.p50))},
          {"p90", rounded(milliseconds(latency.p90))},
          {"p99", rounded(milliseconds(latency.p99))},
          {"max", rounded(milliseconds(latency.max))}};
}

void append_row(std::string& out, std::string_view name, const Latency& latency) {
  if (latency.count == 0) return;
  fmt::format_to(std::back_inserter(out), "  {:<10}{:>10.1f}{:>10.1f}{:>10.1f}{:>10.1f}\n", name,
                 milliseconds(latency.p50), milliseconds(latency.p90), milliseconds(latency.p99),
                 milliseconds(latency.max));
}

}  // namespace

Latency Latency::of(std::vector<Duration>& values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto at = [&](std::size_t percent) {
    const std::size_t rank = (values.size() * percent + 99) / 100;
    return values[rank - 1];
  };
  return {values.size(), at(50), at(90), at(99), values.back()};
}

double Report::rate() const {
  return elapsed > Duration::zero() ? static_cast<double>(succeeded) / seconds(elapsed) : 0;
}

std::string to_text(const Report& report) {
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{} devices in {:.2f} s: {:.0f} devices/s, {} succeeded, {} failed",
                 report.devices, seconds(report.elapsed), report.rate(), report.succeeded,
                 report.failed());
  if (report.retries > 0) fmt::format_to(to, ", {} retries", report.retries);
  out += '\n';
  if (report.succeeded > 0) {
    fmt::format_to(to, "\n  {:<10}{:>10}{:>10}{:>10}{:>10}   (ms)\n", "step", "p50", "p90", "p99",
                   "max");
    for (std::size_t i = 0; i < kSteps; ++i)
      append_row(out, to_string(static_cast<Step>(i)), report.steps[i]);
    append_row(out, "whole", report.total);
  }
  for (const FailureGroup& group : report.failures) {
    fmt::format_to(to, "\n{} x {} at {}: {}\n", group.count, to_string(group.cause),
                   to_string(group.step), group.code);
    for (const FailureGroup::Example& example : group.examples)
      fmt::format_to(to, "  {}: {}\n", example.device, example.message);
  }
  return out;
}

encoding::json::object to_json_object(const Report& report) {
  encoding::json::object latencies;
  latencies["whole"] = latency_object(report.total);
  for (std::size_t i = 0; i < kSteps; ++i) {
    if (report.steps[i].count == 0) continue;
    latencies[to_string(static_cast<Step>(i))] = latency_object(report.steps[i]);
  }
  encoding::json::array failures;
  for (const FailureGroup& group : report.failures) {
    encoding::json::array examples;
    for (const FailureGroup::Example& example : group.examples) {
      examples.push_back(
          encoding::json::object{{"device", example.device}, {"message", example.message}});
    }
    failures.push_back(encoding::json::object{{"cause", to_string(group.cause)},
                                              {"code", group.code},
                                              {"step", to_string(group.step)},
                                              {"count", group.count},
                                              {"examples", std::move(examples)}});
  }
  return {{"devices", report.devices},
          {"succeeded", report.succeeded},
          {"failed", report.failed()},
          {"retries", report.retries},
          {"seconds", rounded(seconds(report.elapsed))},
          {"devicesPerSecond", rounded(report.rate())},
          {"latencyMs", std::move(latencies)},
          {"failures", std::move(failures)}};
}

FailureGroup& Tally::group(const Failure& failure) {
  GroupKey key{failure.cause, failure.code, failure.step};
  if (failures_.size() >= kMaxGroups && !failures_.contains(key)) std::get<1>(key) = "other";
  FailureGroup& found = failures_[key];
  std::tie(found.cause, found.code, found.step) = key;
  return found;
}

void Tally::add(Outcome outcome) {
  ++devices_;
  retries_ += outcome.retries;
  if (outcome.failure) {
    FailureGroup& of = group(*outcome.failure);
    ++of.count;
    if (of.examples.size() < kExamples)
      of.examples.push_back({std::move(outcome.device), std::move(outcome.failure->message)});
    return;
  }
  totals_.push_back(outcome.total);
  for (std::size_t i = 0; i < kSteps; ++i) {
    if (outcome.steps[i]) steps_[i].push_back(*outcome.steps[i]);
  }
}

void Tally::merge(Tally&& other) {
  devices_ += other.devices_;
  retries_ += other.retries_;
  totals_.insert(totals_.end(), other.totals_.begin(), other.totals_.end());
  for (std::size_t i = 0; i < kSteps; ++i)
    steps_[i].insert(steps_[i].end(), other.steps_[i].begin(), other.steps_[i].end());
  for (auto& [key, from] : other.failures_) {
    FailureGroup& to =
        group({.cause = from.cause, .code = from.code, .message = {}, .step = from.step});
    to.count += from.count;
    for (FailureGroup::Example& example : from.examples) {
      if (to.examples.size() < kExamples) to.examples.push_back(std::move(example));
    }
  }
}

Report Tally::report(Duration elapsed) && {
  Report out;
  out.devices = devices_;
  out.succeeded = totals_.size();
  out.retries = retries_;
  out.elapsed = elapsed;
  out.total = Latency::of(totals_);
  for (std::size_t i = 0; i < kSteps; ++i) out.steps[i] = Latency::of(steps_[i]);
  for (auto& [key, group] : failures_) out.failures.push_back(std::move(group));
  std::ranges::sort(out.failures, std::greater(), &FailureGroup::count);
  return out;
}

}  // namespace imprint::fleet
