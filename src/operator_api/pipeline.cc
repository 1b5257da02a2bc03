// SPDX-License-Identifier: Apache-2.0
// Imprint's own: recent results of provisioning, for charts.
#include <algorithm>
#include <numeric>

#include "monitoring/monitor.h"
#include "operator_api/monitoring_json.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

using monitoring::Series;
using monitoring::Step;
using outcome::FailureCategoryInfo;
using telemetry::HookOutcome;

json::object write_now(const monitoring::Now& now) {
  json::object certificates;
  const auto statuses = telemetry::certificate_statuses();
  for (std::size_t i = 0; i < statuses.size(); ++i)
    certificates[std::string_view(statuses[i])] = now.certificates[i];
  json::object out{{"time", epoch_seconds(now.time)},
                   {"onboarded", now.onboarded},
                   {"failed", now.failed},
                   {"perSecond", now.per_second},
                   {"connections", std::accumulate(now.connections.begin(), now.connections.end(),
                                                   std::size_t{0})},
                   {"shards", json::array(now.connections.begin(), now.connections.end())},
                   {"certificates", std::move(certificates)},
                   {"ratio", nullptr},
                   {"ratioLimit", now.ratio_limit}};
  if (now.ratio) out["ratio"] = *now.ratio;
  return out;
}

namespace {

struct Span {
  std::string_view name;
  Seconds step;
  std::size_t steps;
};
constexpr std::array kSpans = {Span{"hour", std::chrono::minutes(1), 60},
                               Span{"day", std::chrono::minutes(15), 96},
                               Span{"month", std::chrono::hours(6), 120}};

json::array write_steps(const Series& series, auto value_of) {
  json::array out;
  for (const Step& step : series.steps) out.emplace_back(value_of(step));
  return out;
}

json::object write_series(const Series& series, const Step& sum) {
  json::object failed;
  json::object rejections;
  for (const FailureCategoryInfo& info : outcome::failure_categories()) {
    const auto i = static_cast<std::size_t>(info.category);
    if (sum.counts.failed[i] == 0) continue;
    failed[info.name] = write_steps(series, [i](const Step& s) { return s.counts.failed[i]; });
  }
  for (const HookOutcome outcome :
       {HookOutcome::denied, HookOutcome::failed, HookOutcome::timed_out}) {
    rejections[to_string(outcome)] =
        write_steps(series, [outcome](const Step& s) { return s.counts.hook(outcome); });
  }
  return {{"start", epoch_seconds(series.start)},
          {"stepSeconds", series.step.count()},
          {"onboarded", write_steps(series, [](const Step& s) { return s.counts.onboarded; })},
          {"failed", std::move(failed)},
          {"hookRejections", std::move(rejections)}};
}

json::object write_latency(const Series& series, const Step& sum) {
  std::uint64_t count = 0;
  for (const std::uint64_t some : sum.latency) count += some;
  json::object out{{"count", count}};
  for (const auto& [name, part] : {std::pair{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}}) {
    const auto value = monitoring::quantile(series.bounds, sum.latency, part);
    out[name] = value ? json::value(*value) : json::value(nullptr);
  }
  return out;
}

json::array write_categories(const Step& sum) {
  std::vector<const FailureCategoryInfo*> seen;
  const auto count_of = [&](const FailureCategoryInfo* info) {
    return sum.counts.failed[static_cast<std::size_t>(info->category)];
  };
  for (const FailureCategoryInfo& info : outcome::failure_categories()) {
    if (count_of(&info) > 0) seen.push_back(&info);
  }
  std::ranges::sort(seen, [&](const FailureCategoryInfo* a, const FailureCategoryInfo* b) {
    return count_of(a) != count_of(b) ? count_of(a) > count_of(b) : a->category < b->category;
  });
  json::array out;
  for (const FailureCategoryInfo* info : seen) {
    out.emplace_back(json::object{{"category", info->name},
                                  {"title", info->title},
                                  {"remedy", info->remedy},
                                  {"count", count_of(info)}});
  }
  return out;
}

Answer get_pipeline(Call call, monitoring::Monitor& monitor) {
  const std::string name = call.in.has("span") ? call.in.text("span") : "day";
  const auto* const span = std::ranges::find(kSpans, name, &Span::name);
  const Series series = monitor.activity().last(call.now(), span->step, span->steps);
  const Step sum = series.sum();
  co_return json::object{{"now", write_now(monitor.snapshot()->now)},
                         {"series", write_series(series, sum)},
                         {"latency", write_latency(series, sum)},
                         {"categories", write_categories(sum)}};
}

using enum Exception;

constexpr std::string_view kSpanNames[] = {"hour", "day", "month"};
constexpr InputInfo kInputs[] = {{.name = "span", .in = Location::query, .values = kSpanNames}};

constexpr rest::Row<monitoring::Monitor&> kOperations[] = {
    {"GetPipeline",
     "GET",
     "/imprint/v1/pipeline",
     kInputs,
     {invalid_request, throttling, unauthorized, internal_failure},
     get_pipeline},
};

}  // namespace

Operations pipeline_operations(monitoring::Monitor& monitor) {
  return rest::bind(kOperations, monitor);
}

}  // namespace imprint::operator_api
