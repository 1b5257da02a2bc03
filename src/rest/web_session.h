// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "rest/call.h"
#include "rest/dependencies.h"
#include "rest/http.h"
#include "rest/operation.h"
#include "rest/signatures.h"
#include "runtime/task.h"

/// A browser at the dashboard: it signs in with an access key once and then shows a cookie in place
/// of a signature. Every request but an event stream, which a page cannot give headers, must also
/// carry the session's CSRF token in X-Imprint-Csrf.
namespace imprint::rest {

inline constexpr std::string_view kSessionTarget = "/ui/session";

/// Whether a request comes with a session's cookie and without a signature.
bool has_session(const HttpRequest& request);

/// Who the session of a request's cookie is. SessionExpired (401) when it has ended.
Result<SignedScope> session_scope(const HttpRequest& request, const Dependencies& server);

/// The access key id of that session; nothing when it has ended. Asking does not count as use.
std::optional<std::string> session_key(const HttpRequest& request, const Dependencies& server);

/// AccessDeniedException for a request that another site's page may have sent.
Result<void> check_session(const HttpRequest& request, const Operation& operation,
                           const SignedScope& scope);

struct SessionAnswer {
  HttpResponse response;
  /// Of a sign-in with a wrong key or secret; whoever records it bounds how many.
  std::optional<registry::AuditEvent> refusal = {};
};

/// POST signs in, GET tells who is signed in, DELETE signs out.
runtime::Task<SessionAnswer> answer_session(const Dependencies& server, HttpRequest request);

}  // namespace imprint::rest
