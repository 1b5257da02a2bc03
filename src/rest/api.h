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

/// A REST API as AWS's services have one, of the operations that it is given: signature, route,
/// inputs, the operator's policy, operation, answer. What is refused at the signature by a
/// known key, what the policy denies and who is not let in at the dashboard becomes an audit event
/// within budgets; other requests of strangers leave no trace in the store, which they could fill.
/// One per process, any thread; outlives its requests.
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

  /// Never throws, never says what is inside. Every answer carries x-amzn-RequestId, which the log
  /// and the audit trail know.
  runtime::Task<HttpResponse> handle(HttpRequest request);
  /// The access key id that the headers name, itself or by a session, if it is usable. No proof:
  /// the signature of most requests covers their body.
  [[nodiscard]] std::optional<std::string> named_key(const HttpRequest& head) const;

  /// The dashboard's own target, kSessionTarget: signs in and out.
  runtime::Task<HttpResponse> handle_session(HttpRequest request);

  [[nodiscard]] const Router& router() const { return router_; }

 private:
  /// A request whose signature and inputs are right.
  struct Accepted {
    const Operation* operation;
    std::shared_ptr<const access::Operator> who;
    Call call;
    std::function<bool()> may_go_on;  ///< for an answer that goes on
  };

  runtime::Task<HttpResponse> answer(HttpRequest request, std::string request_id);
  [[nodiscard]] const Link* find_link(const HttpRequest& request) const;
  Result<Accepted> accept(const HttpRequest& request, const std::string& request_id) const;
  /// Who asks: a signature, or the session of a browser.
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
  EventBudgets refusals_;  ///< by address: a key's id is no secret
  EventBudgets denials_;   ///< by access key
  EventBudgets sign_ins_;  ///< that were refused, by address
};

}  // namespace imprint::rest
