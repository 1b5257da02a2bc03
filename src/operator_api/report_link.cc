// SPDX-License-Identifier: Apache-2.0
#include "operator_api/report_link.h"

#include <algorithm>
#include <charconv>

#include "operator_api/words.h"
#include "rest/target.h"

namespace imprint::operator_api {

using rest::HttpResponse;
using rest::Target;

namespace {

constexpr ExceptionSet kBeforeReading{Exception::invalid_request};
constexpr ExceptionSet kErrors{Exception::unauthorized, Exception::not_found,
                               Exception::service_unavailable, Exception::throttling,
                               Exception::internal_failure};

std::optional<std::int64_t> read_number(const std::string& text) {
  std::int64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

std::string query_value(const Target& target, std::string_view name) {
  const auto found = std::ranges::find(
      target.query, name, [](const auto& pair) { return std::string_view(pair.first); });
  return found == target.query.end() ? std::string() : found->second;
}

Result<bulk::ReportPart> read_link(const bulk::RegistrationTasks& registrations,
                                   std::string_view link, Timestamp now) {
  TRY_ASSIGN(const Target target, Target::parse(link));
  // "imprint", "v1", "reports", task, type, part
  const auto& path = target.segments;
  const auto type = path.size() == 6 ? bulk::parse_report_type(path[4]) : std::nullopt;
  const auto number = path.size() == 6 ? read_number(path[5]) : std::nullopt;
  const auto expires = read_number(query_value(target, "expires"));
  if (!type || !number || !expires)
    return refuse(Exception::unauthorized, "this is no link to a report");
  bulk::ReportPart part{path[3], *type, *number};
  const auto allowed =
      registrations.links().check(part, *expires, query_value(target, "token"), now);
  if (!allowed) return refuse(Exception::unauthorized, allowed.error().message);
  return part;
}

runtime::Task<Result<std::string>> read_report(const bulk::RegistrationTasks& registrations,
                                               registry::Store& store, bulk::ReportPart part) {
  CO_TRY_ASSIGN(const registry::RegistrationProgress progress,
                co_await registry::get(store, registry::registration_progress_key(part.task)));
  co_return registrations.reports().read(
      part, part.type == bulk::ReportType::errors ? progress.errors : progress.results);
}

runtime::Task<HttpResponse> answer_report(const bulk::RegistrationTasks& registrations,
                                          registry::Store& store, Result<bulk::ReportPart> part,
                                          std::string request_id) {
  if (!part) co_return rest::error_response(part.error(), kBeforeReading, request_id);
  auto text = co_await read_report(registrations, store, std::move(*part));
  if (!text) {
    // The message must not reveal the server's folders.
    const Error gone{
        Fault::not_found,
        "this part of the report is not here; a report goes with its task, after 30 days"};
    const bool is_gone = text.error().fault == Fault::not_found;
    co_return rest::error_response(is_gone ? gone : text.error(), kErrors, request_id);
  }
  co_return HttpResponse{.body = std::move(*text), .content_type = "application/x-ndjson"};
}

}  // namespace

rest::Link report_link(const bulk::RegistrationTasks& registrations, registry::Store& store,
                       const Clock& clock) {
  return {.prefix = "/imprint/v1/reports/",
          .answer = [&](const rest::HttpRequest& request, std::string request_id) {
            return answer_report(registrations, store,
                                 read_link(registrations, request.target, clock.now()),
                                 std::move(request_id));
          }};
}

}  // namespace imprint::operator_api
