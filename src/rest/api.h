// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rest/authorization.h"
#include "rest/call.h"
#include "rest/dependencies.h"
#include "rest/event_budgets.h"
#include "rest/http.h"
#include "rest/router.h"
#include "rest/signatures.h"
#include "runtime/task.h"

namespace imprint::rest {

/// A REST API like those of AWS, for the operations that it is given: it checks the signature,
/// finds the route, validates the inputs, asks the operator's policy, runs the operation and
/// answers. Wrong signatures under a known key, requests that the policy denies and refused
/// sign-ins at the dashboard become audit events, within budgets. Other refused requests leave no
/// trace in the store, which strangers could fill. One per process, any thread; outlives its
/// requests.
class Api {
 public:
  Api(Dependencies dependencies, Table table)
      : dependencies_(std::move(dependencies)),
        router_(std::move(table.operations), table.missing),
        links_(std::move(table.links)),
        refusals_(dependencies_.clock.monotonic()),
        denials_(dependencies_.clock.monotonic()),
        sign_ins_(dependencies_.clock.monotonic()) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Never throws and never reveals internals. Every answer carries x-amzn-RequestId, which the log
  /// and the audit trail contain too.
  runtime::Task<HttpResponse> handle(HttpRequest request);
  /// The access key id that the headers name, directly or through a session, if the key is usable.
  /// Proves nothing: the signature also covers the body.
  [[nodiscard]] std::optional<std::string> named_key(const HttpRequest& head) const;

  /// Requests to kSessionTarget, with which the dashboard signs in and out.
  runtime::Task<HttpResponse> handle_session(HttpRequest request);

  [[nodiscard]] const Router& router() const { return router_; }

 private:
  /// A request whose signature and inputs are valid.
  struct Accepted {
    const Operation* operation;
    std::shared_ptr<const access::Operator> who;
    Call call;
    std::function<bool()> may_go_on;  ///< for a streamed answer
  };

  runtime::Task<HttpResponse> answer(HttpRequest request, std::string request_id);
  [[nodiscard]] const Link* find_link(const HttpRequest& request) const;
  Result<Accepted> accept(const HttpRequest& request, const std::string& request_id) const;
  /// The caller, by the signature or by the session of a browser.
  [[nodiscard]] Result<SignedScope> identify(const HttpRequest& request,
                                             const Target& target) const;
  static HttpResponse open_stream(const Accepted& accepted, const std::string& request_id);
  std::optional<std::uint64_t> spend(EventBudgets& budgets, std::string_view who);
  runtime::Task<void> record_refusal(HttpRequest request, std::string request_id, Error error);
  runtime::Task<void> record_denial(Accepted denied, Judgement judgement);
  runtime::Task<void> record(registry::AuditEvent event);
  void note_failure(const Error& error, const std::string& request_id,
                    std::string_view operation) const;

  const Dependencies dependencies_;
  const Router router_;
  const std::vector<Link> links_;
  EventBudgets refusals_;  ///< wrong signatures, by address: a key's id is no secret
  EventBudgets denials_;   ///< denied by the policy, by access key
  EventBudgets sign_ins_;  ///< refused sign-ins, by address
};

}  // namespace imprint::rest
