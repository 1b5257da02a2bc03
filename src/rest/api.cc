// SPDX-License-Identifier: Apache-2.0
#include "rest/api.h"

#include <algorithm>

#include "base/household.h"
#include "rest/signatures.h"
#include "rest/web_session.h"
#include "trail/event.h"

namespace imprint::rest {

namespace {

constexpr ExceptionSet kBeforeOperation{Exception::invalid_request};

/// An operation that has lost every race answers with the error that its row declares for a
/// conflict.
Answer run(const Operation* operation, Call call) {
  co_return co_await registry::repeat_on_conflict([&](int) { return operation->run(call); });
}

/// AWS's jobs and data planes have some of the same paths. The service that a request is signed for
/// says which plane it means.
Result<void> check_plane(const SignedScope& scope) {
  if (scope.service == "iot" || scope.service == "execute-api") return {};
  return refuse(Exception::unknown_operation,
                fmt::format("the request is signed for service {}, which this version of Imprint "
                            "does not offer; the control plane's is iot",
                            scope.service));
}

}  // namespace

runtime::Task<HttpResponse> Api::handle(HttpRequest request) {
  const std::string request_id = make_uuid(dependencies_.random);
  HttpResponse response;
  try {
    response = co_await answer(std::move(request), request_id);
  } catch (const std::exception& bug) {
    const Error error{Fault::internal, bug.what()};
    note_failure(error, request_id, "");
    response = error_response(error, {}, request_id);
  }
  response.headers.emplace_back("x-amzn-RequestId", request_id);
  co_return response;
}

std::optional<std::string> Api::named_key(const HttpRequest& head) const {
  if (has_session(head)) return session_key(head, dependencies_);
  std::string key = claimed_access_key(head);
  if (dependencies_.operators.find(key).standing != access::Standing::usable) return std::nullopt;
  return key;
}

runtime::Task<HttpResponse> Api::answer(HttpRequest request, std::string request_id) {
  if (const Link* link = find_link(request)) co_return co_await link->answer(request, request_id);
  const auto accepted = accept(request, request_id);
  if (!accepted) {
    note_failure(accepted.error(), request_id, "");
    co_await record_refusal(std::move(request), request_id, accepted.error());
    co_return error_response(accepted.error(), kBeforeOperation, request_id);
  }
  const Judgement judgement = judge(*accepted->who, *accepted->operation, accepted->call);
  if (!judgement.allowed) {
    co_await record_denial(*accepted, judgement);
    const auto denied =
        refuse_access(*accepted->who, *accepted->operation, accepted->call, judgement);
    co_return error_response(denied.value(), {}, request_id);
  }
  if (accepted->operation->stream != nullptr) {
    HttpResponse stream = open_stream(*accepted, request_id);
    stream.is_for_operator = true;
    co_return stream;
  }
  const auto result = co_await run(accepted->operation, accepted->call);
  if (result) co_return HttpResponse{.body = encoding::to_json(*result), .is_for_operator = true};
  note_failure(result.error(), request_id, accepted->operation->name);
  co_return error_response(result.error(), accepted->operation->errors, request_id);
}

const Link* Api::find_link(const HttpRequest& request) const {
  if (request.method != "GET") return nullptr;
  const auto found = std::ranges::find_if(
      links_, [&](const Link& link) { return request.target.starts_with(link.prefix); });
  return found == links_.end() ? nullptr : &*found;
}

Result<Api::Accepted> Api::accept(const HttpRequest& request, const std::string& request_id) const {
  TRY_ASSIGN(const Target target, Target::parse(request.target));
  TRY_ASSIGN(SignedScope scope, identify(request, target));
  TRY(check_plane(scope));
  TRY_ASSIGN(const Route route, router_.find(request.method, target));
  if (scope.is_session()) TRY(check_session(request, *route.operation, scope));
  TRY_ASSIGN(Inputs inputs,
             read_inputs(*route.operation, route.parameters, target, request, scope));
  auto may_go_on = [this, key = scope.who->access_key_id, request] {
    if (has_session(request)) return session_key(request, dependencies_).has_value();
    return dependencies_.operators.find(key).standing == access::Standing::usable;
  };
  return Accepted{route.operation, scope.who,
                  Call{.router = router_,
                       .clock = dependencies_.clock,
                       .account = dependencies_.account,
                       .operation = route.operation->name,
                       .in = std::move(inputs),
                       .access_key_id = scope.who->access_key_id,
                       .policy = scope.who->policy,
                       .source_ip = request.source_ip,
                       .region = std::move(scope.region),
                       .request_id = request_id,
                       .host = std::string(request.header("host"))},
                  std::move(may_go_on)};
}

Result<SignedScope> Api::identify(const HttpRequest& request, const Target& target) const {
  if (has_session(request)) return session_scope(request, dependencies_);
  return verify_signature(request, target, dependencies_.operators, dependencies_.clock.now());
}

HttpResponse Api::open_stream(const Accepted& accepted, const std::string& request_id) {
  auto stream = accepted.operation->stream(accepted.may_go_on);
  if (!stream) return error_response(stream.error(), accepted.operation->errors, request_id);
  return {.content_type = "text/event-stream",
          .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
          .stream = std::move(*stream)};
}

std::optional<std::uint64_t> Api::spend(EventBudgets& budgets, std::string_view who) {
  return budgets.spend(who, dependencies_.clock.monotonic());
}

/// Only for a key that is or was ours, so that strangers cannot create events.
runtime::Task<void> Api::record_refusal(HttpRequest request, std::string request_id, Error error) {
  const bool is_about_signature = error.fault == Fault::forbidden || error.fault == Fault::internal;
  if (!is_about_signature) co_return;
  const std::string id = claimed_access_key(request);
  if (dependencies_.operators.find(id).standing == access::Standing::unknown) co_return;
  const auto left_out = spend(refusals_, household_of(request.source_ip));
  if (!left_out) co_return;
  co_await record(trail::record(
      {.time = dependencies_.clock.now(), .actor = id, .correlation = std::move(request_id)},
      "authenticate"_step, trail::Outcome::rejected, {},
      trail::KeyUse{.source_ip = request.source_ip,
                    .error = std::string(name_of(error.cause)),
                    .left_out = static_cast<std::int64_t>(*left_out)}));
}

runtime::Task<void> Api::record_denial(Accepted denied, Judgement judgement) {
  const auto left_out = spend(denials_, denied.call.access_key_id);
  if (!left_out) co_return;
  registry::AuditEvent event =
      trail::with(denied.call.event({{"resource", judgement.resource}}),
                  trail::OperatorDenied{.action = std::string(action_of(*denied.operation)),
                                        .reason = judgement.reason,
                                        .left_out = static_cast<std::int64_t>(*left_out)});
  event.outcome = to_string(trail::Outcome::denied);
  co_await record(std::move(event));
}

runtime::Task<HttpResponse> Api::handle_session(HttpRequest request) {
  const std::string source_ip = request.source_ip;
  SessionAnswer answered = co_await answer_session(dependencies_, std::move(request));
  if (!answered.refusal) co_return std::move(answered.response);
  if (const auto left_out = spend(sign_ins_, household_of(source_ip))) {
    answered.refusal =
        trail::with(*std::move(answered.refusal),
                    json::object{{"left_out", static_cast<std::int64_t>(*left_out)}});
    co_await record(std::move(*answered.refusal));
  }
  co_return std::move(answered.response);
}

/// The answer is a refusal in any case, so an event that cannot be stored only goes to the log.
runtime::Task<void> Api::record(registry::AuditEvent event) {
  const std::string step = event.step;
  const std::string request_id = event.correlation;
  registry::ChangeSet changes;
  changes.events.push_back(std::move(event));
  const auto done = co_await dependencies_.store.commit(std::move(changes));
  if (!done) note_failure(done.error(), request_id, step);
}

/// Only failures of the server go to the log, not mistakes of the caller.
void Api::note_failure(const Error& error, const std::string& request_id,
                       std::string_view operation) const {
  if (error.fault != Fault::internal && error.fault != Fault::unavailable) return;
  dependencies_.log.error(
      "a control-plane request failed",
      {{"operation", operation}, {"request", request_id}, {"cause", describe(error)}});
}

}  // namespace imprint::rest
