// SPDX-License-Identifier: Apache-2.0
#include "control_api/report_link.h"

#include <algorithm>
#include <charconv>

#include "control_api/exceptions.h"
#include "control_api/store_access.h"
#include "control_api/target.h"

namespace imprint::control_api {

namespace {

constexpr std::string_view kPrefix = "/imprint/v1/reports/";
constexpr ExceptionSet kErrors{Exception::unauthorized, Exception::not_found,
                               Exception::service_unavailable, Exception::throttling,
                               Exception::internal_failure};

std::optional<std::int64_t> number(const std::string& text) {
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

Result<bulk::ReportPart> read_link(const HttpRequest& request, const Dependencies& server) {
  TRY_ASSIGN(const Target target, Target::parse(request.target));
  // "imprint", "v1", "reports", task, type, part
  const auto& path = target.segments;
  const auto type = path.size() == 6 ? bulk::parse_report_type(path[4]) : std::nullopt;
  const auto part = path.size() == 6 ? number(path[5]) : std::nullopt;
  const auto expires = number(query_value(target, "expires"));
  if (!type || !part || !expires)
    return refuse(Exception::unauthorized, "this is no link to a report");
  bulk::ReportPart link{path[3], *type, *part};
  const auto allowed = server.registrations.links().check(
      link, *expires, query_value(target, "token"), server.clock.now());
  if (!allowed) return refuse(Exception::unauthorized, allowed.error().message);
  return link;
}

runtime::Task<Result<std::string>> read_report(const Dependencies& server, bulk::ReportPart part) {
  CO_TRY_ASSIGN(const std::optional<registry::RegistrationProgress> progress,
                co_await find_record<registry::RegistrationProgress>(
                    server.store, registry::registration_progress_key(part.task)));
  if (!progress) co_return fail(Fault::not_found, "the task and its reports are gone");
  co_return server.registrations.reports().read(
      part, part.type == bulk::ReportType::errors ? progress->errors : progress->results);
}

}  // namespace

std::optional<Result<bulk::ReportPart>> linked_report(const HttpRequest& request,
                                                      const Dependencies& server) {
  if (request.method != "GET" || !request.target.starts_with(kPrefix)) return std::nullopt;
  return read_link(request, server);
}

runtime::Task<HttpResponse> answer_report(const Dependencies& server, bulk::ReportPart part,
                                          std::string request_id) {
  auto text = co_await read_report(server, std::move(part));
  if (!text) {
    // The link's holder is told nothing of the server's folders.
    const Error gone{
        Fault::not_found,
        "this part of the report is not here; a report goes with its task, after 30 days"};
    const bool is_gone = text.error().fault == Fault::not_found;
    co_return error_response(is_gone ? gone : text.error(), kErrors, request_id);
  }
  co_return HttpResponse{.body = std::move(*text), .content_type = "application/x-ndjson"};
}

}  // namespace imprint::control_api
